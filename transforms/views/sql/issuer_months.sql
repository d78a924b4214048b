-- Documents and value per issuer, month of issue, model, state and status. Entry notes (operation_type 0), returns, credit
-- and debit notes (purpose 4, 5, 6 of an NF-e), and test documents apart.
SELECT
  issuer_id, month, model, uf, environment, status, operation_type, purpose,
  COUNT(*) AS documents, SUM(total) AS total
FROM `${dataset}.document_state`
GROUP BY issuer_id, month, model, uf, environment, status, operation_type, purpose
