-- Documents and value by status and environment, from the counted partial sums.
SELECT environment, status, SUM(documents) AS documents, SUM(total) AS total
FROM `${dataset}.current_counts`
WHERE dimension = 'uf'
GROUP BY environment, status
HAVING documents != 0 OR total != 0
