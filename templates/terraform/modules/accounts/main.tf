# Who may do what, and nothing more: the table of docs/DEPLOY.md, which a test compares with this file.

resource "google_service_account" "this" {
  for_each   = var.account_ids
  project    = var.project
  account_id = each.value
  display_name = {
    worker    = "Acervo: launcher and workers"
    build     = "Acervo: builds images"
    ci        = "Acervo: deploys and launches"
    scheduler = "Acervo: launches reconcile on schedule"
  }[each.key]
}

locals {
  emails  = { for role, account in google_service_account.this : role => account.email }
  members = { for role in keys(var.account_ids) : role => "serviceAccount:${local.emails[role]}" }

  # Everywhere: a list of [who, role], where who is an account or one of the people on call.
  on_call = tolist(var.on_call)
  on_project = concat(
    [
      ["worker", "roles/dataflow.worker"],
      ["worker", "roles/bigquery.user"],
      ["build", "roles/logging.logWriter"],
      ["ci", "roles/dataflow.developer"],
      ["ci", "roles/cloudbuild.builds.editor"],
      ["ci", "roles/serviceusage.serviceUsageConsumer"],
      ["ci", "roles/bigquery.user"],
      ["scheduler", "roles/dataflow.developer"],
    ],
    [for pair in setproduct(local.on_call, [
      "roles/dataflow.viewer", "roles/logging.viewer", "roles/monitoring.viewer", "roles/bigquery.jobUser",
    ]) : pair],
  )
  on_bucket = [
    ["worker", "roles/storage.objectAdmin"],
    ["build", "roles/storage.objectViewer"],
    ["ci", "roles/storage.objectAdmin"],
    # gcloud builds submit and flex-template build look at the bucket itself, which objectAdmin does not allow.
    ["ci", "roles/storage.legacyBucketReader"],
    ["scheduler", "roles/storage.objectViewer"],
  ]
  on_repository = [
    ["worker", "roles/artifactregistry.reader"],
    ["build", "roles/artifactregistry.writer"],
  ]
  on_instance = concat(
    [["worker", "roles/bigtable.user"], ["ci", "roles/bigtable.admin"]],
    [for person in local.on_call : [person, "roles/bigtable.reader"]],
  )
  on_dataset = concat(
    [["worker", "roles/bigquery.dataEditor"], ["ci", "roles/bigquery.dataEditor"]],
    [for person in local.on_call : [person, "roles/bigquery.dataViewer"]],
  )
  on_subscription = [["worker", "roles/pubsub.subscriber"], ["worker", "roles/pubsub.viewer"]]
  on_worker       = [["ci", "roles/iam.serviceAccountUser"], ["scheduler", "roles/iam.serviceAccountUser"]]
  on_build        = [["ci", "roles/iam.serviceAccountUser"]]
}

resource "google_project_iam_member" "this" {
  for_each = { for grant in local.on_project : join(" ", grant) => grant }
  project  = var.project
  role     = each.value[1]
  member   = lookup(local.members, each.value[0], each.value[0])
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = { for grant in local.on_bucket : join(" ", grant) => grant }
  bucket   = var.bucket
  role     = each.value[1]
  member   = local.members[each.value[0]]
}

resource "google_storage_bucket_iam_member" "archives" {
  for_each = var.archive_buckets
  bucket   = each.value
  role     = "roles/storage.objectViewer"
  member   = local.members["worker"]
}

resource "google_artifact_registry_repository_iam_member" "this" {
  for_each   = { for grant in local.on_repository : join(" ", grant) => grant }
  project    = var.project
  location   = var.region
  repository = var.repository
  role       = each.value[1]
  member     = local.members[each.value[0]]
}

resource "google_bigtable_instance_iam_member" "this" {
  for_each = { for grant in local.on_instance : join(" ", grant) => grant }
  project  = var.project
  instance = var.instance
  role     = each.value[1]
  member   = lookup(local.members, each.value[0], each.value[0])
}

resource "google_bigquery_dataset_iam_member" "this" {
  for_each   = { for grant in local.on_dataset : join(" ", grant) => grant }
  project    = var.project
  dataset_id = var.dataset
  role       = each.value[1]
  member     = lookup(local.members, each.value[0], each.value[0])
}

resource "google_pubsub_subscription_iam_member" "this" {
  for_each     = { for grant in local.on_subscription : join(" ", grant) => grant }
  project      = var.project
  subscription = var.subscription
  role         = each.value[1]
  member       = local.members[each.value[0]]
}

resource "google_pubsub_topic_iam_member" "told" {
  for_each = var.topics
  project  = var.project
  topic    = each.value
  role     = "roles/pubsub.publisher"
  member   = local.members["worker"]
}

resource "google_pubsub_topic_iam_member" "documents" {
  for_each = var.publishers
  project  = var.project
  topic    = var.documents_topic
  role     = "roles/pubsub.publisher"
  member   = each.value
}

resource "google_secret_manager_secret_iam_member" "this" {
  count     = var.secret == null ? 0 : 1
  project   = var.project
  secret_id = var.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = local.members["worker"]
}

resource "google_service_account_iam_member" "worker" {
  for_each           = { for grant in local.on_worker : join(" ", grant) => grant }
  service_account_id = google_service_account.this["worker"].name
  role               = each.value[1]
  member             = local.members[each.value[0]]
}

resource "google_service_account_iam_member" "build" {
  for_each           = { for grant in local.on_build : join(" ", grant) => grant }
  service_account_id = google_service_account.this["build"].name
  role               = each.value[1]
  member             = local.members[each.value[0]]
}

# No account has a key that could be lost: whoever deploys takes the place of the account for an hour.
resource "google_service_account_iam_member" "deployers" {
  for_each           = var.deployers
  service_account_id = google_service_account.this["ci"].name
  role               = startswith(each.value, "principal") ? "roles/iam.workloadIdentityUser" : "roles/iam.serviceAccountTokenCreator"
  member             = each.value
}

# In a Shared VPC the subnetwork is of another project, whose owner may have to grant this instead.
resource "google_compute_subnetwork_iam_member" "this" {
  for_each   = var.subnetwork == null ? {} : { worker = local.members["worker"], dataflow = "serviceAccount:${var.dataflow_agent}" }
  project    = split("/", var.subnetwork)[6]
  region     = split("/", var.subnetwork)[8]
  subnetwork = split("/", var.subnetwork)[10]
  role       = "roles/compute.networkUser"
  member     = each.value
}

output "emails" {
  description = "Addresses of the accounts: worker, build, ci, scheduler."
  value       = local.emails
}
