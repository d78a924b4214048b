-- The record that speaks for each access key: the fullest form, of these the earliest authorised.
SELECT document.*
FROM `${dataset}.unique_documents` AS document
LEFT JOIN ${form_ranks} AS form_rank ON form_rank.form = document.form
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY document.access_key
  ORDER BY COALESCE(form_rank.rank, 9), document.protocol_at IS NULL, document.protocol_at, document.record_id
) = 1
