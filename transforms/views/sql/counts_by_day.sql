-- Documents and value by day, model, environment and status, from the counted partial sums.
SELECT day, model, environment, status, SUM(documents) AS documents, SUM(total) AS total
FROM `${dataset}.unique_counts`
WHERE dimension = 'uf'
GROUP BY day, model, environment, status
HAVING documents != 0 OR total != 0
