-- Documents and value by issuer, month, model, environment and status, from the counted partial sums.
SELECT value AS issuer_id, month, model, environment, status, SUM(documents) AS documents, SUM(total) AS total
FROM `${dataset}.unique_counts`
WHERE dimension = 'issuer'
GROUP BY issuer_id, month, model, environment, status
HAVING documents != 0 OR total != 0
