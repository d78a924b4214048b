-- Current state of every access key, with what is known of its document. One row per access key.
WITH latest AS (
  SELECT *
  FROM `${dataset}.unique_changes`
  WHERE kind != 'voided_range'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY access_key ORDER BY revision DESC) = 1
)
SELECT
  latest.access_key,
  latest.revision,
  latest.status_after AS status,
  SAFE_CAST(JSON_VALUE(latest.state_after.status_at) AS TIMESTAMP) AS status_at,
  JSON_VALUE(latest.state_after.known_by) AS known_by,
  JSON_VALUE(latest.state_after.protocol_number) AS protocol_number,
  SAFE_CAST(JSON_VALUE(latest.state_after.authorised_at) AS TIMESTAMP) AS authorised_at,
  SAFE_CAST(JSON_VALUE(latest.state_after.epec_at) AS TIMESTAMP) AS epec_at,
  SAFE_CAST(JSON_VALUE(latest.state_after.corrections) AS INT64) AS corrections,
  JSON_VALUE(latest.state_after.correction) AS correction,
  SAFE_CAST(JSON_VALUE(latest.state_after.corrected_at) AS TIMESTAMP) AS corrected_at,
  ${stored_attributes},
  latest.model_after AS model,
  latest.uf_after AS uf,
  latest.environment_after AS environment,
  latest.day_after AS day,
  latest.month_after AS month,
  SAFE_CAST(${series_of_key} AS INT64) AS series,
  SAFE_CAST(${number_of_key} AS INT64) AS number,
  latest.issuer_id_after AS issuer_id,
  document.issuer_name,
  latest.recipient_id_after AS recipient_id,
  document.recipient_id_type,
  document.recipient_name,
  document.recipient_uf,
  latest.total_after AS total,
  document.operation_type,
  document.purpose,
  document.record_id,
  document.form,
  document.issued_at,
  document.received_at,
  latest.applied_at AS changed_at
FROM latest
LEFT JOIN `${dataset}.headline_documents` AS document ON document.access_key = latest.access_key
