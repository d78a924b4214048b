-- Dead letters, each once: the same input dead in several runs is one dead letter, as the last of them found it.
-- Redriven ones say when.
SELECT
  letter.* EXCEPT (redriven_at, redriven_run),
  MAX(letter.redriven_at) OVER (PARTITION BY letter.dead_letter_id) AS redriven_at,
  MAX(letter.redriven_run) OVER (PARTITION BY letter.dead_letter_id) AS redriven_run
FROM `${dataset}.dead_letters` AS letter
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY letter.dead_letter_id
  ORDER BY letter.redriven_at IS NOT NULL, letter.found_at DESC, letter.received_at, letter.run, letter.job
) = 1
