"""The model of what a backfill costs and how long it takes. Pure, except for reading the measured figures."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.pricing import BEFORE, COMMITTED, GB, GIB, MEASURED, NEEDS, REPARSE, Constant
from transforms.language import mark, say

QUERIES = mark("BigQuery, {number:g} queries of every state")

# A result of the benchmark of the backfill, as it wrote it: the newest that was kept.
MEASURED_FILE = Path(__file__).with_name("measured.json")
# Of a worker of a bounded job, and of a stream: templates/gcp.mk says why.
VCPUS, MEMORY_GB = 4, 16
STREAM_VCPUS, STREAM_MEMORY_GB = 2, 8
HOURS_A_MONTH = 730
SECONDS_A_MONTH = HOURS_A_MONTH * 3600
FREE_QUERY_TIB = 1
TIB = GIB * 1024
FREE_WRITE_GIB = 2048


class Work(NamedTuple):
    """What is to be done and with what. ``live`` documents a month come through Pub/Sub afterwards.

    ``nodes`` 0: the fewest that do not hold the workers up. ``spread``: documents that go through a shuffle whole,
    because one thread reads the archive that holds them.
    """

    documents: int
    workers: int
    nodes: int
    disk_gb: int
    live: int
    spread: int = 0


class Estimate(NamedTuple):
    """Hours, Bigtable nodes, dollars once and a month (by name); ``bound`` names what the hours wait for."""

    hours: float
    nodes: int
    bound: str
    once: dict[str, float]
    monthly: dict[str, float]

    @property
    def total(self) -> float:
        """Dollars for the backfill itself."""
        return sum(self.once.values())


def estimate(work: Work, values: Mapping[str, float]) -> Estimate:
    """The model, all of it. ``values`` are those of ``pricing.ALL``, by name."""
    values = of_size(values)
    by_workers = hours_of_workers(work, values)
    nodes = work.nodes or nodes_before(work, values)
    by_nodes = work.documents * writes_of(values) / (nodes * writes_per_node(values) * 3600)
    hours = max(by_workers, by_nodes)
    kept = max(nodes_of_storage(work, values), nodes_of_stream(work.live, values))
    shuffled = work.documents * values["shuffle_bytes"] + work.spread * values["spread_bytes"]
    return Estimate(
        hours,
        nodes,
        mark("Bigtable nodes") if by_nodes > by_workers else mark("workers"),
        {
            mark("Dataflow vCPU"): hours * work.workers * VCPUS * values["vcpu_hour_batch"],
            mark("Dataflow memory"): hours * work.workers * MEMORY_GB * values["gb_hour"],
            mark("Dataflow disk"): hours * work.workers * work.disk_gb * values["disk_gb_hour"],
            mark("Dataflow shuffle"): shuffled / GB * values["shuffle_gb"],
            mark("Bigtable nodes"): hours * nodes * values["bigtable_node_hour"],
            mark("BigQuery writes"): written(work.documents, values),
        },
        {
            mark("Bigtable storage"): work.documents * values["bigtable_bytes"] / GIB * values["bigtable_gib_month"],
            mark("BigQuery storage"): stored(work.documents, values),
            mark("Pub/Sub, in and out"): 2 * work.live * values["payload_bytes"] / (GIB * 1024) * values["pubsub_tib"],
            mark("Dataflow, the stream"): stream(work.live, values),
            say(QUERIES, number=values["state_queries"]): queries(work.documents, values),
            say("Bigtable nodes kept: {kept}", kept=kept): kept * values["bigtable_node_hour"] * HOURS_A_MONTH,
        },
    )


def reparse(work: Work, values: Mapping[str, float]) -> Estimate:
    """A reparse of all documents, if each is read differently: it writes as much as a backfill, but no XML."""
    share = REPARSE["otherwise"].value
    return estimate(work._replace(spread=0), {**values, "cpu_seconds": values["cpu_seconds"] * share})


def stream(live: int, values: Mapping[str, float]) -> float:
    """Dollars a month for the workers of the stream: at least one, all the time. Streaming Engine comes on top."""
    capacity = HOURS_A_MONTH * 3600 * STREAM_VCPUS * values["worker_use"] * values["vcpu_speed"]
    workers = math.ceil(live * values["cpu_seconds"] / capacity)
    return workers * HOURS_A_MONTH * (STREAM_VCPUS * values["vcpu_hour_stream"] + STREAM_MEMORY_GB * values["gb_hour"])


def hours_of_workers(work: Work, values: Mapping[str, float]) -> float:
    """Hours that the CPUs of the workers need."""
    seconds = work.documents * of_size(values)["cpu_seconds"] / values["vcpu_speed"]
    return seconds / (work.workers * VCPUS * values["worker_use"] * 3600)


def workers_for(work: Work, hours: float, values: Mapping[str, float]) -> int:
    """Workers whose CPUs need no more than these hours."""
    return max(1, math.ceil(hours_of_workers(work._replace(workers=1), values) / hours - 1e-9))


def of_size(values: Mapping[str, float]) -> dict[str, float]:
    """The values for documents of ``payload_bytes``; CPU and stored bytes were measured at ``sample_bytes``.

    A part of each is the same for any document; the rest grows in proportion to its size.
    """
    found = dict(values)
    ratio = values["payload_bytes"] / values["sample_bytes"]
    for name in ("cpu_seconds", "bigtable_bytes", "bigquery_bytes", "spread_bytes"):
        share = values.get(f"{name}_share", 1.0)
        found[name] = values[name] * (1 - share + share * ratio)
    found["sample_bytes"] = values["payload_bytes"]
    return found


def nodes_before(work: Work, values: Mapping[str, float]) -> int:
    """Fewest Bigtable nodes before a backfill: for the rate at which the workers write, and for what they store."""
    writes = work.documents * writes_of(of_size(values)) / (hours_of_workers(work, values) * 3600)
    return max(1, math.ceil(writes / writes_per_node(values) - 1e-9), nodes_of_storage(work, values))


def nodes_of_storage(work: Work, values: Mapping[str, float]) -> int:
    """Nodes that may hold what is stored of all documents."""
    return max(1, math.ceil(work.documents * of_size(values)["bigtable_bytes"] / values["node_storage_bytes"]))


def nodes_of_stream(live: int, values: Mapping[str, float]) -> int:
    """Nodes that take the stream's writes at its peak: of records, of the change log, and of the sums over it."""
    each = writes_of(of_size(values)) + values["log_writes"] + values["sum_writes"]
    return math.ceil(live / SECONDS_A_MONTH * values["peak"] * each / writes_per_node(values))


