"""``python -m pipelines.cost``: what a backfill of so many documents costs, how long it takes, and what decides it.

python -m pipelines.cost --documents 600000000 [--workers 20] [--nodes 5] [--set payload_bytes=12000]
python -m pipelines.cost --input 'gs://bucket/2025/*.zip' --hours 4 --region southamerica-east1      how many workers
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pipelines import sizing
from pipelines.pricing import (
    ALL,
    ASSUMED,
    GB,
    GIB,
    GIVEN,
    HOME,
    MEASURED,
    NEEDS,
    READ,
    REGIONS,
    REPARSE,
    Constant,
    prices_of,
)
from transforms.ingest.files import InputError

# A result of the benchmark of the backfill, as it wrote it: the newest that was kept.
MEASURED_FILE = Path(__file__).with_name("measured.json")
VCPUS, MEMORY_GB = 4, 16
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
        "Bigtable nodes" if by_nodes > by_workers else "workers",
        {
            "Dataflow vCPU": hours * work.workers * VCPUS * values["vcpu_hour_batch"],
            "Dataflow memory": hours * work.workers * MEMORY_GB * values["gb_hour"],
            "Dataflow disk": hours * work.workers * work.disk_gb * values["disk_gb_hour"],
            "Dataflow shuffle": shuffled / GB * values["shuffle_gb"],
            "Bigtable nodes": hours * nodes * values["bigtable_node_hour"],
            "BigQuery writes": written(work.documents, values),
        },
        {
            "Bigtable storage": work.documents * values["bigtable_bytes"] / GIB * values["bigtable_gib_month"],
            "BigQuery storage": work.documents * values["bigquery_bytes"] / GIB * values["bigquery_gib_month"],
            "Pub/Sub, in and out": 2 * work.live * values["payload_bytes"] / (GIB * 1024) * values["pubsub_tib"],
            "Dataflow, the stream": stream(work.live, values),
            f"BigQuery, {values['state_queries']:g} queries of every state": queries(work.documents, values),
            f"Bigtable nodes kept: {kept}": kept * values["bigtable_node_hour"] * HOURS_A_MONTH,
        },
    )


def reparse(work: Work, values: Mapping[str, float]) -> Estimate:
    """A reparse of all documents, each of which is read otherwise: it writes as much as a backfill, but no XML."""
    share = REPARSE["otherwise"].value
    return estimate(work._replace(spread=0), {**values, "cpu_seconds": values["cpu_seconds"] * share})


def _about_reparse(work: Work, found: Estimate, values: Mapping[str, float]) -> str:
    again, same = reparse(work, values), REPARSE["same"]
    return (
        f"\nA reparse of all of them, were each read otherwise: ${again.total:,.0f}, "
        f"{again.total / found.total:.2f} of the backfill; {again.hours:,.1f} hours, held up by {again.bound}. "
        f"Where nothing differs, next to nothing is written, and the workers need {same.value:.2f} of what a backfill takes them. ({same.source}, {same.date})"
    )


def stream(live: int, values: Mapping[str, float]) -> float:
    """Dollars a month for the workers of the stream: at least one, all the time. Streaming Engine comes on top."""
    capacity = HOURS_A_MONTH * 3600 * VCPUS * values["worker_use"] * values["vcpu_speed"]
    workers = math.ceil(live * values["cpu_seconds"] / capacity)
    return workers * HOURS_A_MONTH * (VCPUS * values["vcpu_hour_stream"] + MEMORY_GB * values["gb_hour"])


def hours_of_workers(work: Work, values: Mapping[str, float]) -> float:
    """Hours that the CPUs of the workers need."""
    seconds = work.documents * of_size(values)["cpu_seconds"] / values["vcpu_speed"]
    return seconds / (work.workers * VCPUS * values["worker_use"] * 3600)


def workers_for(work: Work, hours: float, values: Mapping[str, float]) -> int:
    """Workers whose CPUs need no more than these hours."""
    return max(1, math.ceil(hours_of_workers(work._replace(workers=1), values) / hours - 1e-9))


def of_size(values: Mapping[str, float]) -> dict[str, float]:
    """The values for documents of ``payload_bytes``; CPU and stored bytes were measured at ``sample_bytes``.

    Of each a part is the same for any document, and the rest grows with it, in proportion.
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
    """Writes of 1 KB that a document of a backfill is worth: no less than its requests, more when it has more bytes,
    and its part of the partial sums that the run writes at its end."""
    return max(values["bigtable_requests"], values["bigtable_bytes"] / 1000) + values["count_writes"]


