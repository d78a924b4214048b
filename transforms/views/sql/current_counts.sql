-- What counts are added up of: sums of the closed days of the change log, and partial sums, each once, of the days since and
-- of bounded jobs. Filter on dimension and value, by which they are clustered, and on partition_month.
SELECT ${count_key}, partition_month, documents, total
FROM `${dataset}.closed_counts`
WHERE log_day < ${closed_before}
UNION ALL
SELECT ${count_key}, partition_month, documents, total
FROM `${dataset}.counts`
WHERE log_day >= ${closed_before}
QUALIFY ${first_of_partial}
UNION ALL
SELECT ${count_key}, partition_month, documents, total
FROM `${dataset}.counts`
WHERE log_day IS NULL
QUALIFY ${first_of_partial}
