-- Instalments of invoices (dup) of documents in force: what the recipient owes the issuer, by day due. Days left are
-- counted from today in São Paulo, and are negative behind the day. Whether it was paid, no document says.
SELECT
  state.issuer_id,
  state.issuer_name,
  state.recipient_id,
  state.recipient_name,
  state.access_key,
  state.month,
  state.environment,
  state.operation_type,
  state.purpose,
  document.invoice_number,
  instalment.number AS instalment,
  instalment.due_on,
  DATE_DIFF(instalment.due_on, ${today}, DAY) AS days_left,
  instalment.value
FROM `${dataset}.document_state` AS state
JOIN `${dataset}.headline_documents` AS document ON document.access_key = state.access_key
CROSS JOIN UNNEST(document.instalments) AS instalment
WHERE state.status IN (${in_force})