def writes_per_node(values: Mapping[str, float]) -> float:
    """Conditional writes of 1 KB a second that a node does and stays healthy."""
    return values["bigtable_writes"] * values["conditional_share"] * values["node_target"]


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
    """CPU and bytes per document from the benchmark of the backfill that is kept beside this module.

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
        raise ValueError(f"{path} is not a result of local.bench.backfill: {error!r}") from error


def _machine(machine: Mapping[str, Any]) -> str:
    return f"{machine['cpu']}, {machine['cores']} cores"


def report(work: Work, constants: Mapping[str, Constant], region: str = HOME) -> str:
    """All of it, for people."""
    values = {name: constant.value for name, constant in constants.items()}
    found = estimate(work, values)
    lines = [
        *_about_region(region, constants),
        f"{work.documents:,} documents, {work.workers} workers of {VCPUS} vCPUs, {found.nodes} Bigtable nodes",
        f"{found.hours:,.1f} hours, held up by {found.bound}; {work.documents / found.hours / 3600:,.0f} a second",
        _about_nodes(work, values),
        f"\n${found.total:,.0f} once (${found.total / work.documents * 1e6:,.2f} per million documents)",
        *(f"  {dollars:>10,.2f}  {name}" for name, dollars in found.once.items()),
        f"\n${sum(found.monthly.values()):,.0f} a month afterwards ({work.live:,} live documents a month)",
        *(f"  {dollars:>10,.2f}  {name}" for name, dollars in found.monthly.items()),
        "\nWhat matters most: a quarter more of each number, in dollars once, hours, dollars a month",
        *(
            f"  {dollars:>+10,.2f} {hours:>+8,.2f} {monthly:>+10,.2f}  {name}"
            for name, dollars, hours, monthly in sensitivity(work, values)
        ),
        f"\nA query of every state scans {scanned(work.documents, values) / TIB:,.2f} TiB: "
        f"${scanned(work.documents, values) / TIB * values['bigquery_query_tib']:,.2f}, on demand",
        _about_reparse(work, found, values),
        *(line for known in (GIVEN, MEASURED, ASSUMED, READ) for line in _numbers(constants, known)),
    ]
    return "\n".join(lines)


_TITLES = {GIVEN: "Given", MEASURED: "Measured here", ASSUMED: "Assumed", READ: "Read, of Google's pages and of Beam"}


def _numbers(constants: Mapping[str, Constant], known: str) -> list[str]:
    """The numbers that are known in one way, each with its source and date."""
    found = [
        f"  {name} = {constant.value:,.6g} {constant.unit}\n      {constant.source} ({constant.date})"
        for name, constant in constants.items()
        if constant.known == known
    ]
    return [f"\n{_TITLES[known]}", *found] if found else []


def _about_region(region: str, constants: Mapping[str, Constant]) -> list[str]:
    """Whose prices these are."""
    _, unknown = prices_of(region)
    left = [name for name in unknown if constants[name].date != _NOW]
    if not left:
        return [f"Prices of {region}"]
    return [
        f"Prices of {region} as far as they are known; not known, and those of {HOME}: {', '.join(left)}.",
        "Give what the price list says: --set NAME=VALUE\n",
    ]


def _about_nodes(work: Work, values: Mapping[str, float]) -> str:
    """How many nodes a backfill needs, and why."""
    sized = of_size(values)
    rate = work.documents * writes_of(sized) / (hours_of_workers(work, values) * 3600)
    return (
        f"Bigtable nodes before the backfill: at least {nodes_before(work, values)}. The workers write {rate:,.0f} "
        f"times 1 KB a second, a node takes {writes_per_node(values):,.0f}; stored, "
        f"{work.documents * sized['bigtable_bytes'] / GB:,.0f} GB need {nodes_of_storage(work, values)}."
    )


_NOW = "now"


def _setting(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    if name not in ALL:
        raise argparse.ArgumentTypeError(f"no number is called {name!r}; there are: {', '.join(ALL)}")
    try:
        number = float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write {name}=NUMBER") from None
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: a number above 0")
    return name, number


def _count(text: str) -> int:
    number = int(text.replace("_", "").replace(",", ""))
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: a number above 0")
    return number


def _hours(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: a number above 0")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 2 when the benchmark's result cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.cost", description="Cost and duration of a backfill.")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--documents", type=_count, default=600_000_000, help="default: %(default)s")
    size.add_argument("--input", help="files, folders or globs, local or gs://: as many as these hold, by their size")
    power = parser.add_mutually_exclusive_group()
    power.add_argument("--workers", type=_count, default=20, help="Dataflow workers of 4 vCPUs (default: %(default)s)")
    power.add_argument("--hours", type=_hours, help="as many workers as get it done in these hours")
    parser.add_argument("--nodes", type=_count, help="Bigtable nodes (default: the fewest that do not hold it up)")
    parser.add_argument("--disk_gb", type=_count, default=50, help="disk of a worker (default: %(default)s)")
    parser.add_argument("--live", type=_count, default=20_000_000, help="live documents a month (default: %(default)s)")
    parser.add_argument("--spread", action="store_true", help="archives that one thread reads are spread behind it")
    parser.add_argument(
        "--region", default=HOME, help=f"whose prices (known: {', '.join((HOME, *REGIONS))}; default: %(default)s)"
    )
    parser.add_argument(
        "--set", type=_setting, action="append", default=[], metavar="NAME=VALUE", help="another value for a number"
    )
    options = parser.parse_args(argv)
    try:
        constants = {**ALL, **prices_of(options.region)[0], **measured()}
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name, value in options.set:
        given = {"source": "given on the command line", "date": _NOW, "known": GIVEN}
        constants[name] = constants[name]._replace(value=value, **given)
    work = Work(options.documents, options.workers, options.nodes or 0, options.disk_gb, options.live)
    try:
        print(report(_sized(work, options.input, options.hours, constants, options.spread), constants, options.region))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _sized(
    work: Work, patterns: str | None, hours: float | None, constants: Mapping[str, Constant], spread: bool
) -> Work:
    """The work with the size of an input, and the workers for some hours; says what it found."""
    values = {name: constant.value for name, constant in constants.items()}
    most = math.inf
    if patterns:
        found = sizing.measure(patterns, values["payload_bytes"])
        print(f"{found.files:,} files, {found.bytes / GB:,.2f} GB: about {found.documents:,} documents")
        work = work._replace(documents=found.documents)
        if found.only_streams and spread:
            work = work._replace(spread=found.streamed_documents)
            print(f"{found.streams:,} archives that one thread each reads; their documents are spread over all workers")
        elif found.only_streams:
            most = math.ceil(found.streams / VCPUS)
            print(
                f"each file is read by one thread from start to end: more than {most:,} workers would be idle, "
                "unless the backfill spreads what is in them (--spread)"
            )
    if hours:
        workers = int(min(most, workers_for(work, hours, values)))
        print(f"MAX_WORKERS={workers} NUM_WORKERS={workers} for {hours:g} hours\n")
        work = work._replace(workers=workers)
    return work


if __name__ == "__main__":
    raise SystemExit(main())
