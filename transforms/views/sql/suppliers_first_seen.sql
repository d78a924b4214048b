-- Each supplier of each recipient: the first document between them, by issue and by receipt, and all of them. Documents
-- in force alone. Freight is supplied to who pays it, wherever the goods go. Of entry notes the issuer is the buyer;
-- adjustments, returns, credit and debit notes (purpose 3 to 6 of an NF-e) and annulments of a CT-e supply nothing.
WITH supplied AS (
  SELECT
    IF(model IN (${freight_models}), payer_id, recipient_id) AS recipient_id, issuer_id, issuer_name, issued_at,
    received_at, access_key, total
  FROM `${dataset}.document_state`
  WHERE COALESCE(environment, 1) = 1
    AND COALESCE(operation_type, 1) = 1
    AND NOT (model IN ('55', '65') AND COALESCE(purpose, 1) IN (3, 4, 5, 6))
    AND NOT (model IN (${freight_models}) AND COALESCE(purpose, 0) = ${annulment_purpose})
    AND status IN (${in_force})
)
SELECT
  recipient_id,
  issuer_id,
  MIN(issuer_name) AS issuer_name,
  MIN(issued_at) AS first_issued_at,
  MIN(received_at) AS first_received_at,
  ARRAY_AGG(access_key ORDER BY issued_at IS NULL, issued_at, access_key LIMIT 1)[OFFSET(0)] AS first_access_key,
  COUNT(*) AS documents,
  SUM(total) AS total
FROM supplied
WHERE recipient_id IS NOT NULL
  AND issuer_id IS NOT NULL
  AND issuer_id != recipient_id
GROUP BY recipient_id, issuer_id
