-- Numbers missing between the first and the last known of an issuer's series, less the voided ranges.
-- A number is known by its access key, whatever brought the key: a document, a summary or an event alone.
WITH
known AS (
  SELECT
    SUBSTR(access_key, 7, 14) AS issuer, issuer_id, model, COALESCE(environment, 1) AS environment,
    series, number AS first_number, number AS last_number
  FROM `${dataset}.document_state`
  UNION ALL
  SELECT
    LPAD(issuer_id, 14, '0'), issuer_id, model, COALESCE(environment, 1),
    series, first_number, last_number
  FROM `${dataset}.unique_voided_ranges` AS voided_range
  JOIN ${voided_statuses} AS voided ON voided.code = voided_range.return_status
),
in_order AS (
  SELECT
    issuer, issuer_id, model, environment, series, first_number,
    MAX(last_number) OVER (
      PARTITION BY issuer, model, environment, series
      ORDER BY first_number, last_number
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS reached
  FROM known
  WHERE series IS NOT NULL AND first_number IS NOT NULL
)
SELECT
  issuer_id, model, series, environment, reached + 1 AS first_missing, first_number - 1 AS last_missing,
  first_number - reached - 1 AS missing
FROM in_order
WHERE first_number > reached + 1
