-- What a company sold and bought by NF-e and NFC-e, per month and other party: regular and complementary documents
-- (purpose 1, 2), what was returned (4), credit and debit notes (5, 6), and the net of them. Documents in force of
-- production alone, so nothing replaced, cancelled or denied. Of an entry note (operation_type 0) the issuer is the
-- buyer; a return goes the other way than what it returns. Net is sold less returned, plus debit, less credit notes.
-- Adjustments (3) move no goods. Transfers and other shipments are in it: CFOPs of items tell them apart.
WITH sides AS (
  SELECT
    issuer_id AS company_id, recipient_id AS party_id, recipient_name AS party_name,
    IF((COALESCE(operation_type, 1) = 1) = (COALESCE(purpose, 1) != 4), 'sale', 'purchase') AS side,
    month, model, COALESCE(purpose, 1) AS purpose, total
  FROM `${dataset}.document_state`
  WHERE model IN ('55', '65') AND COALESCE(environment, 1) = 1 AND status IN (${in_force})
  UNION ALL
  SELECT
    recipient_id, issuer_id, issuer_name,
    IF((COALESCE(operation_type, 1) = 1) = (COALESCE(purpose, 1) != 4), 'purchase', 'sale'),
    month, model, COALESCE(purpose, 1), total
  FROM `${dataset}.document_state`
  WHERE model IN ('55', '65') AND COALESCE(environment, 1) = 1 AND status IN (${in_force})
    AND recipient_id IS NOT NULL AND recipient_id != issuer_id
)
SELECT
  company_id, side, month, model, party_id,
  MIN(party_name) AS party_name,
  COUNTIF(purpose IN (1, 2)) AS documents,
  COALESCE(SUM(IF(purpose IN (1, 2), total, NULL)), 0) AS total,
  COUNTIF(purpose = 4) AS returns,
  COALESCE(SUM(IF(purpose = 4, total, NULL)), 0) AS returned,
  COALESCE(SUM(IF(purpose = 5, total, NULL)), 0) AS credit_notes,
  COALESCE(SUM(IF(purpose = 6, total, NULL)), 0) AS debit_notes,
  COALESCE(SUM(CASE WHEN purpose IN (1, 2, 6) THEN total WHEN purpose IN (4, 5) THEN -total END), 0) AS net
FROM sides
WHERE company_id IS NOT NULL AND purpose != 3
GROUP BY company_id, side, month, model, party_id
