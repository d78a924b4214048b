"""``python -m pipelines.cost``: what a backfill of so many documents costs, how long it takes, and what decides it.

python -m pipelines.cost --documents 600000000 [--workers 20] [--nodes 5] [--set payload_bytes=12000]
python -m pipelines.cost --input 'gs://bucket/2025/*.zip' --hours 4 --region southamerica-east1      how many workers
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence

from pipelines import sizing
from pipelines.estimating import (
    TIB,
    VCPUS,
    Estimate,
    Work,
    estimate,
    hours_of_workers,
    lowered,
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
from pipelines.guard import guarded
from pipelines.pricing import ALL, ASSUMED, GB, GIVEN, HOME, MEASURED, READ, REGIONS, REPARSE, Constant, prices_of
from pipelines.prose import tell_error
from transforms.ingest.listing import list_files
from transforms.language import mark, say, tr


def report(work: Work, constants: Mapping[str, Constant], region: str = HOME) -> str:
    """The whole report, for people."""
    values = {name: constant.value for name, constant in constants.items()}
    found = estimate(work, values)
    pace, each = work.documents / found.hours / 3600, found.total / work.documents * 1e6
    tebibytes = scanned(work.documents, values) / TIB
    lines = [
        *_about_region(region, constants),
        say(SIZE, documents=work.documents, workers=work.workers, vcpus=VCPUS, nodes=found.nodes),
        say(LASTS, hours=found.hours, bound=tr(found.bound), pace=pace),
        _about_nodes(work, values),
        say("\n${total:,.0f} once (${each:,.2f} per million documents)", total=found.total, each=each),
        *(say(PRICE, dollars=dollars, name=tr(name)) for name, dollars in found.once.items()),
        say(MONTHLY, total=sum(found.monthly.values()), live=work.live),
        *(say(PRICE, dollars=dollars, name=tr(name)) for name, dollars in found.monthly.items()),
        tr("\nMade smaller, a month: before, after, and what was given for it"),
        *(
            say(LOWERED, before=one.before, after=one.after, name=tr(one.line), traded=tr(one.traded))
            for one in lowered(work, values)
        ),
        tr("\nWhat matters most: a quarter more of each number, in dollars once, hours, dollars a month"),
        *(
            say(MATTERS, dollars=dollars, hours=hours, monthly=monthly, name=name)
            for name, dollars, hours, monthly in sensitivity(work, values)
        ),
        say(QUERY, tebibytes=tebibytes, dollars=tebibytes * values["bigquery_query_tib"]),
        _about_reparse(work, found, values),
        *(line for known in (GIVEN, MEASURED, ASSUMED, READ) for line in _numbers(constants, known)),
    ]
    return "\n".join(lines)


PRICE = mark("  {dollars:>10,.2f}  {name}")
SIZE = mark("{documents:,} documents, {workers} workers of {vcpus} vCPUs, {nodes} Bigtable nodes")
LASTS = mark("{hours:,.1f} hours, held up by {bound}; {pace:,.0f} a second")
MONTHLY = mark("\n${total:,.0f} a month afterwards ({live:,} live documents a month)")
LOWERED = mark("  {before:>10,.2f} {after:>10,.2f}  {name}: {traded}")
MATTERS = mark("  {dollars:>+10,.2f} {hours:>+8,.2f} {monthly:>+10,.2f}  {name}")
QUERY = mark("\nA query of every state scans {tebibytes:,.2f} TiB: ${dollars:,.2f}, on demand")
AGAIN = mark(
    "\nA reparse of all of them, were each read otherwise: ${total:,.0f}, {share:.2f} of the backfill; "
    "{hours:,.1f} hours, held up by {bound}. Where nothing differs, next to nothing is written, and the workers need "
    "{same:.2f} of what a backfill takes them. ({source}, {date})"
)
_TITLES = {
    GIVEN: mark("Given"),
    MEASURED: mark("Measured here"),
    ASSUMED: mark("Assumed"),
    READ: mark("Read, of Google's pages and of Beam"),
}


def _about_reparse(work: Work, found: Estimate, values: Mapping[str, float]) -> str:
    again, same = reparse(work, values), REPARSE["same"]
    return say(
        AGAIN,
        total=again.total,
        share=again.total / found.total,
        hours=again.hours,
        bound=tr(again.bound),
        same=same.value,
        source=same.source,
        date=same.date,
    )


NUMBER = "  {name} = {value:,.6g} {unit}\n      {source} ({date})"


def _numbers(constants: Mapping[str, Constant], known: str) -> list[str]:
    """The numbers that are known in one way, each with its source and date."""
    found = [
        say(NUMBER, name=name, value=float(one.value), unit=tr(one.unit), source=one.source, date=one.date)
        for name, one in constants.items()
        if one.known == known
    ]
    return [f"\n{tr(_TITLES[known])}", *found] if found else []


def _about_region(region: str, constants: Mapping[str, Constant]) -> list[str]:
    """Which region's prices these are."""
    _, unknown = prices_of(region)
    left = [name for name in unknown if constants[name].date != _NOW]
    if not left:
        return [say("Prices of {region}", region=region)]
    return [
        say(
            "Prices of {region} as far as they are known; not known, and those of {home}: {names}.",
            region=region,
            home=HOME,
            names=", ".join(left),
        ),
        tr("Give what the price list says: --set NAME=VALUE\n"),
    ]


