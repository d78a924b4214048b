-- Inputs per hour of their outcome and run: received, new, duplicate, dead, and how long after receipt in seconds. Filter
-- on day, by which the table is partitioned. What a retry reports again on another day is received again on that day; what
-- was new is new once.
SELECT
  TIMESTAMP_TRUNC(applied_at, HOUR) AS hour,
  run,
  COUNT(*) AS received,
  COUNTIF(outcome = 'new') AS `new`,
  COUNTIF(outcome = 'duplicate') AS duplicate,
  COUNTIF(outcome = 'dead') AS dead,
  APPROX_QUANTILES(TIMESTAMP_DIFF(applied_at, received_at, MICROSECOND) / 1000000, 100)[OFFSET(50)] AS lag_p50,
  APPROX_QUANTILES(TIMESTAMP_DIFF(applied_at, received_at, MICROSECOND) / 1000000, 100)[OFFSET(95)] AS lag_p95,
  APPROX_QUANTILES(TIMESTAMP_DIFF(applied_at, received_at, MICROSECOND) / 1000000, 100)[OFFSET(99)] AS lag_p99,
  day
FROM `${dataset}.unique_daily_arrivals`
GROUP BY hour, run, day
