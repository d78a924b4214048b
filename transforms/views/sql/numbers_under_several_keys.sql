-- One number of an issuer's series under several keys: a document sent again in contingency, or twice by mistake. At most
-- one of them may hold; keys_in_force tells how many do. Numbers of NFS-e are those of a place and its system.
WITH
keyed AS (
  SELECT
    ${issuer_in_key} AS issuer, issuer_id, model, COALESCE(${place_in_key}, '') AS place,
    COALESCE(environment, 1) AS environment, COALESCE(series, 0) AS series, number,
    access_key, status, total
  FROM `${dataset}.document_state`
  WHERE number IS NOT NULL
),
-- Nearly every number has one key, and rows are quickly grouped by integers: so the few that may have several are found
-- first, by the digits of their issuer (letters of a CNPJ left out), and by the last digits of their number with series
-- and model, which joins some that differ.
numbered AS (
  SELECT
    *,
    COALESCE(SAFE_CAST(issuer AS INT64), SAFE_CAST(REGEXP_REPLACE(issuer, '[^0-9]', '') AS INT64), 0) AS issuer_digits,
    (MOD(number, 1000000000) * 1024 + MOD(series, 1024)) * 99 + COALESCE(SAFE_CAST(model AS INT64), 0) AS slot
  FROM keyed
),
candidates AS (
  SELECT issuer_digits, slot
  FROM numbered
  GROUP BY issuer_digits, slot
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
  COUNTIF(numbered.status IN (${in_force})) AS keys_in_force,
  SUM(IF(numbered.status IN (${in_force}), numbered.total, NULL)) AS total_in_force,
  ARRAY_AGG(numbered.access_key ORDER BY numbered.access_key) AS found_keys
FROM numbered
JOIN candidates
  ON candidates.issuer_digits = numbered.issuer_digits AND candidates.slot = numbered.slot
GROUP BY
  numbered.issuer, numbered.model, numbered.place, numbered.environment, numbered.series, numbered.number
HAVING access_keys > 1
