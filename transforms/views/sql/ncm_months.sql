-- Items of goods of documents in force by NCM, month of issue, issuer and model, and their value. Entry notes
-- (operation_type 0), returns, credit and debit notes (purpose 4, 5, 6 of an NF-e) apart.
SELECT
  item.ncm,
  state.month,
  state.issuer_id,
  state.model,
  state.environment,
  state.operation_type,
  state.purpose,
  COUNT(*) AS items,
  COUNT(DISTINCT state.access_key) AS documents,
  SUM(item.value) AS value
FROM `${dataset}.document_state` AS state
JOIN `${dataset}.headline_documents` AS document ON document.access_key = state.access_key
CROSS JOIN UNNEST(document.items) AS item
WHERE item.ncm IS NOT NULL
  AND state.status IN (${in_force})
GROUP BY
  item.ncm, state.month, state.issuer_id, state.model, state.environment, state.operation_type, state.purpose
