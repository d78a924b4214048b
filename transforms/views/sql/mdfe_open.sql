-- Manifests (MDF-e) authorised and neither closed nor cancelled, and for how many days. Filter on days_open.
SELECT
  access_key, issuer_id, issuer_name, uf, environment, series, number, total, authorised_at,
  DATE_DIFF(${today}, DATE(COALESCE(authorised_at, issued_at), 'America/Sao_Paulo'), DAY) AS days_open,
  month
FROM `${dataset}.document_state`
WHERE model = '58' AND status IN ('${authorised}', '${authorised_late}')
