-- The counted partial sums added up, dimension by dimension: what counts_from_changes computes again.
SELECT
  ${count_key}, SUM(documents) AS documents, SUM(total) AS total
FROM `${dataset}.current_counts`
GROUP BY ${count_key}
HAVING documents != 0 OR total != 0
