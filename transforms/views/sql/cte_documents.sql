-- Documents that each transport document carries, with what is known of them: null where their key never came.
SELECT
  document.access_key,
  state.status,
  document.issuer_id,
  document.payer_id,
  state.total AS freight,
  ARRAY_LENGTH(document.referenced_keys) AS documents,
  carried_key,
  carried.status AS carried_status,
  carried.issuer_id AS carried_issuer_id,
  carried.total AS carried_total,
  SUBSTR(carried_key, 21, 2) AS carried_model
FROM `${dataset}.document_state` AS state
JOIN `${dataset}.unique_documents` AS document
  ON document.access_key = state.access_key AND document.record_id = state.record_id
CROSS JOIN UNNEST(document.referenced_keys) AS carried_key
LEFT JOIN `${dataset}.document_state` AS carried ON carried.access_key = carried_key
WHERE state.model IN (${freight_models})
