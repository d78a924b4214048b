-- Numbers missing between the first and the last known of an issuer's series, less the voided ranges. A number is known by
-- its access key, whatever brought the key: a document, a summary or an event alone; of a DPS by the NFS-e made from it.
-- NFS-e are counted by place (municipality and generating system), DPS by municipality; numbers of an NFS-e that the
-- national system leaves out are none of the issuer's.
WITH
known AS (
  SELECT
    ${issuer_in_key} AS issuer, issuer_id, model, COALESCE(${place_in_key}, '') AS place,
    COALESCE(environment, 1) AS environment,
    COALESCE(series, 0) AS series, number AS first_number, number AS last_number
  FROM `${dataset}.document_state`
  UNION ALL
  SELECT
    ${issuer_in_dps}, COALESCE(provider_id, issuer_id), '${model_of_dps}', ${place_in_dps}, COALESCE(environment, 1),
    dps_series, dps_number, dps_number
  FROM `${dataset}.unique_documents`
  WHERE LENGTH(dps_id) = ${length_of_dps}
  UNION ALL
  SELECT
    ${issuer_in_own_key}, issuer_id, model, '', COALESCE(environment, 1),
    SAFE_CAST(${series_in_own_key} AS INT64), SAFE_CAST(${number_in_own_key} AS INT64),
    SAFE_CAST(${number_in_own_key} AS INT64)
  FROM `${dataset}.unique_events`
  WHERE own_key IS NOT NULL
  UNION ALL
  SELECT
    LPAD(issuer_id, 14, '0'), issuer_id, model, '', COALESCE(environment, 1),
    series, first_number, last_number
  FROM `${dataset}.unique_voided_ranges` AS voided_range
  JOIN ${voided_statuses} AS voided ON voided.code = voided_range.return_status
),
in_order AS (
  SELECT
    issuer, issuer_id, model, place, environment, series, first_number,
    MAX(last_number) OVER (
      PARTITION BY issuer, model, place, environment, series
      ORDER BY first_number, last_number
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS reached
  FROM known
  WHERE series IS NOT NULL AND first_number IS NOT NULL
)
SELECT
  issuer_id, model, series, environment, reached + 1 AS first_missing, first_number - 1 AS last_missing,
  first_number - reached - 1 AS missing, NULLIF(place, '') AS place
FROM in_order
WHERE first_number > reached + 1
