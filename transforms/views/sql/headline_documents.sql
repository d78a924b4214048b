-- The record that speaks for each access key: the fullest form, of these one that was not rejected (a rejected document
-- is sent again with other content), of these the earliest.
SELECT document.*
FROM `${dataset}.unique_documents` AS document
LEFT JOIN ${form_ranks} AS form_rank ON form_rank.form = document.form
LEFT JOIN ${families} AS family ON family.model = ${model_of_document}
LEFT JOIN ${protocol_statuses} AS protocol
  ON protocol.family = COALESCE(family.family, '${default_family}') AND protocol.code = document.protocol_status
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY document.access_key
  ORDER BY
    COALESCE(form_rank.rank, 9), COALESCE(protocol.rejection, 1), document.protocol_at IS NULL, document.protocol_at,
    document.record_id
) = 1
