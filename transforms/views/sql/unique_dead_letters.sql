-- Dead letters, each once: the same input dead in several runs is one dead letter, as the last of them found it.
-- Redriven ones say when.
SELECT * REPLACE (
  MAX(redriven_at) OVER (PARTITION BY dead_letter_id) AS redriven_at,
  MAX(redriven_run) OVER (PARTITION BY dead_letter_id) AS redriven_run
)
FROM `${dataset}.dead_letters`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY dead_letter_id
  ORDER BY redriven_at IS NOT NULL, found_at DESC, received_at, run, job
) = 1
