-- IBS, CBS and IS of documents in force per issuer, month and model, beside the value they are of. Entry notes
-- (operation_type 0), returns, credit and debit notes (purpose 4, 5, 6 of an NF-e) apart: they are to be taken away.
-- What another document replaces is in it until the office's event came: see replaced_documents.
SELECT
  state.issuer_id,
  state.month,
  state.model,
  state.environment,
  state.operation_type,
  state.purpose,
  COUNT(*) AS documents,
  COUNTIF(state.ibs_total IS NOT NULL OR state.cbs_total IS NOT NULL) AS documents_with_ibs_cbs,
  SUM(state.total) AS total,
  SUM(state.ibs_total) AS ibs_total,
  SUM(state.cbs_total) AS cbs_total,
  SUM(state.ibs_mono_total) AS ibs_mono_total,
  SUM(state.cbs_mono_total) AS cbs_mono_total,
  SUM(state.is_total) AS is_total,
  SUM(state.grand_total) AS grand_total
FROM `${dataset}.document_state` AS state
WHERE state.record_id IS NOT NULL
  AND state.status IN (${in_force})
GROUP BY
  state.issuer_id, state.month, state.model, state.environment, state.operation_type, state.purpose
