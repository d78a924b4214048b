variable "name" {
  description = "Name of the schedule, and of the job that it launches."
  type        = string
}

variable "launch" {
  description = "Where jobs run and what they write to: see local.launch of the root module."
  type = object({
    project         = string
    region          = string
    bucket          = string
    subnetwork      = string
    service_account = string
    kms_key         = string
    labels          = map(string)
    images          = string
    tag             = string
    stores          = map(string)
  })
}

variable "account" {
  description = "Account that launches."
  type        = string
}

variable "schedule" {
  description = "When, as cron."
  type        = string
}

variable "time_zone" {
  description = "Time zone of the schedule."
  type        = string
}

variable "max_workers" {
  description = "Maximum number of workers."
  type        = number
}

variable "parameters" {
  description = "Further parameters of the job."
  type        = map(string)
}

locals {
  # The request of https://cloud.google.com/dataflow/docs/reference/rest/v1b3/projects.locations.flexTemplates/launch.
  # The name is always the same: while one runs, Dataflow refuses another. So is the file, which the next run replaces.
  body = {
    launchParameter = {
      jobName              = var.name
      containerSpecGcsPath = "gs://${var.launch.bucket}/templates/acervo-reconcile-${var.launch.tag}.json"
      parameters = merge(
        {
          output                           = "gs://${var.launch.bucket}/reconcile/differences.jsonl"
          sdk_container_image              = "${var.launch.images}/acervo-reconcile:${var.launch.tag}"
          number_of_worker_harness_threads = "4"
          disk_size_gb                     = "50"
        },
        var.launch.stores,
        var.parameters,
      )
      environment = merge(
        {
          serviceAccountEmail  = var.launch.service_account
          subnetwork           = var.launch.subnetwork
          ipConfiguration      = "WORKER_IP_PRIVATE"
          stagingLocation      = "gs://${var.launch.bucket}/staging"
          tempLocation         = "gs://${var.launch.bucket}/temp"
          machineType          = "n2-standard-4"
          launcherMachineType  = "e2-standard-2"
          numWorkers           = 1
          maxWorkers           = var.max_workers
          additionalUserLabels = var.launch.labels
        },
        var.launch.kms_key == null ? {} : { kmsKeyName = var.launch.kms_key },
      )
    }
  }
}

resource "google_cloud_scheduler_job" "this" {
  project          = var.launch.project
  region           = var.launch.region
  name             = var.name
  description      = "Compares Bigtable with BigQuery; the differences alert says when there are any"
  schedule         = var.schedule
  time_zone        = var.time_zone
  attempt_deadline = "180s"

  retry_config {
    retry_count = 3
  }

  http_target {
    http_method = "POST"
    uri         = "https://dataflow.googleapis.com/v1b3/projects/${var.launch.project}/locations/${var.launch.region}/flexTemplates:launch"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(jsonencode(local.body))

    oauth_token {
      service_account_email = var.account
      scope                 = "https://www.googleapis.com/auth/cloud-platform"
    }
  }
}

output "schedule" {
  description = "Id of the schedule."
  value       = google_cloud_scheduler_job.this.id
}
