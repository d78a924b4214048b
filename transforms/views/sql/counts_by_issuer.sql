-- Documents and value by issuer, month, model, environment, status, direction and purpose, from the counted partial sums.
-- Filter on partition_month (yyyymm, of the month of issue). Of entry notes (operation_type 0)
-- the issuer is the buyer; returns and notes of credit and debit are purpose 4, 5, 6 of an NF-e.
SELECT
  value AS issuer_id, month, model, environment, status, operation_type, purpose,
  SUM(documents) AS documents, SUM(total) AS total, partition_month
FROM `${dataset}.current_counts`
WHERE dimension = 'issuer'
GROUP BY issuer_id, month, model, environment, status, operation_type, purpose, partition_month
HAVING documents != 0 OR total != 0
