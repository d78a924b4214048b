variable "name" {
  description = "Name of the job, by which an update finds it."
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

variable "num_workers" {
  description = "Number of workers at the start."
  type        = number
}

variable "max_workers" {
  description = "Maximum number of workers."
  type        = number
}

variable "subscription" {
  description = "Subscription that it reads."
  type        = string
}

variable "topics" {
  description = "Topics that it publishes to, by the option that names them."
  type        = map(string)
}

variable "parameters" {
  description = "Further parameters of the job."
  type        = map(string)
}

# The same launch as make run-stream. Another tag or other parameters replace the running job in place; where Dataflow
# refuses that, apply fails and the old job goes on: see Update in docs/RUNBOOK.md.
resource "google_dataflow_flex_template_job" "this" {
  provider                     = google-beta
  project                      = var.launch.project
  region                       = var.launch.region
  name                         = var.name
  container_spec_gcs_path      = "gs://${var.launch.bucket}/templates/acervo-stream-${var.launch.tag}.json"
  on_delete                    = "drain"
  skip_wait_on_job_termination = false
  staging_location             = "gs://${var.launch.bucket}/staging"
  temp_location                = "gs://${var.launch.bucket}/temp"
  service_account_email        = var.launch.service_account
  subnetwork                   = var.launch.subnetwork
  ip_configuration             = "WORKER_IP_PRIVATE"
  kms_key_name                 = var.launch.kms_key
  launcher_machine_type        = "e2-standard-2"
  machine_type                 = "n2-standard-2"
  num_workers                  = var.num_workers
  max_workers                  = var.max_workers
  enable_streaming_engine      = true
  additional_experiments       = ["enable_streaming_engine_resource_based_billing"]
  labels                       = var.launch.labels

  parameters = merge(
    {
      subscription                     = var.subscription
      sdk_container_image              = "${var.launch.images}/acervo-stream:${var.launch.tag}"
      number_of_worker_harness_threads = "4"
      disk_size_gb                     = "50"
    },
    var.topics,
    var.launch.stores,
    var.parameters,
  )
}

output "job_id" {
  description = "Id of the job."
  value       = google_dataflow_flex_template_job.this.job_id
}
