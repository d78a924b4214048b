-- Freight of transport documents in force by payer, route and month, and what it costs per cargo value. Without what was
-- substituted or annulled, and without the annulments themselves, which move nothing.
SELECT
  state.payer_id,
  state.payer_role,
  state.origin_uf,
  state.destination_uf,
  state.month,
  state.model,
  state.environment,
  COUNT(*) AS documents,
  SUM(state.total) AS freight,
  SUM(state.cargo_value) AS cargo_value,
  SAFE_DIVIDE(SUM(state.total), SUM(state.cargo_value)) AS freight_per_cargo
FROM `${dataset}.document_state` AS state
LEFT JOIN (SELECT DISTINCT access_key FROM `${dataset}.replaced_documents`) AS replaced
  ON replaced.access_key = state.access_key
WHERE state.model IN (${freight_models})
  AND state.record_id IS NOT NULL
  AND state.status IN (${in_force})
  AND replaced.access_key IS NULL
  AND COALESCE(state.purpose, 0) != ${annulment_purpose}
GROUP BY
  state.payer_id, state.payer_role, state.origin_uf, state.destination_uf, state.month, state.model, state.environment
