# Google Cloud: images, Flex Templates, launches. Every line that touches a project is written out in full, so that
# make -n shows what would be done. docs/DEPLOY.md goes through it from nothing; docs/RUNBOOK.md is for people on call.

# Where: no defaults, these are yours.
#   PROJECT          project id
#   REGION           such as southamerica-east1; Bigtable, the bucket and the dataset belong in the same one
#   BUCKET           Cloud Storage bucket without gs://, for templates, staging and temporary files
#   REPOSITORY       Artifact Registry repository (Docker)
#   SUBNETWORK       regions/<region>/subnetworks/<name>, with Private Google Access
#   SERVICE_ACCOUNT  account that launcher and workers run as
# What:
TAG ?= $(shell git rev-parse --short=12 HEAD)
DATASET ?= acervo
BIGTABLE_INSTANCE ?= acervo
BIGTABLE_TABLE ?= acervo
BIGTABLE_APP_PROFILE ?= default
#   INPUT            what a backfill reads
#   HOURS            with workers: in how many hours it is to be done
#   PARAMETERS       further parameters of the job, NAME=VALUE, separated by spaces
#   KMS_KEY          projects/../cryptoKeys/<name>: encrypts what Dataflow keeps
#   LABELS           labels of a job for the bill, NAME=VALUE, separated by commas
#   JOB_NAME         another name than acervo-<job>
#   UPDATE=1         replaces the running streaming job of the same name
#   BUILD_ACCOUNT    account that Cloud Build runs as (else the project's default)
#   BUILDER=docker   builds images on this machine instead of in Cloud Build
#   BACKUP_DAYS      with tables: daily backups of all Bigtable tables, kept for so many days, 3 to 90; 0 ends them
#   EXTERNAL=name    with tables: also a BigQuery table of that name over the Bigtable table of records
#   EXTERNAL_APP_PROFILE  app profile by which BigQuery reads it, such as one of Data Boost
#   DRY_RUN=1        with tables: says what would be done and does nothing

# Machines. A job is bound by Python on a CPU, and Dataflow starts one Python process per vCPU: what counts is fast
# cores, with memory for a process each. N2 is of a newer generation than N1 and E2, costs the same in Dataflow, and is
# offered in all regions; 4 GB per vCPU is what a process with its batches needs, twice over.
WORKER_MACHINE ?= n2-standard-4
# A stream's workers are paid all month, at least one: a smaller one takes 1,600 documents a second, and more come with
# a backlog.
STREAM_MACHINE ?= n2-standard-2
machine_of = $(if $(filter $(1),$(STREAMING_JOBS)),$(STREAM_MACHINE),$(WORKER_MACHINE))
# While one thread of a process waits for Bigtable or BigQuery, others parse; more than a few only share one core and
# multiply the memory held by batches. Dataflow's own default is 12.
THREADS ?= 4
# The Shuffle service and Streaming Engine keep what is in transit; a disk holds the image (1 GB), logs, and at most
# one archive per thread.
DISK_GB ?= 50
# Most workers: make workers INPUT=.. HOURS=.. computes them from the size of the input and says what they cost. A bounded
# job starts with half, since growing from one worker takes autoscaling a quarter of an hour; the stream starts with one,
# and grows with its backlog.
MAX_WORKERS ?= 20
NUM_WORKERS ?= 10
# Building the graph imports Beam and lists the input: on the default n1-standard-1 that takes minutes.
LAUNCHER_MACHINE ?= e2-standard-2

