-- Partial sums, each once: of two attempts at one partial the later job's is right, and the later one of one job.
SELECT *
FROM `${dataset}.counts`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY partial, dimension, value, model, environment, status, day, month
  ORDER BY job_started_at DESC, computed_at DESC
) = 1
