-- Documents and value per issuer, month of issue, model, state and status. Test documents apart.
SELECT
  issuer_id, month, model, uf, environment, status, COUNT(*) AS documents, SUM(total) AS total
FROM `${dataset}.document_state`
GROUP BY issuer_id, month, model, uf, environment, status