GCP_JOBS := $(sort $(basename $(notdir $(wildcard templates/*.json))))
STREAMING_JOBS := $(sort $(basename $(notdir $(shell grep -l '"streaming": true' templates/*.json))))
REGISTRY = $(REGION)-docker.pkg.dev/$(PROJECT)/$(REPOSITORY)
image_of = $(REGISTRY)/acervo-$(1):$(TAG)
template_of = gs://$(BUCKET)/templates/acervo-$(1)-$(TAG).json
# Values may hold commas (a list of files), so gcloud is given another separator.
parameter = --parameters='^~^$(1)'
need = $(foreach name,$(1),$(if $($(name)),,$(error $(name) is not set; see the head of templates/gcp.mk)))
STORES = $(call parameter,bigtable_instance=$(BIGTABLE_INSTANCE)) \
	$(call parameter,bigtable_table=$(BIGTABLE_TABLE)) \
	$(call parameter,bigtable_app_profile=$(BIGTABLE_APP_PROFILE)) \
	$(call parameter,dataset=$(DATASET))

TERRAFORM := .venv/bin/terraform
MODULES := templates/terraform

.PHONY: templates tables workers image template-build terraform terraform-check environment $(foreach verb,image template-build deploy run,$(GCP_JOBS:%=$(verb)-%))

templates: .venv/.ready ## check every Flex Template against its job's options
	@$(PY) -m templates.metadata

tables: .venv/.ready ## create or migrate tables and views: in PROJECT, or in the local stack that is up
	$(if $(PROJECT),$(call need,REGION),GOOGLE_CLOUD_PROJECT= )$(PY) -m pipelines.tables$(if $(PROJECT), \
		--project=$(PROJECT) \
		--location=$(REGION)) \
		--dataset=$(DATASET) \
		--bigtable_instance=$(BIGTABLE_INSTANCE) \
		--bigtable_table=$(BIGTABLE_TABLE) \
		--bigtable_app_profile=$(BIGTABLE_APP_PROFILE)$(if $(EXTERNAL), \
		--external_table=$(EXTERNAL))$(if $(EXTERNAL_APP_PROFILE), \
		--external_app_profile=$(EXTERNAL_APP_PROFILE))$(if $(BACKUP_DAYS), \
		--backup_days=$(BACKUP_DAYS))$(if $(DRY_RUN), \
		--dry_run)

workers: .venv/.ready ## how many workers read INPUT in HOURS, what it costs, and what decides it
	$(if $(and $(INPUT),$(HOURS)),,$(error say what to read and in how many hours, such as: make workers INPUT='gs://bucket/2025/**' HOURS=4 (INPUT may be local too)))$(PY) -m pipelines.cost --input='$(INPUT)' --hours=$(HOURS) --disk_gb=$(DISK_GB)$(if $(REGION), --region=$(REGION))

terraform: $(TERRAFORM) ## Terraform, built with Go, for those who have none

# The last version that go install builds. Modules need this one or a newer one.
$(TERRAFORM): .venv/.ready
	@command -v go >/dev/null || { echo "make terraform needs Go: https://go.dev/dl/" >&2; exit 1; }
	@GOBIN="$(CURDIR)/.venv/bin" go install github.com/hashicorp/terraform@v1.5.7
	@touch $@

terraform-check: .venv/.ready ## check the Terraform modules against Google's schema, without a network
	@$(PYTEST) tests/unit/terraform

environment: ## write acervo.env, what make needs, from what terraform made
	$(or $(wildcard $(TERRAFORM)),terraform) -chdir=$(MODULES) output -raw environment > acervo.env

define build_images
$(call need,PROJECT REGION REPOSITORY BUCKET)$(if $(filter docker,$(BUILDER)),$(call docker_build,$(1)),$(call cloud_build,$(1)))
endef

cloud_build = gcloud builds submit . --project=$(PROJECT) --region=$(REGION) --config=templates/cloudbuild.yaml \
		--gcs-source-staging-dir=gs://$(BUCKET)/source$(if $(BUILD_ACCOUNT), \
		--service-account=projects/$(PROJECT)/serviceAccounts/$(BUILD_ACCOUNT)) \
		--substitutions='^~^_JOBS=$(1)~_IMAGES=$(REGISTRY)~_TAG=$(TAG)'

docker_build = set -e; $(foreach job,$(1),\
		docker build -f templates/Dockerfile --build-arg JOB=$(job) --build-arg IMAGE=$(call image_of,$(job)) \
			-t $(call image_of,$(job)) .; \
		docker push $(call image_of,$(job));)

image: ## build and push the images of all jobs
	$(call build_images,$(GCP_JOBS))

$(GCP_JOBS:%=image-%): image-%:
	$(call build_images,$*)

template-build: $(GCP_JOBS:%=template-build-%) ## write the template files of all jobs to BUCKET

$(GCP_JOBS:%=template-build-%): template-build-%: templates
	$(call need,PROJECT REGION BUCKET REPOSITORY SUBNETWORK SERVICE_ACCOUNT)gcloud dataflow flex-template build \
		$(call template_of,$*) \
		--project=$(PROJECT) \
		--image=$(call image_of,$*) \
		--sdk-language=PYTHON \
		--metadata-file=templates/$*.json \
		--staging-location=gs://$(BUCKET)/staging \
		--temp-location=gs://$(BUCKET)/temp \
		--service-account-email=$(SERVICE_ACCOUNT) \
		--subnetwork=$(SUBNETWORK) \
		--disable-public-ips \
		--worker-machine-type=$(call machine_of,$*) \
		--max-workers=$(MAX_WORKERS)$(if $(filter $*,$(STREAMING_JOBS)), --enable-streaming-engine)$(if $(KMS_KEY), \
		--dataflow-kms-key=$(KMS_KEY))

# One after the other, whatever -j says: the template names the image.
$(GCP_JOBS:%=deploy-%): deploy-%:
	$(MAKE) image-$*
	$(MAKE) template-build-$*

# One to start with for a stream, unless another number was given on the command line or in the environment.
first_workers = $(if $(and $(filter $(1),$(STREAMING_JOBS)),$(filter file,$(origin NUM_WORKERS))),1,$(NUM_WORKERS))

# A streaming job keeps its name, by which an update finds it; every batch job has one of its own.
job_name = $(if $(JOB_NAME),$(JOB_NAME),acervo-$(1))$(if $(filter $(1),$(STREAMING_JOBS)),,-$$(date +%Y%m%d-%H%M%S))

# Batch jobs pay per vCPU and GB; streaming jobs use Streaming Engine, billed by the resources it uses and not by
# bytes, which is the cheaper of the two where payloads are as large as XML.
streaming_flags = --enable-streaming-engine \
		--additional-experiments=enable_streaming_engine_resource_based_billing $(if $(UPDATE),--update)

$(GCP_JOBS:%=run-%): run-%:
	$(call need,PROJECT REGION BUCKET REPOSITORY SUBNETWORK SERVICE_ACCOUNT)gcloud dataflow flex-template run \
		$(call job_name,$*) \
		--project=$(PROJECT) \
		--region=$(REGION) \
		--template-file-gcs-location=$(call template_of,$*) \
		--staging-location=gs://$(BUCKET)/staging \
		--temp-location=gs://$(BUCKET)/temp \
		--service-account-email=$(SERVICE_ACCOUNT) \
		--subnetwork=$(SUBNETWORK) \
		--disable-public-ips \
		--launcher-machine-type=$(LAUNCHER_MACHINE) \
		--worker-machine-type=$(call machine_of,$*) \
		--num-workers=$(call first_workers,$*) \
		--max-workers=$(MAX_WORKERS)$(if $(filter $*,$(STREAMING_JOBS)), $(streaming_flags))$(if $(KMS_KEY), \
		--dataflow-kms-key=$(KMS_KEY))$(if $(LABELS), \
		--additional-user-labels=$(LABELS)) \
		$(call parameter,sdk_container_image=$(call image_of,$*)) \
		$(call parameter,number_of_worker_harness_threads=$(THREADS)) \
		$(call parameter,disk_size_gb=$(DISK_GB)) \
		$(STORES)$(if $(filter backfill,$*), \
		$(call parameter,input=$(INPUT)))$(foreach given,$(PARAMETERS), $(call parameter,$(given)))
