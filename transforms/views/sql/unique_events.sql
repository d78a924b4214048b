-- Event records, each once: a row that was written again is the same row.
SELECT *
FROM `${dataset}.events`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY partition_month, access_key, record_id ORDER BY revision) = 1
