-- Documents and value by model, environment and status, from the counted partial sums.
SELECT model, environment, status, SUM(documents) AS documents, SUM(total) AS total
FROM `${dataset}.current_counts`
WHERE dimension = 'uf'
GROUP BY model, environment, status
HAVING documents != 0 OR total != 0
