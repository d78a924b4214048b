-- History of every key: its records in the order of what happened, with the change that each made when it came. A reparse
-- that read one otherwise is another row of it, with its cause.
-- Filter on access_key, and order by position.
WITH records AS (
  SELECT
    access_key, record_id, 'document' AS kind, form, layout, form AS what,
    COALESCE(protocol_at, issued_at) AS happened_at, protocol_number, protocol_status AS result,
    protocol_reason AS detail, findings
  FROM `${dataset}.unique_documents`
  UNION ALL
  SELECT
    access_key, record_id, 'event', form, layout, event_name,
    COALESCE(registered_at, occurred_at), protocol_number, return_status,
    COALESCE(correction, reason, description), findings
  FROM `${dataset}.unique_events`
  UNION ALL
  SELECT
    range_id, record_id, 'voided_range', form, layout, form,
    registered_at, protocol_number, return_status, reason, findings
  FROM `${dataset}.unique_voided_ranges`
),
-- A DPS is also a part of the history of the NFS-e that was made from it.
requests AS (
  SELECT DISTINCT access_key, dps_id
  FROM `${dataset}.unique_documents`
  WHERE dps_id IS NOT NULL
),
steps AS (
  SELECT access_key AS history_of, * FROM `${dataset}.unique_changes`
  UNION ALL
  SELECT requests.access_key, change.*
  FROM `${dataset}.unique_changes` AS change
  JOIN requests ON requests.dps_id = change.access_key
)
SELECT
  change.history_of AS access_key,
  ROW_NUMBER() OVER (
    PARTITION BY change.history_of ORDER BY record.happened_at IS NULL, record.happened_at, change.revision
  ) AS position,
  record.happened_at,
  change.kind,
  record.what,
  record.form,
  record.layout,
  record.result,
  record.detail,
  record.protocol_number,
  record.findings,
  change.revision,
  change.status_before,
  change.status_after,
  change.received_at,
  change.applied_at,
  change.run,
  change.origin,
  change.job,
  change.record_id,
  change.cause
FROM steps AS change
LEFT JOIN records AS record ON record.access_key = change.access_key AND record.record_id = change.record_id
