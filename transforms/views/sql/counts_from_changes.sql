-- The counts computed again, from changes: what each change takes from its dimensions before and adds to those after.
-- Equals the counted partial sums, dimension by dimension.
WITH
steps AS (
  SELECT -1 AS sign, ${dimensions_before}, total_before AS total
  FROM `${dataset}.unique_changes`
  WHERE status_before IS NOT NULL
  UNION ALL
  SELECT 1, ${dimensions_after}, total_after
  FROM `${dataset}.unique_changes`
),
by_dimension AS (
  SELECT 'uf' AS dimension, uf AS value, * FROM steps
  UNION ALL
  SELECT 'issuer', issuer_id, * FROM steps
  UNION ALL
  SELECT 'recipient', recipient_id, * FROM steps
)
SELECT
  ${count_key},
  SUM(sign) AS documents, SUM(sign * COALESCE(total, 0)) AS total
FROM by_dimension
GROUP BY ${count_key}
HAVING documents != 0 OR total != 0
