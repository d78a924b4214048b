variable "project" {
  description = "Project id."
  type        = string
}

variable "region" {
  description = "Region of bucket and repository."
  type        = string
}

variable "bucket" {
  description = "Name of the bucket."
  type        = string
}

variable "repository" {
  description = "Name of the image repository."
  type        = string
}

variable "labels" {
  description = "Labels of both."
  type        = map(string)
}

variable "kms_key" {
  description = "Key, or null for Google's keys."
  type        = string
}

variable "force_destroy" {
  description = "Whether a bucket with files in it may be deleted."
  type        = bool
}

resource "google_storage_bucket" "this" {
  project                     = var.project
  name                        = var.bucket
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = var.force_destroy
  labels                      = var.labels

  # Temporary files are many and short-lived: kept for days after they are deleted, they would be paid for.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  # What killed jobs leave behind. Templates, results and sources of builds stay.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 14
      matches_prefix = ["temp/"]
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }
}

resource "google_artifact_registry_repository" "this" {
  project       = var.project
  location      = var.region
  repository_id = var.repository
  description   = "Images of Acervo's jobs"
  format        = "DOCKER"
  kms_key_name  = var.kms_key
  labels        = var.labels
}

output "bucket" {
  description = "Name of the bucket."
  value       = google_storage_bucket.this.name
}

output "repository" {
  description = "Name of the image repository."
  value       = google_artifact_registry_repository.this.repository_id
}

output "images" {
  description = "Prefix of the names of images."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.this.repository_id}"
}
