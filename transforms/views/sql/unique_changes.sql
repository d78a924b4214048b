-- Changes, each once: a row that was written again is the same row.
SELECT *
FROM `${dataset}.changes`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY partition_month, access_key, revision ORDER BY applied_at) = 1
