-- Items of the NF-e that each company books (register C170 of SPED's EFD ICMS/IPI), of what is not cancelled. Code,
-- description, CFOP, CST and taxes are those of who issued the NF-e: a buyer books his own, and taxes only as far as he has
-- the credit. Of an issuer in Simples Nacional cst_icms is NULL and csosn what it says. vl_opr is what C190 adds up by
-- cst_icms, cfop and aliq_icms. IND_MOV, COD_NAT, IND_APUR, COD_CTA and VL_ABAT_NT no document tells.
SELECT
  booked.company_id, booked.ind_oper, booked.ind_emit, booked.cod_sit, booked.booking, booked.access_key,
  booked.ser, booked.num_doc, booked.dt_doc,
  item.number AS num_item,
  item.code AS cod_item,
  item.description AS descr_compl,
  item.quantity AS qtd,
  item.unit AS unid,
  item.value AS vl_item,
  item.discount AS vl_desc,
  item.cfop,
  item.ncm,
  item.value + COALESCE(item.freight, 0) + COALESCE(item.insurance, 0) + COALESCE(item.other, 0)
    - COALESCE(item.discount, 0) + COALESCE(item.icms_st_value, 0) + COALESCE(item.fcp_st_value, 0)
    + COALESCE(item.ipi_value, 0) AS vl_opr,
  -- The digit of the origin before the two of the CST.
  LPAD(item.icms_cst, 3, item.origin) AS cst_icms,
  item.icms_csosn AS csosn,
  item.icms_base AS vl_bc_icms,
  item.icms_rate AS aliq_icms,
  item.icms_value AS vl_icms,
  item.icms_st_base AS vl_bc_icms_st,
  item.icms_st_rate AS aliq_st,
  item.icms_st_value AS vl_icms_st,
  item.ipi_cst AS cst_ipi,
  item.ipi_framework AS cod_enq,
  item.ipi_base AS vl_bc_ipi,
  item.ipi_rate AS aliq_ipi,
  item.ipi_value AS vl_ipi,
  item.pis_cst AS cst_pis,
  item.pis_base AS vl_bc_pis,
  item.pis_rate AS aliq_pis,
  item.pis_quantity AS quant_bc_pis,
  item.pis_unit_value AS aliq_pis_quant,
  item.pis_value AS vl_pis,
  item.cofins_cst AS cst_cofins,
  item.cofins_base AS vl_bc_cofins,
  item.cofins_rate AS aliq_cofins,
  item.cofins_quantity AS quant_bc_cofins,
  item.cofins_unit_value AS aliq_cofins_quant,
  item.cofins_value AS vl_cofins,
  booked.month,
  booked.environment
FROM `${dataset}.sped_documents` AS booked
JOIN `${dataset}.headline_documents` AS document ON document.access_key = booked.access_key
CROSS JOIN UNNEST(document.items) AS item
WHERE booked.cod_mod = '${office_model}' AND booked.cod_sit IN (${booked_in_force}) AND booked.booking != '${must_not}'
