-- Documents and value by month, model, environment and status, from the counted partial sums. Filter on
-- partition_month (yyyymm, of the month of issue).
SELECT month, model, environment, status, SUM(documents) AS documents, SUM(total) AS total,
  partition_month
FROM `${dataset}.current_counts`
WHERE dimension = 'uf'
GROUP BY month, model, environment, status, partition_month
HAVING documents != 0 OR total != 0
