-- Taxes of items by company and month, CFOP, NCM and the situation (CST) of each tax: bases and values, of documents in
-- force of production alone. A document counts for its issuer and for its recipient: direction is out where goods leave
-- the company, in where they come to it, issued whether it issued the document. Returns, complements, adjustments, credit
-- and debit notes (purpose 4, 2, 3, 5, 6) have rows of their own, which are to be taken away or added. icms_cst is the CSOSN
-- of an issuer in Simples Nacional. A recipient has the credit of a tax only as far as the law lets him.
WITH taxed AS (
  SELECT
    side.company_id,
    IF(side.issued = (COALESCE(state.operation_type, 1) != ${entry}), 'out', 'in') AS direction,
    side.issued,
    state.month,
    state.model,
    state.operation_type,
    COALESCE(state.purpose, 1) AS purpose,
    state.access_key,
    COALESCE(item.icms_cst, item.icms_csosn) AS icms_cst_or_csosn,
    COALESCE(item.ibs_value, item.ibs_uf_value + item.ibs_city_value) AS ibs_of_both,
    item.cfop, item.ncm, item.ipi_cst, item.pis_cst, item.cofins_cst, item.ibs_cbs_cst, item.ibs_cbs_classification,
    item.value, item.discount, item.icms_base, item.icms_value, item.icms_relieved, item.icms_deferred,
    item.icms_st_base, item.icms_st_value, item.icms_mono_value, item.icms_destination_value, item.fcp_value,
    item.fcp_st_value, item.fcp_destination_value, item.ipi_base, item.ipi_value, item.pis_base, item.pis_value,
    item.cofins_base, item.cofins_value, item.ibs_cbs_base, item.ibs_uf_value, item.ibs_city_value, item.cbs_value,
    item.is_base, item.is_value
  FROM `${dataset}.document_state` AS state
  JOIN `${dataset}.headline_documents` AS document ON document.access_key = state.access_key
  CROSS JOIN UNNEST([
    STRUCT(state.issuer_id AS company_id, TRUE AS issued),
    STRUCT(IF(state.recipient_id = state.issuer_id, NULL, state.recipient_id) AS company_id, FALSE AS issued)
  ]) AS side
  CROSS JOIN UNNEST(document.items) AS item
  WHERE state.status IN (${in_force}) AND COALESCE(state.environment, 1) = 1 AND side.company_id IS NOT NULL
)
SELECT
  company_id, direction, issued, month, model, operation_type, purpose, cfop, ncm,
  icms_cst_or_csosn AS icms_cst, ipi_cst, pis_cst, cofins_cst, ibs_cbs_cst, ibs_cbs_classification,
  COUNT(DISTINCT access_key) AS documents,
  COUNT(*) AS items,
  SUM(value) AS value,
  SUM(discount) AS discount,
  SUM(icms_base) AS icms_base,
  SUM(icms_value) AS icms_value,
  SUM(icms_relieved) AS icms_relieved,
  SUM(icms_deferred) AS icms_deferred,
  SUM(icms_st_base) AS icms_st_base,
  SUM(icms_st_value) AS icms_st_value,
  SUM(icms_mono_value) AS icms_mono_value,
  SUM(icms_destination_value) AS icms_destination_value,
  SUM(fcp_value) AS fcp_value,
  SUM(fcp_st_value) AS fcp_st_value,
  SUM(fcp_destination_value) AS fcp_destination_value,
  SUM(ipi_base) AS ipi_base,
  SUM(ipi_value) AS ipi_value,
  SUM(pis_base) AS pis_base,
  SUM(pis_value) AS pis_value,
  SUM(cofins_base) AS cofins_base,
  SUM(cofins_value) AS cofins_value,
  SUM(ibs_cbs_base) AS ibs_cbs_base,
  SUM(ibs_of_both) AS ibs_value,
  SUM(ibs_uf_value) AS ibs_uf_value,
  SUM(ibs_city_value) AS ibs_city_value,
  SUM(cbs_value) AS cbs_value,
  SUM(is_base) AS is_base,
  SUM(is_value) AS is_value
FROM taxed
GROUP BY
  company_id, direction, issued, month, model, operation_type, purpose, cfop, ncm, icms_cst, ipi_cst, pis_cst,
  cofins_cst, ibs_cbs_cst, ibs_cbs_classification
