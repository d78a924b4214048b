output "environment" {
  description = "What make reads from the environment: terraform output -raw environment > ../../acervo.env"
  value = join("", [for name, value in {
    PROJECT              = var.project
    REGION               = var.region
    ZONE                 = var.zone
    BUCKET               = module.storage.bucket
    REPOSITORY           = module.storage.repository
    DATASET              = module.warehouse.dataset
    BIGTABLE_INSTANCE    = module.bigtable.instance
    BIGTABLE_TABLE       = var.name
    BIGTABLE_APP_PROFILE = module.bigtable.app_profile
    BACKUP_DAYS          = var.bigtable_backup_days
    SUBNETWORK           = module.network.subnetwork
    SUBSCRIPTION         = module.queue.subscription
    DOCUMENTS_TOPIC      = module.queue.documents_topic
    SERVICE_ACCOUNT      = module.accounts.emails["worker"]
    BUILD_ACCOUNT        = module.accounts.emails["build"]
    CI_ACCOUNT           = module.accounts.emails["ci"]
    KMS_KEY              = var.kms_key == null ? "" : var.kms_key
    LABELS               = join(",", [for name, value in local.labels : "${name}=${value}"])
  } : "export ${name}=${value}\n"])
}

output "dashboard" {
  description = "Id of the dashboard in Cloud Monitoring."
  value       = module.monitoring.dashboard
}

output "secret" {
  description = "Secret to which the password of PostgreSQL has to be added; null without postgres."
  value       = var.postgres ? module.secret[0].name : null
}

output "stream_job" {
  description = "Id of the stream's job on Dataflow; null where people launch it."
  value       = one(module.stream[*].job_id)
}
