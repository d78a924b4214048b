-- Received NF-e without a conclusive manifestation of their recipient, and the days left of the ${manifestation_days}. A
-- summary names no recipient: it was handed to the one that has to manifest. Entry notes are the buyer's own.
SELECT
  recipient_id, access_key, issuer_id, issuer_name, total, status, manifestation, known_by, authorised_at,
  ${manifestation_days}
    - DATE_DIFF(${today}, DATE(COALESCE(authorised_at, issued_at), 'America/Sao_Paulo'), DAY) AS days_left,
  month
FROM `${dataset}.document_state`
WHERE model = '55'
  AND COALESCE(environment, 1) = 1
  AND (recipient_id IS NOT NULL OR known_by = 'summary')
  AND COALESCE(operation_type, 1) = 1
  AND COALESCE(recipient_id_type, '') != 'foreign'
  AND status IN ('${authorised}', '${authorised_late}')
  AND (manifestation IS NULL OR manifestation IN (${inconclusive_manifestations}))
