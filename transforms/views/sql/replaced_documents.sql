-- Documents that another one in force substitutes or annuls, by which. The office's own event may come later, or never.
SELECT
  replaced AS access_key,
  IF(replaced IN UNNEST(state.replaced_keys), 'substituted', 'annulled') AS how,
  state.access_key AS replacement_key,
  state.issuer_id,
  state.month
FROM (
  SELECT access_key, issuer_id, month, replaced_keys, annulled_keys
  FROM `${dataset}.document_state`
  WHERE status IN (${in_force}) AND (ARRAY_LENGTH(replaced_keys) > 0 OR ARRAY_LENGTH(annulled_keys) > 0)
) AS state
CROSS JOIN UNNEST(ARRAY_CONCAT(state.replaced_keys, state.annulled_keys)) AS replaced
