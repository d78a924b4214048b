-- Documents and value by direction and purpose, month, model, environment and status: operation_type 0 is an entry note, of
-- which the issuer is the buyer; purpose of an NF-e is 1 normal, 2 complementary, 3 adjustment, 4 return, 5 credit, 6 debit
-- note, of a CT-e its type. Filter on partition_month (yyyymm, of the month of issue).
SELECT
  month, model, environment, status, operation_type, purpose, SUM(documents) AS documents, SUM(total) AS total,
  partition_month
FROM `${dataset}.current_counts`
WHERE dimension = 'uf'
GROUP BY month, model, environment, status, operation_type, purpose, partition_month
HAVING documents != 0 OR total != 0
