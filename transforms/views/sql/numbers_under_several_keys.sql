-- One number of an issuer's series under several keys: a document sent again in contingency, or twice by mistake. At most
-- one of them may hold; keys_in_force tells how many do. Numbers of NFS-e are those of a place and its system.
WITH
numbered AS (
  SELECT
    ${issuer_in_key} AS issuer, issuer_id, model, COALESCE(${place_in_key}, '') AS place,
    COALESCE(environment, 1) AS environment, COALESCE(series, 0) AS series, number,
    access_key, status, total, status IN (${in_force}) AS in_force
  FROM `${dataset}.document_state`
  WHERE number IS NOT NULL
),
-- Found first, without what is shown of them: nearly every number has one key.
several AS (
  SELECT issuer, model, place, environment, series, number
  FROM numbered
  GROUP BY issuer, model, place, environment, series, number
  HAVING COUNT(*) > 1
)
SELECT
  MIN(numbered.issuer_id) AS issuer_id,
  numbered.model,
  NULLIF(numbered.place, '') AS place,
  numbered.environment,
  numbered.series,
  numbered.number,
  COUNT(*) AS access_keys,
  COUNTIF(numbered.in_force) AS keys_in_force,
  SUM(IF(numbered.in_force, numbered.total, NULL)) AS total_in_force,
  ARRAY_AGG(numbered.access_key ORDER BY numbered.access_key) AS found_keys
FROM numbered
JOIN several
  ON several.number = numbered.number AND several.issuer = numbered.issuer AND several.model = numbered.model
  AND several.place = numbered.place AND several.environment = numbered.environment AND several.series = numbered.series
GROUP BY
  numbered.issuer, numbered.model, numbered.place, numbered.environment, numbered.series, numbered.number
