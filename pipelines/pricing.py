"""What things cost and how much of them a document needs: every number with its source and date.

Prices are list prices in US dollars, without discounts. ``PRICES`` are those of HOME; REGIONS has what is known of
other regions. What is not known of a region is taken from HOME, and the report says so. Change any of them on the
command line: ``python -m pipelines.cost --set NAME=VALUE``.
"""

from __future__ import annotations

from typing import NamedTuple

from transforms.language import mark

GIB = 1 << 30
GB = 1e9


# How a number is known: measured here, read in what its source names, assumed by us, or given for one calculation.
MEASURED, READ, ASSUMED, GIVEN = "measured", "read", "assumed", "given"


class Constant(NamedTuple):
    """A number of the model: its unit, where it comes from, when it was read or measured, and how it is known."""

    value: float
    unit: str
    source: str
    date: str
    known: str = READ


_BEAM = "apache-beam 2.77, testing/load_tests/dataflow_cost_consts.py, from cloud.google.com/dataflow/pricing"
_UNREAD = "list price as known on that day, not read from the page: read it before you decide"
_BIGTABLE = f"cloud.google.com/bigtable/pricing, SSD; {_UNREAD}"
_BIGQUERY = "cloud.google.com/bigquery/pricing"
_PUBSUB = "cloud.google.com/pubsub/pricing"
_SAMPLE = (
    "635 generated inputs (documents, events, voided ranges) backfilled, 2026-11-24: rows as sent; and 308 for the "
    "taxes of items, by 1,571 inputs"
)
_BY_SIZE = "1,500 generated inputs of 1 to 30 kB, straight line of it by payload bytes"
_NO_FILE = "pipelines/measured.json is missing: a guess"

PRICES = {
    "vcpu_hour_batch": Constant(0.056, mark("$ per vCPU-hour"), _BEAM, "2026-11-23"),
    "vcpu_hour_stream": Constant(0.069, mark("$ per vCPU-hour"), _BEAM, "2026-11-23"),
    "gb_hour": Constant(0.003557, mark("$ per GB-hour of memory"), _BEAM, "2026-11-23"),
    "disk_gb_hour": Constant(0.000054, mark("$ per GB-hour of disk"), _BEAM, "2026-11-23"),
    "shuffle_gb": Constant(0.011, mark("$ per GB shuffled, batch"), _BEAM, "2026-11-23"),
    "bigtable_node_hour": Constant(0.65, mark("$ per node-hour"), _BIGTABLE, "2026-11-24"),
    "bigtable_gib_month": Constant(0.17, mark("$ per GiB-month"), _BIGTABLE, "2026-11-24"),
    "bigquery_write_gib": Constant(
        0.025, mark("$ per GiB by the Storage Write API, after 2 TiB a month"), f"{_BIGQUERY}; {_UNREAD}", "2026-11-24"
    ),
    "bigquery_gib_month": Constant(
        0.04, mark("$ per GiB-month, physical, active"), f"{_BIGQUERY}; {_UNREAD}", "2026-11-30"
    ),
    "bigquery_query_tib": Constant(
        6.25, mark("$ per TiB scanned, on demand, after 1 TiB a month"), f"{_BIGQUERY}, on-demand compute", "2026-09-18"
    ),
    "pubsub_tib": Constant(40.0, mark("$ per TiB, each way"), _PUBSUB, "2026-09-20"),
}
# The same everywhere.
WORLDWIDE = ("pubsub_tib",)
HOME = "us-central1"
# What is known of other regions. A price belongs here once it was read for that region, with where and when.
REGIONS: dict[str, dict[str, Constant]] = {
    "southamerica-east1": {
        "bigquery_query_tib": PRICES["bigquery_query_tib"]._replace(
            value=11.25, source=f"{_BIGQUERY}, on-demand compute, São Paulo"
        ),
    },
}


def prices_of(region: str) -> tuple[dict[str, Constant], list[str]]:
    """The prices for a region, and the names of those that are not known there and are HOME's."""
    own = REGIONS.get(region, {})
    unknown = [name for name in PRICES if region != HOME and name not in own and name not in WORLDWIDE]
    return {**PRICES, **own}, unknown


