-- What became of every input: filter on origin, or on access_key to see every time that a key's records came.
SELECT
  arrival.origin,
  arrival.run,
  arrival.job,
  arrival.received_at,
  arrival.applied_at,
  arrival.outcome,
  arrival.kind,
  arrival.access_key,
  arrival.record_id,
  change.revision,
  change.status_before,
  change.status_after,
  change.run AS first_run,
  change.origin AS first_origin,
  arrival.dead_letter_id,
  arrival.code,
  dead_letter.stage,
  dead_letter.message
FROM `${dataset}.unique_arrivals` AS arrival
LEFT JOIN `${dataset}.unique_changes` AS change
  ON change.access_key = arrival.access_key AND change.record_id = arrival.record_id
  AND change.cause IS NULL
LEFT JOIN `${dataset}.unique_dead_letters` AS dead_letter ON dead_letter.dead_letter_id = arrival.dead_letter_id
