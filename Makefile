SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help venv run stream stack flink bench-flink test test-all lint types test-unit test-pipeline test-integration graph bench bench-stream bench-postgres soak catalogue prism report pictures notebook lock bench-kafka clean

PY := .venv/bin/python
PYTEST := $(PY) -m pytest
# A file's tests share what they made, so a file is one process's; the order is kept, for the longest come first.
PARALLEL := -n auto --maxprocesses=4 --dist loadfile --no-loadscope-reorder
BEAM_VERSION = $(shell sed -n 's/^apache-beam==\([^ ;]*\).*/\1/p' requirements.txt)

# Variables given to make reach the recipes through the environment, so paths may hold spaces and globs.
export INPUT SUMMARY RUNNER
# As in templates/Dockerfile: by itself glibc comes to keep large blocks once freed.
export MALLOC_MMAP_THRESHOLD_ ?= 131072
# Compiled modules save each Python process about five seconds of imports.
unexport PYTHONDONTWRITEBYTECODE

help: ## this list
	@echo "Usage: make TARGET [VARIABLE=value]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Each of $(GCP_JOBS) has image-, template-build-, deploy- and run- in Google Cloud: docs/DEPLOY.md"
	@echo "make run takes INPUT=<file, folder or glob> SUMMARY=<file.json> RUNNER=<Beam runner> VERBOSE=1"
	@echo "make stream takes SECONDS=<how long> RATE=<messages a second> SOURCE=<pubsub, kafka or sqs> RUNNER=<runner>"

venv: .venv/.ready ## the virtual environment, from the lock file

.venv/.ready: requirements.txt pyproject.toml setup.py $(wildcard transforms/*/*.pyx transforms/*/*/*.pyx transforms/*/*/*.pxi) local/venv.sh
	@sh local/venv.sh

run: .venv/.ready ## backfill a demo archive, or INPUT=..., and show the result
	@exec $(PY) -m local.run $${INPUT:+--input "$$INPUT"} $${SUMMARY:+--summary "$$SUMMARY"} $${RUNNER:+--runner "$$RUNNER"}

report: .venv/.ready ## the stack's documents as a page, out/report.html; OPEN=1 shows it, LANGUAGE=pt has it in Portuguese
	@exec $(PY) -m local.report $(if $(OPEN),--open) $(if $(filter pt en,$(LANGUAGE)),--lang $(LANGUAGE))

pictures: .venv/.ready ## the pictures of README, of the demo, by Chromium
	@exec $(PY) -m local.pictures

notebook: .venv/.ready ## run docs/analyst.ipynb on the stack, and keep what comes out
	@exec $(PY) -m local.notebook

# Not through the environment: SECONDS is a variable of bash.
stream: .venv/.ready ## the stream, fed with generated documents, and its live counts until Ctrl-C
	@exec $(PY) -m local.live $(if $(SOURCE),--queue "$(SOURCE)") $(if $(SECONDS),--seconds "$(SECONDS)") $(if $(RATE),--rate "$(RATE)") $${RUNNER:+--runner "$$RUNNER"}

stack: .venv/.ready ## keep the local Bigtable, BigQuery and Pub/Sub emulators up; with KAFKA=1 a broker too, with SQS=1 ElasticMQ
	@exec $(PY) -m local.stack $(if $(KAFKA),--kafka) $(if $(SQS),--sqs)

flink: .venv/.ready ## keep a local Flink up: a JobManager, two TaskManagers and Beam's job server
	@exec $(PY) -m local.flink

test: lint types ## all that CI runs: lint, types, and every test
	@$(PYTEST) $(PARALLEL)

test-all: lint types ## the same, and the long tests of faults and of damage
	@$(PYTEST) $(PARALLEL) -m "long or not long"

lint: .venv/.ready
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet .
	@.venv/bin/lint-imports --no-cache

types: .venv/.ready
	@$(PY) -m mypy

test-unit: .venv/.ready ## pure functions
	@$(PYTEST) tests/unit

test-pipeline: .venv/.ready ## pipelines in memory
	@$(PYTEST) tests/pipeline

test-integration: .venv/.ready ## against emulators and PostgreSQL
	@$(PYTEST) tests/integration

graph: .venv/.ready ## save the graph of the stream, against which tests look whether running jobs can be updated
	@$(PY) -m tests.pipeline.graph

bench: .venv/.ready ## every benchmark beside its floor, and the README's table; forty minutes, with a million documents and ten million states at the end
	@$(PY) -m local.bench

bench-stream: .venv/.ready ## from publish to visible in Bigtable and in BigQuery; from Pub/Sub, or SOURCE
	@$(PY) -m local.bench.stream $(if $(SOURCE),--queue "$(SOURCE)")

soak: .venv/.ready ## whether a stream left alone stays as it is: an hour at 50 messages a second, or SECONDS, RATE and SOURCE
	@$(PY) -m local.bench.soak $(if $(SOURCE),--queue "$(SOURCE)") $(if $(SECONDS),--seconds "$(SECONDS)") $(if $(RATE),--rate "$(RATE)")

bench-kafka: .venv/.ready ## Kafka's source and sink beside the bare client, then the stream from Kafka
	@$(PY) -m local.bench.kafka
	@$(PY) -m local.bench.stream --queue kafka --messages 2000

bench-flink: .venv/.ready ## the backfill on Flink beside FnApiRunner, then the stream on Flink
	@$(PY) -m local.bench.flink
	@$(PY) -m local.bench.stream --runner flink --messages 1000 --rate 20 --backlog 0

bench-postgres: .venv/.ready ## extraction from PostgreSQL beside a plain COPY
	@$(PY) -m local.bench.postgres

catalogue: .venv/.ready ## put the texts of the code into the Portuguese catalogue, and compile it
	@$(PY) -m local.catalogue --write

prism: .venv/bin/prism ## Beam's portable local runner, built with Go

.venv/bin/prism: .venv/.ready
	@command -v go >/dev/null || { echo "make prism needs Go: https://go.dev/dl/" >&2; exit 1; }
	@GOBIN="$(CURDIR)/.venv/bin" go install github.com/apache/beam/sdks/v2/go/cmd/prism@v$(BEAM_VERSION)
	@touch $@

lock: ## resolve requirements.txt and templates/requirements.txt again (UPGRADE=1: to the newest versions)
	@test -x .venv/bin/uv || sh local/venv.sh
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --custom-compile-command "make lock" \
		$(if $(UPGRADE),--upgrade) --extra aws --extra kafka --extra local --extra report --extra dev pyproject.toml -o requirements.txt
	@.venv/bin/uv pip compile --quiet --python-platform linux --python-version 3.11 --custom-compile-command "make lock" \
		-c requirements.txt --no-annotate --extra aws --extra kafka pyproject.toml -o templates/requirements.txt

clean: ## remove the virtual environment and caches
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info transforms/parse/sax/*.so transforms/truth/*.so

include templates/gcp.mk
