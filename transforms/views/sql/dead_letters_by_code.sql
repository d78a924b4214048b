-- Open dead letters by stage and code, with an example of each: what a redrive made records of is left out.
SELECT
  stage, code, COUNT(*) AS dead_letters, SUM(payload_size) AS bytes, MIN(received_at) AS first_received_at,
  MAX(received_at) AS last_received_at, MIN(origin) AS example_origin,
  ARRAY_AGG(message ORDER BY origin, dead_letter_id LIMIT 1)[OFFSET(0)] AS example_message
FROM `${dataset}.unique_dead_letters`
WHERE redriven_at IS NULL
GROUP BY stage, code
