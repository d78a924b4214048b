variable "project" {
  description = "Project id."
  type        = string
}

variable "name" {
  description = "Prefix of the names of the jobs."
  type        = string
}

variable "subscription" {
  description = "Subscription that the stream reads."
  type        = string
}

variable "instance" {
  description = "Bigtable instance."
  type        = string
}

variable "labels" {
  description = "Labels of policies."
  type        = map(string)
}

variable "notification_channels" {
  description = "Where alerts go."
  type        = list(string)
}
