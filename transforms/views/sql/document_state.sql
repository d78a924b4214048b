-- Current state of every access key, with what is known of its document. One row per access key. Filter on month, and on
-- issuer_id and recipient_id: so states is partitioned and clustered. What changed since its last merge lies over it.
SELECT merged.*
FROM `${dataset}.states` AS merged
LEFT JOIN (SELECT DISTINCT access_key FROM `${dataset}.changes` WHERE ${window}) AS changed
  ON changed.access_key = merged.access_key
WHERE changed.access_key IS NULL
UNION ALL
${state_of_changes}
