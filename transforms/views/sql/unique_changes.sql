-- Changes, each once: a row that was written again is the same row, whenever it was known to be the last of its key.
SELECT * EXCEPT (current_at)
FROM `${dataset}.changes`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY access_key, revision ORDER BY applied_at, current_at DESC) = 1
