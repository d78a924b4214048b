"""``python -m pipelines.cost``: what a backfill of so many documents costs, how long it takes, and what decides it.

python -m pipelines.cost --documents 600000000 [--workers 20] [--nodes 5] [--set payload_bytes=12000]
python -m pipelines.cost --input 'gs://bucket/2025/*.zip' --hours 4 --region southamerica-east1      how many workers
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping, Sequence

from pipelines import sizing
from pipelines.estimating import (
    TIB,
    VCPUS,
    Estimate,
    Work,
    estimate,
    hours_of_workers,
    measured,
    nodes_before,
    nodes_of_storage,
    of_size,
    reparse,
    scanned,
    sensitivity,
    workers_for,
    writes_of,
    writes_per_node,
)
from pipelines.pricing import ALL, ASSUMED, GB, GIVEN, HOME, MEASURED, READ, REGIONS, REPARSE, Constant, prices_of
from transforms.ingest.files import InputError


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


def _about_reparse(work: Work, found: Estimate, values: Mapping[str, float]) -> str:
    again, same = reparse(work, values), REPARSE["same"]
    return (
        f"\nA reparse of all of them, were each read otherwise: ${again.total:,.0f}, "
        f"{again.total / found.total:.2f} of the backfill; {again.hours:,.1f} hours, held up by {again.bound}. "
        f"Where nothing differs, next to nothing is written, and the workers need {same.value:.2f} of what a backfill "
        f"takes them. ({same.source}, {same.date})"
    )


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
