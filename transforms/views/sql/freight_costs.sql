-- Freight of authorised transport documents by payer, route and month, and what it costs per cargo value.
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
WHERE state.model IN (${freight_models})
  AND state.status IN ('${authorised}', '${authorised_late}')
GROUP BY
  document.payer_id, document.payer_role, document.origin_uf, document.destination_uf, state.month, state.model,
  state.environment
