-- Freight of transport documents in force by payer, route and month, and what it costs per cargo value. Without what was
-- substituted or annulled, and without the annulments themselves, which move nothing.
SELECT
  document.payer_id,
  document.payer_role,
  document.origin_uf,
  document.destination_uf,
  state.month,
  state.model,
  state.environment,
  COUNT(*) AS documents,
  SUM(state.total) AS freight,
  SUM(document.cargo_value) AS cargo_value,
  SAFE_DIVIDE(SUM(state.total), SUM(document.cargo_value)) AS freight_per_cargo
FROM `${dataset}.document_state` AS state
JOIN `${dataset}.headline_documents` AS document ON document.access_key = state.access_key
LEFT JOIN (SELECT DISTINCT access_key FROM `${dataset}.replaced_documents`) AS replaced
  ON replaced.access_key = state.access_key
WHERE state.model IN (${freight_models})
  AND state.status IN (${in_force})
  AND replaced.access_key IS NULL
  AND COALESCE(document.purpose, 0) != ${annulment_purpose}
GROUP BY
  document.payer_id, document.payer_role, document.origin_uf, document.destination_uf, state.month, state.model,
  state.environment
