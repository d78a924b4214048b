-- Voided range records, each once: a row that was written again is the same row.
SELECT *
FROM `${dataset}.voided_ranges`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY partition_month, range_id, record_id ORDER BY revision) = 1
