-- Documents that another one in force substitutes or annuls, by which. The office's own event may come later, or never.
SELECT replaced.access_key, replaced.how, state.access_key AS replacement_key, state.issuer_id, state.month
FROM `${dataset}.document_state` AS state
JOIN (
  SELECT access_key AS replacement_key, key AS access_key, 'substituted' AS how
  FROM `${dataset}.headline_documents`
  CROSS JOIN UNNEST(replaced_keys) AS key
  UNION ALL
  SELECT access_key, key, 'annulled'
  FROM `${dataset}.headline_documents`
  CROSS JOIN UNNEST(annulled_keys) AS key
) AS replaced ON replaced.replacement_key = state.access_key
WHERE state.status IN (${in_force})
