-- Every NSU that a distribution handed out and that came here: whatever became of it, a dead letter included. Each service
-- (family) numbers per CNPJ that asks, which no answer names: holder_id is the CNPJ in the path that the answer came by,
-- folder the path itself without its file. Keep the answers of a CNPJ under a folder with its name.
WITH handed_out AS (
  SELECT
    SAFE_CAST(REGEXP_EXTRACT(origin, r'#NSU=0*([0-9]{1,18})') AS INT64) AS nsu,
    REGEXP_EXTRACT(REGEXP_EXTRACT(origin, r'^[^#]*'), r'^(.*)/') AS folder,
    family.family, origin, run, received_at, applied_at, outcome, access_key, record_id, dead_letter_id
  FROM `${dataset}.unique_arrivals`
  LEFT JOIN ${families} AS family ON family.model = ${model_in_key}
  WHERE STRPOS(origin, '#NSU=') > 0
)
SELECT
  COALESCE(family, MIN(family) OVER (PARTITION BY folder)) AS family,
  REGEXP_EXTRACT(folder, r'(?:^|[^0-9A-Za-z])([0-9A-Z]{12}[0-9]{2})(?:$$|[^0-9A-Za-z])') AS holder_id,
  folder,
  nsu,
  origin, run, received_at, applied_at, outcome, access_key, record_id, dead_letter_id
FROM handed_out
WHERE nsu IS NOT NULL
