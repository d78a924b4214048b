variable "project" {
  description = "Project id."
  type        = string
}

variable "number" {
  description = "Number of the project, in the names of the accounts that Google's services act as."
  type        = string
}

variable "kms_key" {
  description = "Key, or null for Google's keys."
  type        = string
}

locals {
  # Bigtable's agent has to be asked for; the others come with their services or with the data sources below.
  agents = var.kms_key == null ? {} : {
    dataflow         = "service-${var.number}@dataflow-service-producer-prod.iam.gserviceaccount.com"
    compute          = "service-${var.number}@compute-system.iam.gserviceaccount.com"
    artifactregistry = "service-${var.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    pubsub           = "service-${var.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    secretmanager    = "service-${var.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
    bigtable         = "service-${var.number}@gcp-sa-bigtable.iam.gserviceaccount.com"
    storage          = data.google_storage_project_service_account.this[0].email_address
    bigquery         = data.google_bigquery_default_service_account.this[0].email
  }
  asked_for = var.kms_key == null ? [] : ["artifactregistry", "bigtableadmin", "pubsub", "secretmanager"]
}

data "google_storage_project_service_account" "this" {
  count   = var.kms_key == null ? 0 : 1
  project = var.project
}

data "google_bigquery_default_service_account" "this" {
  count   = var.kms_key == null ? 0 : 1
  project = var.project
}

resource "google_project_service_identity" "this" {
  provider = google-beta
  for_each = toset(local.asked_for)
  project  = var.project
  service  = "${each.value}.googleapis.com"
}

resource "google_kms_crypto_key_iam_member" "this" {
  for_each      = local.agents
  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${each.value}"
  depends_on    = [google_project_service_identity.this]
}

output "granted" {
  description = "The key, once every service may use it; null without one."
  value       = var.kms_key
  depends_on  = [google_kms_crypto_key_iam_member.this]
}
