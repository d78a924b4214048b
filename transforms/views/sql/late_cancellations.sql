-- Documents of production cancelled after the end of the month of their issue, or after their recipient had confirmed them.
SELECT
  access_key, model, issuer_id, issuer_name, recipient_id, total, status, issued_at, authorised_at,
  status_at AS cancelled_at,
  day IS NOT NULL AND DATE(status_at, 'America/Sao_Paulo') > LAST_DAY(day, MONTH) AS after_month_end,
  COALESCE(manifestation = '${confirmed}' AND manifestation_at < status_at, FALSE) AS after_confirmation,
  month
FROM `${dataset}.document_state`
WHERE status IN ('${cancelled}', '${cancelled_late}')
  AND COALESCE(environment, 1) = 1
  AND status_at IS NOT NULL
  AND (
    (day IS NOT NULL AND DATE(status_at, 'America/Sao_Paulo') > LAST_DAY(day, MONTH))
    OR (manifestation = '${confirmed}' AND manifestation_at < status_at)
  )
