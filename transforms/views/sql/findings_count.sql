-- How often each finding was made, by layout and kind of record, with an example.
WITH records AS (
  SELECT 'document' AS kind, layout, access_key, findings FROM `${dataset}.unique_documents`
  UNION ALL
  SELECT 'event', layout, access_key, findings FROM `${dataset}.unique_events`
  UNION ALL
  SELECT 'voided_range', layout, range_id, findings FROM `${dataset}.unique_voided_ranges`
)
SELECT finding, kind, layout, COUNT(*) AS records, MIN(access_key) AS example_key
FROM records
CROSS JOIN UNNEST(findings) AS finding
GROUP BY finding, kind, layout
