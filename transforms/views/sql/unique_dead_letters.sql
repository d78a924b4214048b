-- Dead letters, each once: the same input dead in several runs is one dead letter.
SELECT *
FROM `${dataset}.dead_letters`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY dead_letter_id ORDER BY received_at, run, job) = 1
