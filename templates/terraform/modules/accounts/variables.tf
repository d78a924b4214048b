variable "project" {
  description = "Project id."
  type        = string
}

variable "region" {
  description = "Region of the repository."
  type        = string
}

variable "account_ids" {
  description = "Names of the accounts worker, build, ci and scheduler."
  type        = map(string)
}

variable "bucket" {
  description = "Bucket for templates, staging and results."
  type        = string
}

variable "archive_buckets" {
  description = "Buckets with archives to read."
  type        = set(string)
}

variable "repository" {
  description = "Image repository."
  type        = string
}

variable "instance" {
  description = "Bigtable instance."
  type        = string
}

variable "dataset" {
  description = "BigQuery dataset."
  type        = string
}

variable "topics" {
  description = "Topics that the stream publishes to, by the option that names them."
  type        = map(string)
}

variable "documents_topic" {
  description = "Topic to which documents are published."
  type        = string
}

variable "subscription" {
  description = "Subscription that the stream reads."
  type        = string
}

variable "secret" {
  description = "Secret with the password of PostgreSQL, or null."
  type        = string
}

variable "subnetwork" {
  description = "Subnetwork of a host project, or null."
  type        = string
}

variable "dataflow_agent" {
  description = "Account that Dataflow itself acts as."
  type        = string
}

variable "publishers" {
  description = "Who may publish documents."
  type        = set(string)
}

variable "deployers" {
  description = "Who may act as the account that deploys and launches."
  type        = set(string)
}

variable "on_call" {
  description = "Who may view jobs, logs, metrics and data."
  type        = set(string)
}
