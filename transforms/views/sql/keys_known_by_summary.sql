-- Access keys of which no full XML has come: known by a summary, a lone protocol or an event only.
SELECT
  access_key, known_by, status, status_at, model, uf, month, issuer_id, issuer_name, recipient_id, total, changed_at
FROM `${dataset}.document_state`
WHERE known_by != 'document'
