-- Current state of every access key, with what is known of its document. One row per access key. Filter on month, and on
-- issuer_id and recipient_id: so states is partitioned and clustered. What changed since its last merge lies over it.
WITH recent AS (
${state_of_changes}
)
SELECT merged.*
FROM `${dataset}.states` AS merged
LEFT JOIN recent ON recent.access_key = merged.access_key
WHERE recent.access_key IS NULL
UNION ALL
SELECT * FROM recent
