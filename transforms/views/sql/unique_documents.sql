-- Document records, each once, as they were read last: a row that was written again is the same row.
SELECT * EXCEPT (moved_to_month)
FROM `${dataset}.documents`
WHERE TRUE
QUALIFY
  ROW_NUMBER() OVER (PARTITION BY partition_month, access_key, record_id ORDER BY revision DESC) = 1
  AND moved_to_month IS NULL
