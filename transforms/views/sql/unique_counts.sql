-- Partial sums, each once. Of two attempts of bounded jobs at one partial the later job's is right, and the later one of
-- one job; of two sums of a slot of the change log, the one of more contributions.
SELECT *
FROM `${dataset}.counts`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY partition_month, partial, dimension, value, model, environment, status, day, month
  ORDER BY job_started_at DESC, version DESC, computed_at DESC
) = 1
