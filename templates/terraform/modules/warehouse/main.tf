variable "project" {
  description = "Project id."
  type        = string
}

variable "region" {
  description = "Region of the dataset."
  type        = string
}

variable "dataset" {
  description = "Name of the dataset."
  type        = string
}

variable "labels" {
  description = "Labels of the dataset."
  type        = map(string)
}

variable "kms_key" {
  description = "Key for all tables, or null for Google's keys."
  type        = string
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete a dataset that has tables."
  type        = bool
}

resource "google_bigquery_dataset" "this" {
  project                    = var.project
  location                   = var.region
  dataset_id                 = var.dataset
  friendly_name              = "Acervo"
  description                = "Tables and views of Acervo: made by make tables, rebuilt from Bigtable"
  labels                     = var.labels
  delete_contents_on_destroy = !var.deletion_protection
  # Billed are columns as they are compressed, and two days of what was replaced instead of seven.
  storage_billing_model = "PHYSICAL"
  max_time_travel_hours = "48"

  dynamic "default_encryption_configuration" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  # Roles on the dataset are granted one by one, by the accounts module and by SQL.
  lifecycle {
    ignore_changes = [access]
  }
}

output "dataset" {
  description = "Name of the dataset."
  value       = google_bigquery_dataset.this.dataset_id
}
