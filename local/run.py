"""``python -m local.run`` (``make run``): backfills a demo archive, or --input, into the local stack, and shows it.

A running stack (``make stack``) is used and keeps what was loaded; otherwise one is started for the run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

# Set before gRPC is loaded, which reads it once.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from local import demo, show
from local.flink import session as flink
from local.session import Interrupted, RunError, emulators, interruptible, quieten
from local.stack import discover, find
from local.steps import Steps
from local.stores import Tables, bigtable_rows
from pipelines import defaults, input_counts, query, tables
from pipelines.guard import guarded, reason_of
from pipelines.input_counts import InputCounts
from pipelines.launch import LaunchError
from pipelines.screen import console
from transforms.language import mark, say, tr
from transforms.truth.config import TruthConfig

AGAIN = mark("Interrupted. The same again finishes what was begun, where the stack was kept up.")
WRONG = mark("\nNot as it must be:")
EXPECTED = mark("the generator expects {what}")
ACCOUNTED = mark("\nEvery input is accounted for.")
ACCOUNTED_AS_EXPECTED = mark("\nEvery input is accounted for, as the generator expects.")
TO_LOOK = mark("To query it or look a key up: make stack in another terminal, then this again.")


def parse(argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """The options of this command, and those that go on to the job as they are."""
    parser = argparse.ArgumentParser(
        prog="python -m local.run",
        description=tr("Backfills into the local stack and shows the result. Other options go to pipelines.backfill."),
    )
    parser.add_argument("--input", help=tr("file, folder, glob or gs:// pattern (default: a generated demo archive)"))
    parser.add_argument("--summary", type=Path, metavar="FILE", help=tr("also write the summary as JSON"))
    parser.add_argument("--runner", default="DirectRunner", help=tr("Beam runner (default: %(default)s)"))
    parser.add_argument(
        "--verbose", action="store_true", default=bool(os.environ.get("VERBOSE")), help=tr("show what Beam logs")
    )
    return parser.parse_known_args(argv)


@guarded
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
            if flink.is_flink(options.runner) and not any(one.startswith("--job_endpoint") for one in passed_on):
                passed_on += cleanup.enter_context(flink.flink(told))
            return _run(options, passed_on, told)
    except Interrupted:
        print(tr(AGAIN), file=sys.stderr)
        return 130


def _check_summary(path: Path | None) -> None:
    """An unwritable place for the result is told before the work and not after it."""
    if path is not None and not path.absolute().parent.is_dir():
        raise RunError(say("the folder of SUMMARY={path} does not exist", path=path))
    if path is not None and path.is_dir():
        raise RunError(say("SUMMARY={path} is a folder: name a file in it", path=path))


def _run(options: argparse.Namespace, passed_on: list[str], told: Steps) -> int:
    project = os.environ.get("GOOGLE_CLOUD_PROJECT") or discover.LOCAL_PROJECT
    truth = TruthConfig(project, defaults.DEFAULT_INSTANCE, defaults.DEFAULT_TABLE)
    given, expected = _input(options.input, told)
    with told.step(tr("Preparing tables and views")):
        tables.set_up(truth, defaults.DEFAULT_DATASET)
    stores = Tables(query.connect(project), defaults.DEFAULT_DATASET)
    before = bigtable_rows(truth)
    total = expected["inputs"] if expected else None
    run, ended, seconds = _backfill(options, [*passed_on, "--input", given, "--project", project], total)
    with told.step(tr("Looking at the result")):
        found = _look(stores, run, ended, before, bigtable_rows(truth))
        if options.summary:
            held: dict[str, Any] = {"bigtable_rows": found.keys, "bigtable_rows_before": before}
            held |= {"tables": stores.table_rows(), "views": stores.view_rows()}
            values = {
                "input": given,
                "run": run,
                **input_counts.as_json(ended),
                **held,
                "wall_seconds": round(seconds, 2),
            }
            options.summary.write_text(f"{json.dumps(values, indent=2)}\n", encoding="utf-8")
    show.show(console(sys.stdout), run, ended, found, seconds)
    return _verdict(ended, expected)


def _look(stores: Tables, run: str, ended: InputCounts, before: int, keys: int) -> show.Found:
    """What the views tell of a run. Where the stack held nothing before, live counts are those of the run."""
    key = stores.telling_key(run)
    return show.Found(
        counts=stores.counts_of(run) if before else stores.counts(),
        dead_letters=stores.dead_letters(run) if ended.dead else {},
        history=stores.history(key) if key else [],
        keys=keys,
        before=before,
    )


def _input(given: str | None, told: Steps) -> tuple[str, dict[str, Any] | None]:
    """What to read, and what must be counted in it, where that is known."""
    if given:
        return given, None
    with told.step(tr("Looking for the demo archive")):
        archive = demo.demo(lambda: told.console.print(say("Writing {files:,} generated files", files=demo.FILES)))
    return str(archive.input), archive.expected


def _backfill(options: argparse.Namespace, argv: list[str], total: int | None) -> tuple[str, InputCounts, float]:
    """Runs the job; its run, what became of the inputs, and seconds. Raises RunError when it fails."""
    from pipelines import backfill, endings, telling

    argv = ["--runner", options.runner, *argv]
    prism = find.prism()
    if options.runner == "PrismRunner" and prism and not any(arg.startswith("--prism_location") for arg in argv):
        argv += ["--prism_location", str(prism)]
    endings.brief_logs()
    try:
        launched = backfill.run(argv, total)
    except LaunchError as error:
        raise RunError(str(error)) from error
    except Exception as error:
        if Interrupted.__name__ in str(error):
            raise Interrupted from error
        if reason_of(error) is not None:
            raise
        raise RunError(endings.failure(error)) from error
    return launched.launch.run, input_counts.input_counts_of(*telling.figures_of(launched.result)), launched.seconds


def _verdict(ended: InputCounts, expected: Mapping[str, Any] | None) -> int:
    """Says whether every input is accounted for; the exit status."""
    wrong = input_counts.problems(ended)
    if expected:
        wrong += [say(EXPECTED, what=line) for line in demo.unexpected(ended, expected)]
    if wrong:
        print(tr(WRONG), *(f"  {line}" for line in wrong), sep="\n", file=sys.stderr)
        return 1
    print(tr(ACCOUNTED_AS_EXPECTED if expected else ACCOUNTED))
    if discover.running() is None:
        print(tr(TO_LOOK))
    return 0


if __name__ == "__main__":
    sys.exit(main())
