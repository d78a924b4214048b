variable "project" {
  description = "Project id."
  type        = string
}

locals {
  names = [
    "artifactregistry", "bigquery", "bigquerystorage", "bigtable", "bigtableadmin", "cloudbuild", "cloudkms",
    "cloudresourcemanager", "cloudscheduler", "compute", "dataflow", "iam", "logging", "monitoring", "pubsub",
    "secretmanager", "storage",
  ]
}

resource "google_project_service" "this" {
  for_each           = toset(local.names)
  project            = var.project
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}

# What needs a service names the project by this, and so waits for it.
output "project" {
  description = "The project, once its services are enabled."
  value       = var.project
  depends_on  = [google_project_service.this]
}
