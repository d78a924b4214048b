-- The counts computed again, from changes: what each change takes from its dimensions before and adds to those after.
-- Equals the counted partial sums, dimension by dimension.
WITH
steps AS (
  SELECT
    -1 AS sign, status_before AS status, model_before AS model, uf_before AS uf, environment_before AS environment,
    issuer_id_before AS issuer_id, recipient_id_before AS recipient_id, day_before AS day, month_before AS month,
    total_before AS total
  FROM `${dataset}.unique_changes`
  WHERE status_before IS NOT NULL
  UNION ALL
  SELECT
    1, status_after, model_after, uf_after, environment_after,
    issuer_id_after, recipient_id_after, day_after, month_after,
    total_after
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
  dimension, value, model, environment, status, day, month,
  SUM(sign) AS documents, SUM(sign * COALESCE(total, 0)) AS total
FROM by_dimension
GROUP BY dimension, value, model, environment, status, day, month
HAVING documents != 0 OR total != 0
