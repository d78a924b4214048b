variable "project" {
  description = "Id of the project in which everything is made. It exists, with billing enabled."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project is an id such as my-project: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of everything: the data, the workers, the launcher."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]$", var.region))
    error_message = "region is a single region such as southamerica-east1, not a multi-region and not a zone."
  }
}

variable "zone" {
  description = "Zone of the Bigtable cluster, in the region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]-[a-z]$", var.zone))
    error_message = "zone is a zone such as southamerica-east1-b."
  }
}

variable "name" {
  description = "Prefix of the names of all resources."
  type        = string
  default     = "acervo"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,14}[a-z0-9]$", var.name))
    error_message = "name has 6 to 16 lower-case letters, digits and hyphens: names of accounts and instances are made of it."
  }
}

variable "labels" {
  description = "Labels of everything that can have them, for splitting the bill. Added to app = name."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ])
    error_message = "labels are lower-case letters, digits, _ and -, at most 63, and a key begins with a letter."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete what holds data: the bucket with files in it, Bigtable, the dataset."
  type        = bool
  default     = true
}

variable "kms_key" {
  description = "Key of your own for everything that keeps data, projects/../locations/REGION/keyRings/../cryptoKeys/..; null: Google's keys. It cannot be changed later for what exists."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key is projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY, without a version."
  }
}

variable "subnetwork" {
  description = "Subnetwork of a host project (Shared VPC) to use, as its full address https://www.googleapis.com/compute/v1/projects/../regions/../subnetworks/..; null: a network is made."
  type        = string
  default     = null

  validation {
    condition     = var.subnetwork == null || can(regex("^https://www.googleapis.com/compute/v1/projects/[^/]+/regions/[^/]+/subnetworks/[^/]+$", var.subnetwork))
    error_message = "subnetwork is https://www.googleapis.com/compute/v1/projects/HOST/regions/REGION/subnetworks/NAME."
  }
}

variable "subnetwork_range" {
  description = "Private addresses of the subnetwork that is made, one for each worker."
  type        = string
  default     = "10.10.0.0/20"

  validation {
    condition     = can(cidrnetmask(var.subnetwork_range))
    error_message = "subnetwork_range is a range of IPv4 addresses such as 10.10.0.0/20."
  }
}

variable "bucket" {
  description = "Name of the bucket for templates, staging and results; null: PROJECT-NAME."
  type        = string
  default     = null
}

variable "archive_buckets" {
  description = "Buckets with archives that workers may read, without gs://."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for bucket in var.archive_buckets : !startswith(bucket, "gs://")])
    error_message = "archive_buckets are names without gs://."
  }
}

variable "bigtable_min_nodes" {
  description = "Minimum number of Bigtable nodes. Before a backfill, the number that make workers prints: autoscaling needs minutes for each step up, and a backfill is at its full rate at once. Set 1 again afterwards."
  type        = number
  default     = 1

  validation {
    condition     = var.bigtable_min_nodes >= 1 && floor(var.bigtable_min_nodes) == var.bigtable_min_nodes
    error_message = "bigtable_min_nodes is a whole number, at least 1."
  }
}

variable "bigtable_max_nodes" {
  description = "Maximum number of Bigtable nodes, which limits the cost."
  type        = number
  default     = 10

  validation {
    condition     = var.bigtable_max_nodes >= 1 && floor(var.bigtable_max_nodes) == var.bigtable_max_nodes
    error_message = "bigtable_max_nodes is a whole number, at least 1."
  }
}

variable "bigtable_cpu_target" {
  description = "CPU load, in percent, that autoscaling aims at."
  type        = number
  default     = 60

  validation {
    condition     = var.bigtable_cpu_target >= 10 && var.bigtable_cpu_target <= 80
    error_message = "bigtable_cpu_target is from 10 to 80."
  }
}

variable "bigtable_backup_days" {
  description = "How many days the daily backup of each Bigtable table is kept; 0: none. Terraform hands it to make tables, which owns the tables."
  type        = number
  default     = 7

  validation {
    condition     = var.bigtable_backup_days == 0 || (var.bigtable_backup_days >= 3 && var.bigtable_backup_days <= 90)
    error_message = "bigtable_backup_days is 0 or from 3 to 90, which is what Bigtable offers."
  }
}

variable "data_boost" {
  description = "Whether to make the app profile by which BigQuery reads Bigtable without using its nodes."
  type        = bool
  default     = false
}

variable "dataset" {
  description = "BigQuery dataset."
  type        = string
  default     = "acervo"

  validation {
    condition     = can(regex("^[a-zA-Z0-9_]+$", var.dataset))
    error_message = "dataset has letters, digits and underscores."
  }
}

variable "retention_days" {
  description = "How long Pub/Sub keeps messages: what a subscription has not acknowledged, and what a topic can be replayed from."
  type        = number
  default     = 7

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 31
    error_message = "retention_days is from 1 to 31."
  }
}

variable "publishers" {
  description = "Who may publish documents, as IAM members such as serviceAccount:billing@my-project.iam.gserviceaccount.com."
  type        = set(string)
  default     = []
}

variable "postgres" {
  description = "Whether to make a secret for the password of PostgreSQL. Its value is added by hand, so that no state file holds it."
  type        = bool
  default     = false
}

variable "deployers" {
  description = "Who may act as the account that deploys and launches: people, groups, or a principalSet of Workload Identity Federation."
  type        = set(string)
  default     = []
}

variable "on_call" {
  description = "Who may view jobs, logs and metrics, and use lookup and query."
  type        = set(string)
  default     = []
}

variable "notification_channels" {
  description = "Where alerts go, projects/../notificationChannels/..; empty: alerts are only shown."
  type        = list(string)
  default     = []
}

variable "tag" {
  description = "Commit (12 characters) whose images and templates exist: the stream and the schedule of reconcile use them. null: make neither."
  type        = string
  default     = null
}

variable "stream" {
  description = "The stream as a job that Terraform launches, updates and drains; null: people do that, with make run-stream. Needs tag."
  type = object({
    num_workers = optional(number, 1)
    max_workers = optional(number, 4)
    parameters  = optional(map(string), {})
  })
  default = null
}

variable "reconcile" {
  description = "When reconcile runs by itself, as cron; null: never. Needs tag."
  type = object({
    schedule    = optional(string, "0 3 * * *")
    time_zone   = optional(string, "America/Sao_Paulo")
    max_workers = optional(number, 4)
    parameters  = optional(map(string), {})
  })
  default = null
}
