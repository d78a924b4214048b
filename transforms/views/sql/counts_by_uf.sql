-- Documents and value by uf, month, model, environment and status, from the counted partial sums.
SELECT value AS uf, month, model, environment, status, SUM(documents) AS documents, SUM(total) AS total
FROM `${dataset}.unique_counts`
WHERE dimension = 'uf'
GROUP BY uf, month, model, environment, status
HAVING documents != 0 OR total != 0
