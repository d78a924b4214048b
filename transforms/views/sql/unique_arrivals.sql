-- Arrivals, one per run, input and what it became. A retry reports an arrival again: the first report counts.
SELECT *
FROM `${dataset}.arrivals`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY access_key, run, origin, record_id, dead_letter_id
  ORDER BY applied_at, outcome DESC
) = 1
