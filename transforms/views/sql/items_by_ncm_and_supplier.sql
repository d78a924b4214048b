-- What recipients bought, per supplier, NCM, CFOP, unit and month: items of NF-e, NFC-e and CF-e in force, of production.
-- Returns, credit and debit notes (purpose 4, 5, 6) and entry notes (operation_type 0) have rows of their own: they are
-- to be taken away, or read the other way round. Quantities add up within a unit alone, as written.
WITH bought AS (
  SELECT
    state.recipient_id, state.issuer_id, state.issuer_name, state.access_key, state.month, state.operation_type,
    state.purpose, item.ncm, item.cfop, item.unit, item.quantity, item.value, item.discount
  FROM `${dataset}.document_state` AS state
  JOIN `${dataset}.headline_documents` AS document ON document.access_key = state.access_key
  CROSS JOIN UNNEST(document.items) AS item
  WHERE state.status IN (${in_force}) AND COALESCE(state.environment, 1) = 1 AND state.model IN ('55', '59', '65')
)
SELECT
  recipient_id,
  issuer_id,
  MIN(issuer_name) AS issuer_name,
  ncm,
  cfop,
  unit,
  month,
  operation_type,
  purpose,
  COUNT(DISTINCT access_key) AS documents,
  COUNT(*) AS items,
  SUM(quantity) AS quantity,
  SUM(value) AS value,
  SUM(discount) AS discount
FROM bought
GROUP BY recipient_id, issuer_id, ncm, cfop, unit, month, operation_type, purpose