NEEDS = {
    "cpu_seconds": Constant(0.002, mark("vCPU-seconds per document"), _NO_FILE, "2026-11-24", ASSUMED),
    "payload_bytes": Constant(7_900, mark("bytes per document as received"), _NO_FILE, "2026-11-24", ASSUMED),
    "sample_bytes": Constant(
        7_900, mark("bytes of the documents that CPU was measured on"), _NO_FILE, "2026-11-24", ASSUMED
    ),
    "cpu_seconds_share": Constant(
        0.77, mark("share of a document's CPU that grows with its bytes"), _BY_SIZE, "2026-11-29", MEASURED
    ),
    "bigtable_bytes": Constant(
        2_203,
        mark("bytes per document in Bigtable"),
        "2,135 generated inputs backfilled, 2026-11-27: cells with their keys; 1,830 of records, 340 of counts; and 33 "
        "for the taxes of items, by 1,571 inputs",
        "2026-11-30",
        MEASURED,
    ),
    "bigtable_bytes_share": Constant(0.43, mark("share of those that grows with it"), _BY_SIZE, "2026-11-29", MEASURED),
    "bigquery_bytes": Constant(2_778, mark("bytes per document in BigQuery"), _SAMPLE, "2026-11-30", MEASURED),
    "bigquery_bytes_share": Constant(0.64, mark("share of those that grows with it"), _BY_SIZE, "2026-11-29", MEASURED),
    "bigquery_ratio": Constant(
        3.64,
        mark("how many times smaller BigQuery stores them"),
        "rows of 1,171 keys of generated inputs: as sent, against Parquet with zstd, as BigQuery's own form cannot be "
        "measured here",
        "2026-11-30",
        MEASURED,
    ),
    "state_bytes": Constant(
        402,
        mark("bytes per document that a query of document_state scans"),
        "1,000 generated inputs: docs/QUERY_COSTS.md, with the changes of a day over the table of states",
        "2026-11-29",
        MEASURED,
    ),
    "state_queries": Constant(
        30, mark("such queries a month"), "assumed: one a day, without caching", "2026-11-29", ASSUMED
    ),
    "shuffle_bytes": Constant(
        100,
        mark("bytes per document shuffled"),
        "assumed: counts only, combined before the shuffle; XML is not shuffled, unless archives are spread",
        "2026-11-24",
        ASSUMED,
    ),
    "spread_bytes": Constant(
        2_430,
        mark("bytes per document shuffled where archives are spread"),
        "2,000 generated documents of 8,169 bytes in packs of 1 MB, zstd level 1; 32 µs of CPU each, reading 101 µs",
        "2026-11-29",
        MEASURED,
    ),
    "bigtable_requests": Constant(
        1.05,
        mark("conditional writes per document"),
        "transforms/truth/transaction.py: one for the first of a key, a read and a write for others; share assumed",
        "2026-11-24",
        ASSUMED,
    ),
    "count_writes": Constant(
        0.3,
        mark("writes of partial sums per document of a bounded run"),
        "assumed: a change counts in three sums (measured), and one in ten of them is new to the run",
        "2026-11-29",
        ASSUMED,
    ),
    "log_writes": Constant(
        0.1,
        mark("rows of the change log written per live document"),
        "a stream of 3,862 generated messages at 40/s: 307 rows with 3,369 cells, and 22 deleted marks",
        "2026-11-29",
        MEASURED,
    ),
    "sum_writes": Constant(
        2.25,
        mark("writes of sums of the log per live document"),
        "the same stream: 8,680 rows of sums; fewer where more documents share a slot of four seconds",
        "2026-11-29",
        MEASURED,
    ),
    "peak": Constant(
        5.0, mark("rate of the stream at its peak, in means of the month"), "assumed", "2026-11-29", ASSUMED
    ),
}

LIMITS = {
    "bigtable_writes": Constant(
        14_000, mark("rows of 1 KB per second per SSD node"), "cloud.google.com/bigtable/docs/performance", "2026-11-24"
    ),
    "conditional_share": Constant(
        0.5,
        mark("share of that for a conditional write, which reads first"),
        "assumed; cloud.google.com/bigtable/docs/performance gives 17,000 reads and 14,000 writes a second",
        "2026-11-24",
        ASSUMED,
    ),
    "node_target": Constant(
        0.7, mark("CPU of a node to aim at"), "cloud.google.com/bigtable/docs/monitoring-instance", "2026-11-24"
    ),
    "node_storage_bytes": Constant(
        3.5e12,
        mark("bytes a node should hold"),
        "cloud.google.com/bigtable/quotas: 5 TB per SSD node, 70% used",
        "2026-11-24",
    ),
    "worker_use": Constant(
        0.8,
        mark("share of worker CPU that documents get"),
        "assumed: start, autoscaling, uneven ends",
        "2026-11-24",
        ASSUMED,
    ),
    "vcpu_speed": Constant(
        1.0,
        mark("speed of a vCPU against the core of the benchmark"),
        "assumed; one hyperthread",
        "2026-11-24",
        ASSUMED,
    ),
}

# The documents in them: what an archive holds of another size is told by this.
ARCHIVED_PAYLOAD = 7_440
_ARCHIVES = "python -m local.generate --count 4000 --archive {}: 4,165 inputs of 7,440 bytes, signed"
# Bytes that a document takes in an archive, by the end of the archive's name; else it takes payload_bytes.
ARCHIVED = {
    ".zip": Constant(
        3_645, mark("bytes per document in a zip archive"), _ARCHIVES.format("zip"), "2026-11-30", MEASURED
    ),
    ".gz": Constant(2_032, mark("bytes per document in a tar.gz"), _ARCHIVES.format("tar.gz"), "2026-11-30", MEASURED),
    ".tgz": Constant(2_032, mark("bytes per document in a tar.gz"), _ARCHIVES.format("tar.gz"), "2026-11-30", MEASURED),
}

# What lines were before they were lowered: docs/decisions/0011-cost-lines.md.
BEFORE = {
    "bigquery_logical_gib_month": Constant(0.02, "$", _BIGQUERY, "2023-09-06"),
    "stream_vcpus": Constant(4, "vCPUs", "templates/gcp.mk until 2026-11-30", "2026-11-30"),
}
COMMITTED = Constant(
    0.4,
    "off the price of nodes for three years",
    f"docs.archera.ai, Cloud Bigtable, figures of March 2026; {_UNREAD}",
    "2026-11-30",
)

_REPARSED = "python -m local.bench.reparse --documents 4000, on a machine that others used too: CPU of the job alone"
# CPU of a record in a reparse, as a share of what it takes in a backfill.
REPARSE = {
    "otherwise": Constant(
        0.67, mark("of a backfill's CPU, where it is read otherwise"), _REPARSED, "2026-11-29", MEASURED
    ),
    "same": Constant(
        0.36, mark("of a backfill's CPU, where it is read as it is stored"), _REPARSED, "2026-11-29", MEASURED
    ),
}

ALL = {**PRICES, **NEEDS, **LIMITS}
