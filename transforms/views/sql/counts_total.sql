-- The counted partial sums added up, dimension by dimension: what counts_from_changes computes again.
SELECT
  dimension, value, model, environment, status, day, month, SUM(documents) AS documents, SUM(total) AS total
FROM `${dataset}.unique_counts`
GROUP BY dimension, value, model, environment, status, day, month
HAVING documents != 0 OR total != 0
