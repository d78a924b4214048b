-- IBS, CBS and IS of documents in force per issuer, month and model, beside the value they are of. Entry notes
-- (operation_type 0), returns, credit and debit notes (purpose 4, 5, 6 of an NF-e) apart: they are to be taken away.
SELECT
  state.issuer_id,
  state.month,
  state.model,
  state.environment,
  state.operation_type,
  state.purpose,
  COUNT(*) AS documents,
  COUNTIF(document.ibs_total IS NOT NULL OR document.cbs_total IS NOT NULL) AS documents_with_ibs_cbs,
  SUM(state.total) AS total,
  SUM(document.ibs_total) AS ibs_total,
  SUM(document.cbs_total) AS cbs_total,
  SUM(document.ibs_mono_total) AS ibs_mono_total,
  SUM(document.cbs_mono_total) AS cbs_mono_total,
  SUM(document.is_total) AS is_total,
  SUM(document.grand_total) AS grand_total
FROM `${dataset}.document_state` AS state
JOIN `${dataset}.headline_documents` AS document ON document.access_key = state.access_key
WHERE state.status IN (${in_force})
GROUP BY
  state.issuer_id, state.month, state.model, state.environment, state.operation_type, state.purpose
