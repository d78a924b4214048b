variable "project" {
  description = "Project id."
  type        = string
}

variable "region" {
  description = "Region in which messages are stored."
  type        = string
}

variable "name" {
  description = "Prefix of the names."
  type        = string
}

variable "retention_days" {
  description = "How long messages are kept, in days."
  type        = number
}

variable "labels" {
  description = "Labels of topics and subscriptions."
  type        = map(string)
}

variable "kms_key" {
  description = "Key, or null for Google's keys."
  type        = string
}

locals {
  retention = "${var.retention_days * 86400}s"
  # What the stream reads, and what it tells others, by the name of the option that takes the topic.
  documents = "${var.name}-documents"
  told = {
    changes_topic      = "${var.name}-changes"
    dead_letters_topic = "${var.name}-dead-letters"
  }
}

# Kept in the topic too, so that a subscription made later can be set back to before it existed: how a day of messages
# that were acknowledged is replayed.
resource "google_pubsub_topic" "this" {
  for_each                   = toset(concat([local.documents], values(local.told)))
  project                    = var.project
  name                       = each.value
  labels                     = var.labels
  kms_key_name               = var.kms_key
  message_retention_duration = local.retention

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
}

# No dead_letter_policy, on purpose: Pub/Sub would count the deliveries that Dataflow makes for reasons of its own, such
# as a worker that was lost, and take good messages away. What cannot be read is a dead letter of the job, stored with
# its bytes before the message is acknowledged, and told to the topic of dead letters.
resource "google_pubsub_subscription" "documents" {
  project                    = var.project
  name                       = local.documents
  topic                      = google_pubsub_topic.this[local.documents].id
  labels                     = var.labels
  ack_deadline_seconds       = 600
  message_retention_duration = local.retention

  expiration_policy {
    ttl = ""
  }
}

# Somebody must hold dead letters until they are looked at: a topic alone drops what nobody subscribes to.
resource "google_pubsub_subscription" "dead_letters" {
  project                    = var.project
  name                       = local.told["dead_letters_topic"]
  topic                      = google_pubsub_topic.this[local.told["dead_letters_topic"]].id
  labels                     = var.labels
  ack_deadline_seconds       = 60
  message_retention_duration = local.retention

  expiration_policy {
    ttl = ""
  }
}

output "subscription" {
  description = "Subscription that the stream reads."
  value       = google_pubsub_subscription.documents.name
}

output "documents_topic" {
  description = "Topic to which documents are published."
  value       = google_pubsub_topic.this[local.documents].name
}

output "topics" {
  description = "Topics that the stream publishes to, by the option that names them."
  value       = { for option, name in local.told : option => google_pubsub_topic.this[name].name }
}
