-- One number of an issuer's series under several keys: a document sent again in contingency, or twice by mistake. At most
-- one of them may hold; keys_in_force tells how many do. Numbers of NFS-e are those of a place and its system.
WITH numbered AS (
  SELECT
    ${issuer_in_key} AS issuer, issuer_id, model, COALESCE(${place_in_key}, '') AS place,
    COALESCE(environment, 1) AS environment, COALESCE(series, 0) AS series, number,
    access_key, status, status_at, total, status IN (${in_force}) AS in_force
  FROM `${dataset}.document_state`
  WHERE number IS NOT NULL
)
SELECT
  MIN(issuer_id) AS issuer_id,
  model,
  NULLIF(place, '') AS place,
  environment,
  series,
  number,
  COUNT(*) AS access_keys,
  COUNTIF(in_force) AS keys_in_force,
  SUM(IF(in_force, total, NULL)) AS total_in_force,
  ARRAY_AGG(STRUCT(access_key, status, status_at, total) ORDER BY access_key) AS documents
FROM numbered
GROUP BY issuer, model, place, environment, series, number
HAVING COUNT(*) > 1