def _about_nodes(work: Work, values: Mapping[str, float]) -> str:
    """How many nodes a backfill needs, and why."""
    sized = of_size(values)
    rate = work.documents * writes_of(sized) / (hours_of_workers(work, values) * 3600)
    return say(
        "Bigtable nodes before the backfill: at least {least}. The workers write {rate:,.0f} times 1 KB a second, a "
        "node takes {pace:,.0f}; stored, {size:,.0f} GB need {holding}.",
        least=nodes_before(work, values),
        rate=rate,
        pace=writes_per_node(values),
        size=work.documents * sized["bigtable_bytes"] / GB,
        holding=nodes_of_storage(work, values),
    )


_NOW = "now"
FOUND = mark("{files:,} files, {size:,.2f} GB: about {documents:,} documents")
SPREAD = mark("{streams:,} archives that one thread each reads; their documents are spread over all workers")
IDLE = mark(
    "each file is read by one thread from start to end: more than {most:,} workers would be idle, "
    "unless the backfill spreads what is in them (--spread)"
)
ABOVE_0 = mark("{text}: a number above 0")


def _setting(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    if name not in ALL:
        raise argparse.ArgumentTypeError(
            say("there is no number called {name}; the names are: {known}", name=name, known=", ".join(ALL))
        )
    try:
        number = float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(say("{text}: write {name}=NUMBER", text=text, name=name)) from None
    if number <= 0:
        raise argparse.ArgumentTypeError(say(ABOVE_0, text=text))
    return name, number


def _count(text: str) -> int:
    number = int(text.replace("_", "").replace(",", ""))
    if number <= 0:
        raise argparse.ArgumentTypeError(say(ABOVE_0, text=text))
    return number


def _hours(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(say(ABOVE_0, text=text))
    return number


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 2 when the benchmark's result cannot be read."""
    parser = argparse.ArgumentParser(prog="acervo cost", description=tr("Cost and duration of a backfill."))
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--documents", type=_count, default=600_000_000, help=tr("default: %(default)s"))
    size.add_argument(
        "--input", help=tr("files, folders or globs, local or gs://: as many as these hold, by their size")
    )
    power = parser.add_mutually_exclusive_group()
    power.add_argument(
        "--workers", type=_count, default=20, help=tr("Dataflow workers of 4 vCPUs (default: %(default)s)")
    )
    power.add_argument("--hours", type=_hours, help=tr("as many workers as get it done in these hours"))
    parser.add_argument("--nodes", type=_count, help=tr("Bigtable nodes (default: the fewest that do not hold it up)"))
    parser.add_argument("--disk_gb", type=_count, default=50, help=tr("disk of a worker (default: %(default)s)"))
    parser.add_argument(
        "--live", type=_count, default=20_000_000, help=tr("live documents a month (default: %(default)s)")
    )
    parser.add_argument("--spread", action="store_true", help=tr("archives that one thread reads are spread behind it"))
    parser.add_argument(
        "--region",
        default=HOME,
        help=say("whose prices (known: {regions}; default: %(default)s)", regions=", ".join((HOME, *REGIONS))),
    )
    parser.add_argument(
        "--set", type=_setting, action="append", default=[], metavar="NAME=VALUE", help=tr("another value for a number")
    )
    options = parser.parse_args(argv)
    try:
        constants = {**ALL, **prices_of(options.region)[0], **measured()}
    except ValueError as error:
        tell_error(error)
        return 2
    for name, value in options.set:
        given = {"source": tr("given on the command line"), "date": _NOW, "known": GIVEN}
        constants[name] = constants[name]._replace(value=value, **given)
    work = Work(options.documents, options.workers, options.nodes or 0, options.disk_gb, options.live)
    print(report(_sized(work, options.input, options.hours, constants, options.spread), constants, options.region))
    return 0


def _sized(
    work: Work, patterns: str | None, hours: float | None, constants: Mapping[str, Constant], spread: bool
) -> Work:
    """The work with the size of an input, and the workers for some hours; says what it found."""
    values = {name: constant.value for name, constant in constants.items()}
    most = math.inf
    if patterns:
        found = sizing.measure(list_files(patterns), values["payload_bytes"])
        size = found.bytes / GB
        print(say(FOUND, files=found.files, size=size, documents=found.documents))
        work = work._replace(documents=found.documents)
        if found.only_streams and spread:
            work = work._replace(spread=found.streamed_documents)
            print(say(SPREAD, streams=found.streams))
        elif found.only_streams:
            most = math.ceil(found.streams / VCPUS)
            print(say(IDLE, most=most))
    if hours:
        workers = int(min(most, workers_for(work, hours, values)))
        print(say("MAX_WORKERS={workers} NUM_WORKERS={workers} for {hours:g} hours\n", workers=workers, hours=hours))
        work = work._replace(workers=workers)
    return work


if __name__ == "__main__":
    raise SystemExit(main())
