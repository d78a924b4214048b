-- IBS and CBS of authorised documents per issuer, month and model, beside the value they are of.
SELECT
  state.issuer_id,
  state.month,
  state.model,
  state.environment,
  COUNT(*) AS documents,
  COUNTIF(document.ibs_total IS NOT NULL OR document.cbs_total IS NOT NULL) AS documents_with_ibs_cbs,
  SUM(state.total) AS total,
  SUM(document.ibs_total) AS ibs_total,
  SUM(document.cbs_total) AS cbs_total
FROM `${dataset}.document_state` AS state
JOIN `${dataset}.headline_documents` AS document ON document.access_key = state.access_key
WHERE state.status IN ('${authorised}', '${authorised_late}')
GROUP BY state.issuer_id, state.month, state.model, state.environment
