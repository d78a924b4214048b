# Everything that Acervo stands on in a project, but for what the code itself makes: the tables of Bigtable, with their
# column families, their rules of garbage collection and their backups, and the tables and views of BigQuery belong to
# make tables, which migrates them. Terraform owns what they are in. Bounded jobs belong to whoever launches them.

locals {
  labels = merge({ app = var.name }, var.labels)
  bucket = coalesce(var.bucket, "${var.project}-${var.name}")

  account_ids = { for role in ["worker", "build", "ci", "scheduler"] : role => "${var.name}-${role}" }
}

data "google_project" "this" {
  project_id = var.project
}

module "services" {
  source  = "./modules/services"
  project = var.project
}

module "keys" {
  source  = "./modules/keys"
  project = module.services.project
  number  = data.google_project.this.number
  kms_key = var.kms_key
}

module "network" {
  source     = "./modules/network"
  project    = module.services.project
  region     = var.region
  name       = var.name
  range      = var.subnetwork_range
  subnetwork = var.subnetwork
}

module "storage" {
  source        = "./modules/storage"
  project       = module.services.project
  region        = var.region
  bucket        = local.bucket
  repository    = var.name
  labels        = local.labels
  kms_key       = module.keys.granted
  force_destroy = !var.deletion_protection
}

module "bigtable" {
  source              = "./modules/bigtable"
  project             = module.services.project
  name                = var.name
  zone                = var.zone
  min_nodes           = var.bigtable_min_nodes
  max_nodes           = var.bigtable_max_nodes
  cpu_target          = var.bigtable_cpu_target
  data_boost          = var.data_boost
  labels              = local.labels
  kms_key             = module.keys.granted
  deletion_protection = var.deletion_protection
}

module "warehouse" {
  source              = "./modules/warehouse"
  project             = module.services.project
  region              = var.region
  dataset             = var.dataset
  labels              = local.labels
  kms_key             = module.keys.granted
  deletion_protection = var.deletion_protection
}

module "queue" {
  source         = "./modules/queue"
  project        = module.services.project
  region         = var.region
  name           = var.name
  retention_days = var.retention_days
  labels         = local.labels
  kms_key        = module.keys.granted
}

module "secret" {
  source  = "./modules/secret"
  count   = var.postgres ? 1 : 0
  project = module.services.project
  region  = var.region
  name    = "${var.name}-postgres"
  labels  = local.labels
  kms_key = module.keys.granted
}

module "accounts" {
  source          = "./modules/accounts"
  project         = module.services.project
  region          = var.region
  account_ids     = local.account_ids
  bucket          = module.storage.bucket
  archive_buckets = var.archive_buckets
  repository      = module.storage.repository
  instance        = module.bigtable.instance
  dataset         = module.warehouse.dataset
  topics          = module.queue.topics
  documents_topic = module.queue.documents_topic
  subscription    = module.queue.subscription
  secret          = var.postgres ? module.secret[0].name : null
  subnetwork      = var.subnetwork
  dataflow_agent  = "service-${data.google_project.this.number}@dataflow-service-producer-prod.iam.gserviceaccount.com"
  publishers      = var.publishers
  deployers       = var.deployers
  on_call         = var.on_call
}

locals {
  # What make run gives a job, in gcp.mk.
  launch = {
    project         = module.services.project
    region          = var.region
    bucket          = module.storage.bucket
    subnetwork      = module.network.subnetwork
    service_account = module.accounts.emails["worker"]
    kms_key         = module.keys.granted
    labels          = local.labels
    images          = module.storage.images
    tag             = var.tag
    stores = {
      bigtable_instance    = module.bigtable.instance
      bigtable_table       = var.name
      bigtable_app_profile = module.bigtable.app_profile
      dataset              = module.warehouse.dataset
    }
  }
}

module "stream" {
  source       = "./modules/stream"
  count        = var.tag != null && var.stream != null ? 1 : 0
  name         = "${var.name}-stream"
  launch       = local.launch
  num_workers  = var.stream.num_workers
  max_workers  = var.stream.max_workers
  subscription = module.queue.subscription
  topics       = module.queue.topics
  parameters   = var.stream.parameters
  depends_on   = [module.accounts]
}

module "reconcile" {
  source      = "./modules/reconcile"
  count       = var.tag != null && var.reconcile != null ? 1 : 0
  name        = "${var.name}-reconcile"
  launch      = local.launch
  account     = module.accounts.emails["scheduler"]
  schedule    = var.reconcile.schedule
  time_zone   = var.reconcile.time_zone
  max_workers = var.reconcile.max_workers
  parameters  = var.reconcile.parameters
  depends_on  = [module.accounts]
}

module "monitoring" {
  source                = "./modules/monitoring"
  project               = module.services.project
  name                  = var.name
  subscription          = module.queue.subscription
  instance              = module.bigtable.instance
  labels                = local.labels
  notification_channels = var.notification_channels
}
