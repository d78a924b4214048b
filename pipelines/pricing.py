"""What things cost and how much of them a document needs: every number with its source and date.

Prices are list prices of us-central1 in US dollars, without discounts; in other regions they differ, and in South
America they are higher. Change any of them on the command line: ``python -m pipelines.cost --set NAME=VALUE``.
"""

from __future__ import annotations

from typing import NamedTuple

GIB = 1 << 30
GB = 1e9


class Constant(NamedTuple):
    """A number of the model: its unit, where it comes from, and when it was read or measured."""

    value: float
    unit: str
    source: str
    date: str


_BEAM = "apache-beam 2.77, testing/load_tests/dataflow_cost_consts.py, from cloud.google.com/dataflow/pricing"
_UNREAD = "list price as known on that day, not read from the page: read it before you decide"
_BIGTABLE = f"cloud.google.com/bigtable/pricing, SSD; {_UNREAD}"
_BIGQUERY = "cloud.google.com/bigquery/pricing"
_PUBSUB = "cloud.google.com/pubsub/pricing"
_SAMPLE = "635 generated inputs (documents, events, voided ranges) backfilled: rows as sent"
_NOT_MEASURED = "assumed, not measured: no benchmark result in local/bench/results (make bench writes one)"

PRICES = {
    "vcpu_hour_batch": Constant(0.056, "$ per vCPU-hour", _BEAM, "2026-11-23"),
    "vcpu_hour_stream": Constant(0.069, "$ per vCPU-hour", _BEAM, "2026-11-23"),
    "gb_hour": Constant(0.003557, "$ per GB-hour of memory", _BEAM, "2026-11-23"),
    "disk_gb_hour": Constant(0.000054, "$ per GB-hour of disk", _BEAM, "2026-11-23"),
    "shuffle_gb": Constant(0.011, "$ per GB shuffled, batch", _BEAM, "2026-11-23"),
    "bigtable_node_hour": Constant(0.65, "$ per node-hour", _BIGTABLE, "2026-11-24"),
    "bigtable_gib_month": Constant(0.17, "$ per GiB-month", _BIGTABLE, "2026-11-24"),
    "bigquery_write_gib": Constant(
        0.025, "$ per GiB by the Storage Write API, after 2 TiB a month", f"{_BIGQUERY}; {_UNREAD}", "2026-11-24"
    ),
    "bigquery_gib_month": Constant(0.02, "$ per GiB-month, logical, active", _BIGQUERY, "2023-09-06"),
    "pubsub_tib": Constant(40.0, "$ per TiB, each way", _PUBSUB, "2026-09-20"),
}

NEEDS = {
    "cpu_seconds": Constant(0.002, "vCPU-seconds per document", _NOT_MEASURED, "2026-11-24"),
    "payload_bytes": Constant(7_900, "bytes per document as received", _NOT_MEASURED, "2026-11-24"),
    "bigtable_bytes": Constant(
        2_170,
        "bytes per document in Bigtable",
        "2,135 generated inputs backfilled: cells with their keys; 1,830 of records, 340 of counts",
        "2026-11-27",
    ),
    "bigquery_bytes": Constant(2_470, "bytes per document in BigQuery", _SAMPLE, "2026-11-24"),
    "shuffle_bytes": Constant(
        100,
        "bytes per document shuffled",
        "assumed: counts only, combined before the shuffle; XML is never shuffled",
        "2026-11-24",
    ),
    "bigtable_requests": Constant(
        1.05,
        "conditional writes per document",
        "transforms/truth/transaction.py: one for the first of a key, a read and a write for others; share assumed",
        "2026-11-24",
    ),
}

LIMITS = {
    "bigtable_writes": Constant(
        14_000, "rows of 1 KB per second per SSD node", "cloud.google.com/bigtable/docs/performance", "2026-11-24"
    ),
    "conditional_share": Constant(
        0.5,
        "share of that for a conditional write, which reads first",
        "assumed; cloud.google.com/bigtable/docs/performance gives 17,000 reads and 14,000 writes a second",
        "2026-11-24",
    ),
    "node_target": Constant(
        0.7, "CPU of a node to aim at", "cloud.google.com/bigtable/docs/monitoring-instance", "2026-11-24"
    ),
    "node_storage_bytes": Constant(
        3.5e12,
        "bytes a node should hold",
        "cloud.google.com/bigtable/quotas: 5 TB per SSD node, 70% used",
        "2026-11-24",
    ),
    "worker_use": Constant(
        0.8, "share of worker CPU that documents get", "assumed: start, autoscaling, uneven ends", "2026-11-24"
    ),
    "vcpu_speed": Constant(
        1.0, "speed of a vCPU against the core of the benchmark", "assumed; a vCPU is one hyperthread", "2026-11-24"
    ),
}

_ARCHIVES = "python -m local.generate --count 4000 --archive {}: 4,171 inputs of 7,737 bytes, signed"
# Bytes that a document takes in an archive, by the end of the archive's name; else it takes payload_bytes.
ARCHIVED = {
    ".zip": Constant(3_997, "bytes per document in a zip archive", _ARCHIVES.format("zip"), "2026-11-27"),
    ".gz": Constant(2_646, "bytes per document in a tar.gz", _ARCHIVES.format("tar.gz"), "2026-11-27"),
    ".tgz": Constant(2_646, "bytes per document in a tar.gz", _ARCHIVES.format("tar.gz"), "2026-11-27"),
}

ALL = {**PRICES, **NEEDS, **LIMITS}
