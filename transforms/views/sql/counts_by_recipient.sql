-- Documents and value by recipient, month, model, environment and status, from the counted partial sums.
SELECT value AS recipient_id, month, model, environment, status, SUM(documents) AS documents, SUM(total) AS total
FROM `${dataset}.unique_counts`
WHERE dimension = 'recipient'
GROUP BY recipient_id, month, model, environment, status
HAVING documents != 0 OR total != 0
