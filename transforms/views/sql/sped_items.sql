-- Items of the NF-e that each company books (register C170 of SPED's EFD ICMS/IPI), of what is not cancelled. Code,
-- description and CFOP are those of who issued the NF-e: a buyer books his own. Taxes of an item are not here yet (CST_ICMS
-- to VL_COFINS), nor IND_MOV, COD_NAT, IND_APUR and COD_CTA, which no document tells.
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
  booked.month,
  booked.environment
FROM `${dataset}.sped_documents` AS booked
JOIN `${dataset}.headline_documents` AS document ON document.access_key = booked.access_key
CROSS JOIN UNNEST(document.items) AS item
WHERE booked.cod_mod = '${office_model}' AND booked.cod_sit IN (${booked_in_force}) AND booked.booking != '${must_not}'
