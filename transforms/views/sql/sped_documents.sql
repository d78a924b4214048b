-- What each company books in SPED's EFD ICMS/IPI: a row per document and company, named as the EFD names its fields, and a
-- row per voided number (without key). ind_emit 0: the company issued it; 1: it is the recipient, of transport documents
-- the payer. cod_sit is NULL where nothing was authorised. booking: must, may (the law leaves it, or it depends on what the
-- buyer did), must_not. Entries are booked in the month of arrival (DT_E_S), which no document tells. Amounts are the
-- document's, of cancelled ones too: the EFD leaves those empty, and a buyer books taxes only as far as he has the credit.
WITH
situated AS (
  SELECT
    state.access_key,
    state.status,
    state.issuer_id,
    CASE register.buyer
      WHEN 'recipient' THEN IF(COALESCE(document.recipient_id_type, '') = 'foreign', NULL, state.recipient_id)
      WHEN 'payer' THEN document.payer_id
    END AS buyer_id,
    COALESCE(document.payer_id, state.recipient_id) AS customer_id,
    COALESCE(document.operation_type, 1) AS operation_type,
    state.manifestation IN (${not_received}) AS is_refused,
    register.name AS register,
    state.model AS cod_mod,
    state.model = '${office_model}' AND state.series BETWEEN ${office_series} AS is_of_office,
    CASE
      WHEN situation.code != '${regular}' THEN situation.code
      WHEN complement.model IS NOT NULL THEN '${complementary}'
      WHEN state.model = '${office_model}' AND state.series BETWEEN ${office_series} THEN '${special}'
      ELSE situation.code
    END AS cod_sit,
    situation.issuer AS issuer_booking,
    situation.buyer AS buyer_booking,
    LPAD(CAST(COALESCE(state.series, 0) AS STRING), register.digits, '0') AS ser,
    state.number AS num_doc,
    document.issued_on AS dt_doc,
    state.month,
    COALESCE(state.environment, 1) AS environment,
    document.purpose,
    document.replaced_keys[SAFE_OFFSET(0)] AS replaced_key,
    state.total AS vl_doc,
    document.discount_total AS vl_desc,
    IF(register.name = 'D100', NULL, document.products_total) AS vl_merc,
    IF(register.name = 'D100', COALESCE(document.products_total, state.total), NULL) AS vl_serv,
    document.freight_total AS vl_frt,
    document.insurance_total AS vl_seg,
    document.other_total AS vl_out_da,
    document.icms_base AS vl_bc_icms,
    document.icms_total AS vl_icms,
    document.icms_st_base AS vl_bc_icms_st,
    document.icms_st_total AS vl_icms_st,
    document.ipi_total AS vl_ipi,
    document.pis_total AS vl_pis,
    document.cofins_total AS vl_cofins
  FROM `${dataset}.document_state` AS state
  JOIN ${sped_registers} AS register ON register.model = state.model
  LEFT JOIN `${dataset}.headline_documents` AS document ON document.access_key = state.access_key
  LEFT JOIN ${sped_situations} AS situation ON situation.model = state.model AND situation.status = state.status
  LEFT JOIN ${sped_complements} AS complement
    ON complement.model = state.model AND complement.purpose = document.purpose
  WHERE state.status != '${voided}'
),
voided_numbers AS (
  SELECT
    voided_range.issuer_id, voided_range.model, voided_range.series, voided_number AS number,
    COALESCE(voided_range.environment, 1) AS environment,
    COALESCE(DATE(voided_range.registered_at, 'America/Sao_Paulo'), DATE(voided_range.year, 12, 31)) AS voided_on
  FROM `${dataset}.unique_voided_ranges` AS voided_range
  JOIN ${voided_statuses} AS voided ON voided.code = voided_range.return_status
  CROSS JOIN UNNEST(GENERATE_ARRAY(
    voided_range.first_number,
    LEAST(voided_range.last_number, voided_range.first_number + ${most_voided} - 1)
  )) AS voided_number
  UNION ALL
  SELECT issuer_id, model, series, number, COALESCE(environment, 1),
    COALESCE(DATE(status_at, 'America/Sao_Paulo'), month)
  FROM `${dataset}.document_state`
  WHERE status = '${voided}'
),
sides AS (
  SELECT
    issuer_id AS company_id, IF(operation_type = ${entry}, '0', '1') AS ind_oper, '0' AS ind_emit,
    customer_id AS partner_id, IF(is_of_office, '${may}', issuer_booking) AS side_booking, situated.*
  FROM situated
  UNION ALL
  SELECT
    buyer_id, '0', '1', issuer_id,
    IF(is_refused AND buyer_booking = '${must}', '${may}', buyer_booking), situated.*
  FROM situated
  WHERE buyer_id IS NOT NULL AND buyer_id != issuer_id AND operation_type != ${entry}
)
SELECT
  company_id, register, ind_oper, ind_emit, partner_id, cod_mod, cod_sit,
  CASE
    WHEN cod_sit IS NULL THEN '${must_not}'
    WHEN cod_sit NOT IN (${discontinued}) THEN side_booking
    WHEN COALESCE(dt_doc, month) >= DATE '${discontinued_from}' THEN '${must_not}'
    WHEN COALESCE(dt_doc, month) >= DATE '${optional_from}' THEN '${may}'
    ELSE side_booking
  END AS booking,
  ser, num_doc, access_key, dt_doc, vl_doc, vl_desc, vl_merc, vl_serv, vl_frt, vl_seg, vl_out_da, vl_bc_icms, vl_icms,
  vl_bc_icms_st, vl_icms_st, vl_ipi, vl_pis, vl_cofins, purpose, replaced_key, status, month, environment
FROM sides
UNION ALL
SELECT
  voided.issuer_id, register.name, '1', '0', NULL, voided.model, '${voided_situation}',
  CASE
    WHEN MIN(voided.voided_on) >= DATE '${discontinued_from}' THEN '${must_not}'
    WHEN MIN(voided.voided_on) >= DATE '${optional_from}' THEN '${may}'
    ELSE '${must}'
  END,
  LPAD(CAST(COALESCE(voided.series, 0) AS STRING), register.digits, '0'), voided.number, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '${voided}',
  CAST(DATE_TRUNC(MIN(voided.voided_on), MONTH) AS DATE), voided.environment
FROM voided_numbers AS voided
JOIN ${sped_registers} AS register ON register.model = voided.model
WHERE voided.model IN (${voided_models})
GROUP BY voided.issuer_id, register.name, register.digits, voided.model, voided.series, voided.number, voided.environment
