variable "project" {
  description = "Project id."
  type        = string
}

variable "region" {
  description = "Region of the subnetwork."
  type        = string
}

variable "name" {
  description = "Name of network and subnetwork."
  type        = string
}

variable "range" {
  description = "Private addresses of the subnetwork."
  type        = string
}

variable "subnetwork" {
  description = "Subnetwork of a host project to use instead, or null."
  type        = string
}

locals {
  made = var.subnetwork == null
}

resource "google_compute_network" "this" {
  count                   = local.made ? 1 : 0
  project                 = var.project
  name                    = var.name
  auto_create_subnetworks = false
}

# Workers have no public address: Private Google Access brings them to Google's services.
resource "google_compute_subnetwork" "this" {
  count                    = local.made ? 1 : 0
  project                  = var.project
  region                   = var.region
  name                     = var.name
  network                  = google_compute_network.this[0].id
  ip_cidr_range            = var.range
  private_ip_google_access = true
}

# Workers of a job reach each other on these ports, which Dataflow documents, and nobody else reaches them.
resource "google_compute_firewall" "dataflow" {
  count       = local.made ? 1 : 0
  project     = var.project
  name        = "${var.name}-dataflow"
  network     = google_compute_network.this[0].id
  direction   = "INGRESS"
  source_tags = ["dataflow"]
  target_tags = ["dataflow"]

  allow {
    protocol = "tcp"
    ports    = ["12345-12346"]
  }
}

output "subnetwork" {
  description = "Subnetwork as Dataflow takes it."
  value       = local.made ? "regions/${var.region}/subnetworks/${google_compute_subnetwork.this[0].name}" : var.subnetwork
}
