-- Documents that another one in force substitutes or annuls, by which. The office's own event may come later, or never.
SELECT
  replaced AS access_key,
  IF(replaced IN UNNEST(document.replaced_keys), 'substituted', 'annulled') AS how,
  state.access_key AS replacement_key,
  state.issuer_id,
  state.month
FROM `${dataset}.document_state` AS state
JOIN `${dataset}.headline_documents` AS document ON document.access_key = state.access_key
CROSS JOIN UNNEST(ARRAY_CONCAT(document.replaced_keys, document.annulled_keys)) AS replaced
WHERE state.status IN (${in_force})
