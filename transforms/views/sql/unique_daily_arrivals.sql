-- Arrivals, one per day, run and input: what a retry reports again on another day is there again. Filter on day, by which
-- the table is partitioned. unique_arrivals has each once, and reads all days for it.
SELECT *
FROM (SELECT *, DATE(applied_at) AS day FROM `${dataset}.arrivals`)
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY day, access_key, run, origin, record_id, dead_letter_id
  ORDER BY applied_at, outcome DESC
) = 1
