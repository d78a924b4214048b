-- State of every access key and voided range, folded from the records themselves. It equals the state in changes.
WITH
documents AS (
  SELECT
    access_key, record_id, form, 'document' AS kind, protocol_at, protocol_status, protocol_number,
    summary_status, query_status, CAST(NULL AS INT64) AS return_status, CAST(NULL AS TIMESTAMP) AS registered_at
  FROM `${dataset}.unique_documents`
  UNION ALL
  SELECT
    range_id, record_id, form, 'voided_range', CAST(NULL AS TIMESTAMP), CAST(NULL AS INT64), protocol_number,
    CAST(NULL AS INT64), CAST(NULL AS INT64), return_status, registered_at
  FROM `${dataset}.unique_voided_ranges`
),
headlines AS (
  SELECT
    documents.access_key,
    CASE
      WHEN documents.kind = 'voided_range' THEN 'voided_range'
      WHEN documents.form IN ('processed', 'bare') THEN 'document'
      ELSE documents.form
    END AS known_by
  FROM documents
  LEFT JOIN ${form_ranks} AS form_rank ON form_rank.form = documents.form
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY documents.access_key
    ORDER BY COALESCE(form_rank.rank, 9), documents.protocol_at IS NULL, documents.protocol_at, documents.record_id
  ) = 1
),
all_events AS (
  SELECT
    event.access_key, event.record_id, COALESCE(family.family, '${default_family}') AS family,
    event.event_type, event.return_status, event.sequence, event.author_id, event.correction,
    IF(
      annulling.event_type IS NULL, event.event_type,
      CONCAT(event.event_type, '/', COALESCE(event.target_event_type, ''))
    ) AS rule_type,
    COALESCE(event.protocol_number, '') AS protocol, COALESCE(event.registered_at, event.occurred_at) AS instant,
    registered.form IS NOT NULL OR accepted.code IS NOT NULL AS is_registered,
    repeated.code IS NOT NULL AS is_repeated,
    told.status AS told_status
  FROM `${dataset}.unique_events` AS event
  LEFT JOIN ${families} AS family ON family.model = ${model_of_event}
  LEFT JOIN ${accepted_returns} AS accepted
    ON accepted.family = COALESCE(family.family, '${default_family}') AND accepted.code = event.return_status
  LEFT JOIN ${repeated_returns} AS repeated
    ON repeated.family = COALESCE(family.family, '${default_family}') AND repeated.code = event.return_status
  LEFT JOIN ${protocol_statuses} AS told
    ON told.family = COALESCE(family.family, '${default_family}') AND told.code = event.return_status
    AND told.rejection = 1
  LEFT JOIN ${registered_forms} AS registered
    ON registered.family = COALESCE(family.family, '${default_family}') AND registered.form = event.form
  LEFT JOIN ${annulling_events} AS annulling
    ON annulling.family = COALESCE(family.family, '${default_family}') AND annulling.event_type = event.event_type
),
-- Registered events: by their return, or by a form that they only have once they are registered.
events AS (
  SELECT * FROM all_events WHERE is_registered
),
-- An instant and a protocol number belong to the fact whose code they came with: dated tells whether they did.
document_evidence AS (
  SELECT
    documents.access_key, documents.record_id,
    COALESCE(documents.protocol_number, '') AS protocol,
    CASE
      WHEN documents.kind = 'voided_range' THEN voided.status
      ELSE COALESCE(protocol.status, query.status, summary.status, form_status.status)
    END AS status,
    CASE
      WHEN documents.kind = 'voided_range' THEN 1
      WHEN protocol.code IS NOT NULL THEN protocol.dated
      WHEN query.code IS NOT NULL OR summary.status = '${cancelled}' THEN 0
      ELSE 1
    END AS dated,
    COALESCE(documents.registered_at, documents.protocol_at) AS instant
  FROM documents
  LEFT JOIN ${families} AS family ON family.model = ${model_of_documents}
  LEFT JOIN ${protocol_statuses} AS protocol
    ON protocol.family = COALESCE(family.family, '${default_family}') AND protocol.code = documents.protocol_status
  LEFT JOIN ${protocol_statuses} AS query
    ON query.family = COALESCE(family.family, '${default_family}') AND query.code = documents.query_status
  LEFT JOIN ${summary_statuses} AS summary ON summary.code = documents.summary_status
  LEFT JOIN ${form_statuses} AS form_status
    ON form_status.family = COALESCE(family.family, '${default_family}') AND form_status.form = documents.form
  LEFT JOIN ${voided_statuses} AS voided ON voided.code = documents.return_status
),
-- Events that were rejected because they, or what decides about the key, were so already.
rejection_evidence AS (
  SELECT event.access_key, event.record_id, COALESCE(event.told_status, deciding.status) AS status
  FROM all_events AS event
  LEFT JOIN ${deciding_events} AS deciding
    ON deciding.family = event.family AND deciding.event_type = event.event_type
  WHERE event.told_status IS NOT NULL OR (event.is_repeated AND deciding.status IS NOT NULL)
),
evidence AS (
  SELECT access_key, record_id, IF(dated = 1, protocol, '') AS protocol, status, IF(dated = 1, instant, NULL) AS instant
  FROM document_evidence
  WHERE status IS NOT NULL
  UNION ALL
  SELECT access_key, record_id, '', status, CAST(NULL AS TIMESTAMP) FROM rejection_evidence
  UNION ALL
  SELECT
    events.access_key, events.record_id, events.protocol,
    IF(late.code IS NULL, deciding.status, deciding.late_status), events.instant
  FROM events
  JOIN ${deciding_events} AS deciding
    ON deciding.family = events.family AND deciding.event_type = events.event_type
  LEFT JOIN ${late_returns} AS late ON late.code = events.return_status
),
-- The highest-ranking status there is evidence of, and the earliest evidence of it.
statuses AS (
  SELECT evidence.access_key, evidence.status, evidence.instant AS status_at
  FROM evidence
  JOIN ${status_ranks} AS status_rank ON status_rank.status = evidence.status
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY evidence.access_key
    ORDER BY
      status_rank.rank, evidence.instant IS NULL, evidence.instant, evidence.protocol, evidence.record_id,
      evidence.status
  ) = 1
),
authorisations AS (
  SELECT access_key, instant AS authorised_at, NULLIF(protocol, '') AS protocol_number
  FROM evidence
  WHERE status IN ('${authorised}', '${authorised_late}')
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY access_key ORDER BY instant IS NULL, instant, protocol, record_id, status
  ) = 1
),
epecs AS (
  SELECT events.access_key, MIN(events.instant) AS epec_at
  FROM events
  JOIN ${epec_events} AS epec ON epec.family = events.family AND epec.event_type = events.event_type
  GROUP BY events.access_key
),
-- The same letter in other bytes is one letter, told by its number; the last one replaces the earlier ones. Returns
-- and summaries of a letter lack its text, which is that of any record of the last letter.
letters AS (
  SELECT events.*
  FROM events
  JOIN ${correction_events} AS letter ON letter.family = events.family AND letter.event_type = events.event_type
),
letter_counts AS (
  SELECT access_key, GREATEST(COUNT(DISTINCT sequence), 1) AS corrections
  FROM letters
  GROUP BY access_key
),
last_letters AS (
  SELECT access_key, sequence, instant AS corrected_at
  FROM letters
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY access_key ORDER BY instant IS NULL, instant DESC, protocol DESC, record_id DESC
  ) = 1
),
last_texts AS (
  SELECT letters.access_key, letters.correction
  FROM letters
  JOIN last_letters
    ON last_letters.access_key = letters.access_key AND COALESCE(last_letters.sequence, -1) = COALESCE(letters.sequence, -1)
  WHERE letters.correction IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY letters.access_key
    ORDER BY letters.instant IS NULL, letters.instant DESC, letters.protocol DESC, letters.record_id DESC
  ) = 1
),
-- Each attribute follows the last registered event of its group, and a rejected repetition of one, without an instant,
-- where none is known; weaker types count when there is no other.
attributes AS (
  SELECT event.access_key, rule.name, rule.value, IF(event.is_registered, event.instant, NULL) AS instant
  FROM all_events AS event
  JOIN ${attribute_rules} AS rule ON rule.family = event.family AND rule.event_type = event.rule_type
  WHERE event.is_registered OR event.is_repeated
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY event.access_key, rule.name
    ORDER BY
      rule.weakness, IF(event.is_registered, 0, 1), event.instant IS NULL, event.instant DESC, event.protocol DESC,
      event.record_id DESC
  ) = 1
),
attributes_of_key AS (
  SELECT
    access_key,
    ${attribute_values}
  FROM attributes
  WHERE value IS NOT NULL
  GROUP BY access_key
),
keys AS (
  SELECT access_key FROM documents
  UNION DISTINCT
  SELECT access_key FROM `${dataset}.unique_events`
)
SELECT
  keys.access_key,
  COALESCE(statuses.status, IF(headlines.access_key IS NULL, '${unknown}', '${unprotocoled}')) AS status,
  statuses.status_at,
  COALESCE(headlines.known_by, 'event') AS known_by,
  authorisations.protocol_number,
  authorisations.authorised_at,
  epecs.epec_at,
  letter_counts.corrections,
  last_texts.correction,
  last_letters.corrected_at,
  ${attribute_columns}
FROM keys
LEFT JOIN headlines ON headlines.access_key = keys.access_key
LEFT JOIN statuses ON statuses.access_key = keys.access_key
LEFT JOIN authorisations ON authorisations.access_key = keys.access_key
LEFT JOIN epecs ON epecs.access_key = keys.access_key
LEFT JOIN letter_counts ON letter_counts.access_key = keys.access_key
LEFT JOIN last_letters ON last_letters.access_key = keys.access_key
LEFT JOIN last_texts ON last_texts.access_key = keys.access_key
LEFT JOIN attributes_of_key ON attributes_of_key.access_key = keys.access_key
