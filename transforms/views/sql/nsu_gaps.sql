-- NSUs that never came between the first and the last that did, per service and CNPJ that asks (or folder, where its path
-- has no CNPJ), with the last one: a distribution that asks again begins behind it. Services hand nothing out that is
-- older than three months, so an old gap is filled by a query for the key and not by asking again.
WITH
numbers AS (
  SELECT family, COALESCE(holder_id, folder, '') AS holder, MIN(holder_id) AS holder_id, nsu, MIN(received_at) AS received_at
  FROM `${dataset}.nsu_received`
  GROUP BY family, holder, nsu
),
in_order AS (
  SELECT
    family, holder, holder_id, nsu, received_at,
    LAG(nsu) OVER (PARTITION BY family, holder ORDER BY nsu) AS before,
    LAG(received_at) OVER (PARTITION BY family, holder ORDER BY nsu) AS received_before,
    MAX(nsu) OVER (PARTITION BY family, holder) AS last_nsu
  FROM numbers
)
SELECT
  family, holder_id, holder,
  before + 1 AS first_missing, nsu - 1 AS last_missing, nsu - before - 1 AS missing,
  received_before, received_at AS received_behind, last_nsu
FROM in_order
WHERE nsu > before + 1
