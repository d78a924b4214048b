"""``python -m local.run`` (``make run``): backfills a demo archive, or --input, into the local stack, and shows it.

A running stack (``make stack``) is used and keeps what was loaded; otherwise one is started for the run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Set before gRPC is loaded, which reads it once.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from local import demo, show, summary
from local.progress import Seen, Steps
from local.session import Interrupted, RunError, console, emulators, interruptible, quieten
from local.stack import StackError, discover, find
from local.stores import Tables, bigtable_rows
from pipelines import defaults, query, tables
from transforms.truth.config import TruthConfig


def parse(argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """The options of this command, and those that go on to the job as they are."""
    parser = argparse.ArgumentParser(
        prog="python -m local.run",
        description="Backfills into the local stack and shows the result. Other options go to pipelines.backfill.",
    )
    parser.add_argument("--input", help="file, folder, glob or gs:// pattern (default: a generated demo archive)")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="also write the summary as JSON")
    parser.add_argument("--runner", default="DirectRunner", help="Beam runner (default: %(default)s)")
    parser.add_argument(
        "--verbose", action="store_true", default=bool(os.environ.get("VERBOSE")), help="show what Beam logs"
    )
    return parser.parse_known_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 when every input is accounted for."""
    options, passed_on = parse(argv)
    quieten(options.verbose)
    told = Steps(console(sys.stderr))
    interruptible()
    try:
        _check_summary(options.summary)
        with ExitStack() as cleanup:
            cleanup.enter_context(emulators(told))
            return _run(options, passed_on, told)
    except (RunError, StackError, query.QueryError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Interrupted:
        print("Interrupted. The same again finishes what was begun, where the stack was kept up.", file=sys.stderr)
        return 130


def _check_summary(path: Path | None) -> None:
    """An unwritable place for the result is told before the work and not after it."""
    if path is not None and not path.absolute().parent.is_dir():
        raise RunError(f"the folder of SUMMARY={path} does not exist")
    if path is not None and path.is_dir():
        raise RunError(f"SUMMARY={path} is a folder: name a file in it")


def _run(options: argparse.Namespace, passed_on: list[str], told: Steps) -> int:
    project = os.environ.get("GOOGLE_CLOUD_PROJECT") or discover.LOCAL_PROJECT
    truth = TruthConfig(project, defaults.DEFAULT_INSTANCE, defaults.DEFAULT_TABLE)
    given, expected = _input(options.input, told)
    with told.step("Preparing tables and views"):
        tables.set_up(truth, defaults.DEFAULT_DATASET)
    stores = Tables(query.connect(project), defaults.DEFAULT_DATASET)
    began, started = datetime.now(UTC), time.monotonic()
    total = expected["inputs"] if expected else None

    def look() -> Seen:
        return Seen(bigtable_rows(truth), stores.served(began))

    with told.watching(f"Backfilling {_shown(given)}", look, total):
        outcome = _backfill(options, [*passed_on, "--input", given, "--project", project])
    seconds = time.monotonic() - started
    with told.step("Looking at the result"):
        _present(stores, outcome, seconds)
        if options.summary:
            found = {
                "bigtable_rows": bigtable_rows(truth),
                "tables": stores.table_rows(),
                "views": stores.view_rows(),
            }
            text = json.dumps({"input": given, **summary.as_json(outcome, found, seconds)}, indent=2)
            options.summary.write_text(f"{text}\n", encoding="utf-8")
    return _verdict(outcome, expected)


def _input(given: str | None, told: Steps) -> tuple[str, dict[str, Any] | None]:
    """What to read, and what must be counted in it, where that is known."""
    if given:
        return given, None
    with told.step("Looking for the demo archive"):
        archive = demo.demo(lambda: told.console.print(f"Writing {demo.FILES:,} generated files"))
    return str(archive.input), archive.expected


def _backfill(options: argparse.Namespace, argv: list[str]) -> summary.Outcome:
    """Runs the job and reads its counters. Raises RunError when it fails."""
    from pipelines import backfill, launching

    argv += ["--runner", options.runner]
    prism = find.prism()
    if options.runner == "PrismRunner" and prism and not any(arg.startswith("--prism_location") for arg in argv):
        argv += ["--prism_location", str(prism)]
    try:
        result = backfill.run(argv)
    except launching.LaunchError as error:
        raise RunError(str(error)) from error
    except Exception as error:
        if Interrupted.__name__ in str(error):
            raise Interrupted from error
        if options.verbose:
            raise
        raise RunError(f"the backfill failed: {_cause(error)}\nVERBOSE=1 shows all of it.") from error
    counters, sums = _metrics(result)
    return summary.outcome_of(counters, sums)


def _metrics(result: Any) -> tuple[dict[str, int], dict[str, int]]:
    """Counters, and sums of distributions, of all steps by name. Prism lists those that no element reached, as None."""
    from apache_beam.metrics.metric import MetricsFilter

    found = result.metrics().query(MetricsFilter().with_namespace(summary.NAMESPACE))
    counters: dict[str, int] = {}
    for counter in found["counters"]:
        name = counter.key.metric.name
        counters[name] = counters.get(name, 0) + (counter.result or 0)
    sums: dict[str, int] = {}
    for distribution in found["distributions"]:
        name = distribution.key.metric.name
        sums[name] = sums.get(name, 0) + (distribution.result.sum if distribution.result else 0)
    return counters, sums


def _present(stores: Tables, outcome: summary.Outcome, seconds: float) -> None:
    key = stores.telling_key()
    show.show(
        console(sys.stdout),
        outcome,
        stores.counts(),
        stores.dead_letters() if outcome.dead else {},
        stores.history(key) if key else [],
        seconds,
    )


def _verdict(outcome: summary.Outcome, expected: Mapping[str, Any] | None) -> int:
    """Says whether every input is accounted for; the exit status."""
    wrong = summary.problems(outcome)
    if expected:
        wrong += [f"the generator expects {line}" for line in summary.unexpected(outcome, expected)]
    if wrong:
        print("\nNot as it must be:\n" + "\n".join(f"  {line}" for line in wrong), file=sys.stderr)
        return 1
    print("\nEvery input is accounted for" + (", as the generator expects." if expected else "."))
    if discover.running() is None:
        print("To query it or look a key up: make stack in another terminal, then this again.")
    return 0


def _cause(error: BaseException) -> str:
    """The error beneath those that runners wrap around it, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__


def _shown(path: str) -> str:
    """A path as people would write it here."""
    return os.path.relpath(path) if os.path.isabs(path) and path.startswith(os.getcwd()) else path


if __name__ == "__main__":
    sys.exit(main())