def scanned(documents: int, values: Mapping[str, float]) -> float:
    """Bytes that a query of every document's state scans."""
    return documents * values["state_bytes"]


def queries(documents: int, values: Mapping[str, float]) -> float:
    """Dollars a month for so many queries of every state, on demand."""
    tib = values["state_queries"] * scanned(documents, values) / TIB
    return max(0.0, tib - FREE_QUERY_TIB) * values["bigquery_query_tib"]


def writes_of(values: Mapping[str, float]) -> float:
    """Writes of 1 KB that a document of a backfill is worth: no less than its requests, more when it has more bytes;
    what its requests read first, once each whatever their bytes; and its part of the partial sums of the run's end."""
    written = max(values["bigtable_requests"], values["bigtable_bytes"] / 1000) + values["count_writes"]
    return written + values["bigtable_requests"] * (1 / values["conditional_share"] - 1)


def writes_per_node(values: Mapping[str, float]) -> float:
    """Writes of 1 KB a second that a node sustains."""
    return values["bigtable_writes"] * values["node_target"]


def stored(documents: int, values: Mapping[str, float]) -> float:
    """Dollars a month for rows in BigQuery, billed as they are compressed."""
    physical = documents * values["bigquery_bytes"] / values["bigquery_ratio"]
    return physical / GIB * values["bigquery_gib_month"]


class Lowered(NamedTuple):
    """A line of the month: dollars before and after, and what was given for it."""

    line: str
    before: float
    after: float
    traded: str


def lowered(work: Work, values: Mapping[str, float]) -> list[Lowered]:
    """Lines that were made smaller by design, and the largest, which somebody may."""
    values = of_size(values)
    nodes = max(nodes_of_storage(work, values), nodes_of_stream(work.live, values))
    kept = nodes * values["bigtable_node_hour"] * HOURS_A_MONTH
    logical = work.documents * values["bigquery_bytes"] / GIB * BEFORE["bigquery_logical_gib_month"].value
    larger = BEFORE["stream_vcpus"].value / STREAM_VCPUS
    return [
        Lowered(mark("Dataflow, the stream"), stream(work.live, values) * larger, stream(work.live, values), SMALLER),
        Lowered(mark("BigQuery storage"), logical, stored(work.documents, values), PHYSICAL),
        Lowered(mark("Bigtable nodes kept"), kept, kept * (1 - COMMITTED.value), COMMITMENT),
    ]


SMALLER = mark("a worker of two vCPUs: a second one is started at half the rate")
PHYSICAL = mark(
    "billed as compressed: two days of time travel instead of seven, and what was replaced is paid for nine"
)
COMMITMENT = mark("not done: paid for three years, whatever is kept")


def written(documents: int, values: Mapping[str, float]) -> float:
    """Dollars for rows written to BigQuery."""
    return max(0.0, documents * values["bigquery_bytes"] / GIB - FREE_WRITE_GIB) * values["bigquery_write_gib"]


def sensitivity(work: Work, values: Mapping[str, float]) -> list[tuple[str, float, float, float]]:
    """For each number: dollars and hours more when it is a quarter larger, and dollars a month; largest first."""
    base = estimate(work, values)
    found = []
    for name, value in values.items():
        changed = estimate(work, {**values, name: value * 1.25})
        monthly = sum(changed.monthly.values()) - sum(base.monthly.values())
        found.append((name, changed.total - base.total, changed.hours - base.hours, monthly))
    return sorted(found, key=lambda row: (-abs(row[1]), -abs(row[2]), -abs(row[3]), row[0]))


def measured(path: Path = MEASURED_FILE) -> dict[str, Constant]:
    """CPU and bytes per document, from the result of the backfill's benchmark that ships with this module.

    Raises ValueError for a result that cannot be read.
    """
    try:
        result = json.loads(path.read_text())
        job = max(result["jobs"], key=lambda job: job["inputs"])
        cpu = (job["cpu_seconds"] - result["floor"]["cpu_seconds"]) / job["inputs"]
        source = f"backfill of {job['inputs']:,} inputs on {_machine(result['machine'])}, {result['runner']}"
        payload = job["payload_bytes"] / job["inputs"]
        known = {"source": source, "date": result["date"], "known": MEASURED}
        return {
            "cpu_seconds": NEEDS["cpu_seconds"]._replace(value=cpu, **known),
            "payload_bytes": NEEDS["payload_bytes"]._replace(value=payload, **known),
            "sample_bytes": NEEDS["sample_bytes"]._replace(value=payload, **known),
        }
    except (OSError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise ValueError(
            say("{path} is not a result of local.bench.backfill: {error!r}", path=path, error=error)
        ) from error


def _machine(machine: Mapping[str, Any]) -> str:
    return f"{machine['cpu']}, {machine['cores']} cores"
