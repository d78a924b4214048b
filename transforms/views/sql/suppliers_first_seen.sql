-- Each supplier of each recipient: the first document between them, by issue and by receipt, and all of them. Documents
-- in force alone; of entry notes the issuer is the buyer, and returns (purpose 4) supply nothing.
SELECT
  recipient_id,
  issuer_id,
  MIN(issuer_name) AS issuer_name,
  MIN(issued_at) AS first_issued_at,
  MIN(received_at) AS first_received_at,
  ARRAY_AGG(access_key ORDER BY issued_at IS NULL, issued_at, access_key LIMIT 1)[OFFSET(0)] AS first_access_key,
  COUNT(*) AS documents,
  SUM(total) AS total
FROM `${dataset}.document_state`
WHERE recipient_id IS NOT NULL
  AND issuer_id IS NOT NULL
  AND issuer_id != recipient_id
  AND COALESCE(environment, 1) = 1
  AND COALESCE(operation_type, 1) = 1
  AND COALESCE(IF(model IN ('55', '65'), purpose, 1), 1) != 4
  AND status IN (${in_force})
GROUP BY recipient_id, issuer_id
