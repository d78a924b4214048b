variable "project" {
  description = "Project id."
  type        = string
}

variable "region" {
  description = "Where the secret is kept."
  type        = string
}

variable "name" {
  description = "Name of the secret."
  type        = string
}

variable "labels" {
  description = "Labels of the secret."
  type        = map(string)
}

variable "kms_key" {
  description = "Key, or null for Google's keys."
  type        = string
}

# Without a version: a password given to Terraform would be readable in its state.
resource "google_secret_manager_secret" "this" {
  project   = var.project
  secret_id = var.name
  labels    = var.labels

  replication {
    user_managed {
      replicas {
        location = var.region

        dynamic "customer_managed_encryption" {
          for_each = var.kms_key == null ? [] : [var.kms_key]
          content {
            kms_key_name = customer_managed_encryption.value
          }
        }
      }
    }
  }
}

output "name" {
  description = "Short name of the secret."
  value       = google_secret_manager_secret.this.secret_id
}
