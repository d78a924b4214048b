# Alerts and dashboard, both made of alerts.json: the two tables of docs/RUNBOOK.md with a query for each row. A test
# compares the file with the tables, so that a threshold is changed in both or in neither.

locals {
  alerts = { for alert in jsondecode(file("${path.module}/alerts.json")) : replace(alert.metric, "`", "") => alert }

  launcher_metric = "${replace(var.name, "-", "_")}_launcher_errors"

  # Dataflow tells a job's counters as gauges: what they have come to since the job began. What is new in a window is
  # the value less that at the window's begin, or all of it where the job is younger. A job that was updated in place
  # begins at 0 under another id. A counter has a series for each step: they are added up.
  counter = "dataflow_googleapis_com:job_user_counter{monitored_resource=\"dataflow_job\",job_name=~\"${var.name}-JOB\",metric_name=~\"COUNTER\"}"
  by_job  = "sum by (job_name, job_id)"
  now     = "${local.by_job} (${local.counter})"
  before  = "(${local.by_job} (${local.counter} offset WINDOW) or 0 * ${local.now})"
  grown   = "(${local.now} - ${local.before})"

  # A distribution is told as four numbers, of which COUNT and MEAN give back the sum.
  count      = replace(local.counter, "COUNTER", "COUNTER_COUNT")
  mean       = replace(local.counter, "COUNTER", "COUNTER_MEAN")
  sum_now    = "${local.by_job} (${local.mean} * ignoring (metric_name) ${local.count})"
  sum_then   = "${local.by_job} (${local.mean} offset WINDOW * ignoring (metric_name) ${local.count} offset WINDOW)"
  sum_grown  = "(${local.sum_now} - (${local.sum_then} or 0 * ${local.sum_now}))"
  mean_grown = "(${local.sum_grown} / ${replace(local.grown, "COUNTER", "COUNTER_COUNT")})"

  # Shorthand of alerts.json, written out. $1, $2 and $3 are what its brackets hold.
  shorthand = [
    ["/grown\\(([^,]+), ([^,]+), (\\w+)\\)/", local.grown],
    ["/mean\\(([^,]+), ([^,]+), (\\w+)\\)/", local.mean_grown],
    ["/\\bjob\\(([^,]+), (\\w+)\\)/", "dataflow_googleapis_com:job_COUNTER{monitored_resource=\"dataflow_job\",job_name=~\"${var.name}-JOB\"}"],
    ["/subscription\\((\\w+)\\)/", "pubsub_googleapis_com:subscription_JOB{monitored_resource=\"pubsub_subscription\",subscription_id=\"${var.subscription}\"}"],
    ["/cluster\\((\\w+)\\)/", "bigtable_googleapis_com:cluster_JOB{monitored_resource=\"bigtable_cluster\",instance=\"${var.instance}\"}"],
    ["/launcher_errors\\(\\)/", "logging_googleapis_com:user_${local.launcher_metric}{monitored_resource=\"dataflow_step\"}"],
  ]
  patterns = [for pair in local.shorthand : pair[0]]
  written = [
    for pair in local.shorthand :
    replace(replace(replace(pair[1], "JOB", "$${1}"), "COUNTER", "$${2}"), "WINDOW", "$${3}")
  ]

  conditions = {
    for name, alert in local.alerts : name => [
      for condition in alert.conditions : merge(condition, {
        promql = replace(replace(replace(replace(replace(replace(condition.query,
          local.patterns[0], local.written[0]),
          local.patterns[1], local.written[1]),
          local.patterns[2], local.written[2]),
          local.patterns[3], local.written[3]),
          local.patterns[4], local.written[4]),
        local.patterns[5], local.written[5])
      })
    ]
  }
}

# What a launcher refuses, it says in one line that begins with error:
resource "google_logging_metric" "launcher_errors" {
  project     = var.project
  name        = local.launcher_metric
  description = "Launches that were refused"
  filter      = "resource.type=\"dataflow_step\" AND logName:\"launcher\" AND \"error:\""

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "INT64"
    display_name = "Refused launches"
  }
}

resource "google_monitoring_alert_policy" "this" {
  for_each              = local.alerts
  project               = var.project
  display_name          = "${var.name}: ${each.key}, ${replace(each.value["look when"], "`", "")}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.notification_channels
  user_labels           = var.labels
  depends_on            = [google_logging_metric.launcher_errors]

  documentation {
    content   = "${each.value.metric}: ${each.value["look when"]}. Then: ${each.value.then}. The rest is in docs/RUNBOOK.md."
    mime_type = "text/markdown"
  }

  dynamic "conditions" {
    for_each = local.conditions[each.key]
    content {
      display_name = conditions.value.query

      condition_prometheus_query_language {
        query               = "(${conditions.value.promql}) > ${conditions.value.threshold}"
        duration            = conditions.value.for
        evaluation_interval = "60s"
        # A counter exists from the first time that it is counted, which a policy must not wait for.
        disable_metric_validation = true
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }
}

locals {
  charts = flatten([
    for name, conditions in local.conditions : [
      for condition in conditions : {
        title = length(conditions) == 1 ? name : condition.query
        xyChart = {
          dataSets = [{
            plotType        = "LINE"
            timeSeriesQuery = { prometheusQuery = condition.promql }
          }]
          thresholds = [{ value = condition.threshold, label = local.alerts[name]["look when"] }]
        }
      }
    ]
  ])
}

resource "google_monitoring_dashboard" "this" {
  project = var.project
  dashboard_json = jsonencode({
    displayName = "Acervo (${var.name})"
    mosaicLayout = {
      columns = 12
      tiles = [
        for index, widget in local.charts : {
          xPos   = 6 * (index % 2)
          yPos   = 4 * floor(index / 2)
          width  = 6
          height = 4
          widget = widget
        }
      ]
    }
  })
}

output "dashboard" {
  description = "Id of the dashboard."
  value       = google_monitoring_dashboard.this.id
}
