variable "project" {
  description = "Project id."
  type        = string
}

variable "name" {
  description = "Name of the instance."
  type        = string
}

variable "zone" {
  description = "Zone of the cluster."
  type        = string
}

variable "min_nodes" {
  description = "Minimum number of nodes."
  type        = number
}

variable "max_nodes" {
  description = "Maximum number of nodes."
  type        = number
}

variable "cpu_target" {
  description = "CPU load, in percent, that autoscaling aims at."
  type        = number
}

variable "data_boost" {
  description = "Whether to make the app profile for BigQuery."
  type        = bool
}

variable "labels" {
  description = "Labels of the instance."
  type        = map(string)
}

variable "kms_key" {
  description = "Key, or null for Google's keys."
  type        = string
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the instance."
  type        = bool
}

locals {
  cluster = "${var.name}-c1"
}

resource "google_bigtable_instance" "this" {
  project             = var.project
  name                = var.name
  display_name        = "Acervo"
  labels              = var.labels
  deletion_protection = var.deletion_protection
  force_destroy       = !var.deletion_protection

  cluster {
    cluster_id   = local.cluster
    zone         = var.zone
    storage_type = "SSD"
    kms_key_name = var.kms_key

    autoscaling_config {
      min_nodes  = var.min_nodes
      max_nodes  = var.max_nodes
      cpu_target = var.cpu_target
    }
  }

  lifecycle {
    precondition {
      condition     = var.min_nodes <= var.max_nodes
      error_message = "bigtable_min_nodes is above bigtable_max_nodes."
    }
    precondition {
      condition     = var.max_nodes <= var.min_nodes * 10
      error_message = "Bigtable allows at most ten times as many nodes as its fewest: raise bigtable_min_nodes or lower bigtable_max_nodes."
    }
  }
}

# A record is applied by a conditional mutation, which Bigtable does in one cluster only.
resource "google_bigtable_app_profile" "single_cluster" {
  project        = var.project
  instance       = google_bigtable_instance.this.name
  app_profile_id = "single-cluster"
  description    = "Single cluster, single-row transactions"
  # Bigtable warns before it changes or deletes a profile that was used lately, and Terraform takes that for a refusal.
  ignore_warnings = !var.deletion_protection

  single_cluster_routing {
    cluster_id                 = local.cluster
    allow_transactional_writes = true
  }
}

resource "google_bigtable_app_profile" "analysts" {
  count           = var.data_boost ? 1 : 0
  project         = var.project
  instance        = google_bigtable_instance.this.name
  app_profile_id  = "analysts"
  description     = "BigQuery, by Data Boost"
  ignore_warnings = !var.deletion_protection

  single_cluster_routing {
    cluster_id = local.cluster
  }

  data_boost_isolation_read_only {
    compute_billing_owner = "HOST_PAYS"
  }
}

output "instance" {
  description = "Name of the instance."
  value       = google_bigtable_instance.this.name
}

output "app_profile" {
  description = "App profile of the jobs."
  value       = google_bigtable_app_profile.single_cluster.app_profile_id
}
