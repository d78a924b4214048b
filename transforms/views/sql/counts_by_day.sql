-- Documents and value by day, model, environment and status, from the counted partial sums. Filter on
-- partition_month (yyyymm, of the month of issue).
SELECT day, model, environment, status, SUM(documents) AS documents, SUM(total) AS total,
  partition_month
FROM `${dataset}.current_counts`
WHERE dimension = 'uf'
GROUP BY day, model, environment, status, partition_month
HAVING documents != 0 OR total != 0
