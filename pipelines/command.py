"""``acervo``: every job and command under one name.

``python -m pipelines.backfill`` is the same as ``acervo backfill``. A command's module is imported when the command is
run, so that help, and an answer to a mistyped name, do not wait for Beam. It has ``main(argv)``, which returns the exit
status, and ``parser()``, by which shells complete its options; a job has what ``command_line`` asks of it instead.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from pipelines.guard import FAILED, guarded
from pipelines.prose import tell_error
from transforms.language import mark, say, tr

# The one place where a command is named. Each is the module of its name in this package.
GROUPS = {
    mark("Jobs"): {
        "backfill": mark("files and archives into everything"),
        "extract": mark("a PostgreSQL table into everything"),
        "stream": mark("a queue of Pub/Sub, Kafka or SQS into everything, with live counts"),
        "redrive": mark("dead letters through ingestion again"),
        "reparse": mark("stored XML read again by this release's parser, and what differs written"),
        "refold": mark("states and changes computed again from the records of their key"),
        "rebuild": mark("BigQuery's tables and all counts made again from Bigtable"),
        "erase": mark("what the law wants removed taken out of every store; a dry run first"),
        "reconcile": mark("Bigtable compared with BigQuery and the counts; exit status 1 when they differ"),
    },
    mark("Looking"): {
        "lookup": mark("everything known of an access key, a dead letter or an input"),
        "board": mark("what arrives and what is counted, as a page that follows it"),
        "report": mark("the state of a dataset as a page in HTML, with charts"),
        "tags": mark("texts of any tag of stored XML, for what no column holds"),
        "query": mark("a query in GoogleSQL, its rows as a table, JSON, CSV or Parquet"),
        "sped": mark("a file of SPED's EFD compared with the documents; exit status 1 when they differ"),
    },
    mark("Setting up"): {
        "tables": mark("create the tables and views, or bring them up to date"),
        "merge": mark("changes since the last merge into the table of states: queries become cheap again"),
        "cost": mark("workers, duration and cost of a backfill"),
        "access": mark("who may read the rows of which companies, with CPFs and names masked"),
        "retention": mark("legal holds, and what was erased"),
        "publish": mark("send files to a topic of Pub/Sub or Kafka, or to SQS"),
        "completion": mark("print a script that completes commands and options in a shell"),
    },
}
USAGE = mark(
    """usage: acervo COMMAND [options]
       acervo COMMAND --help
       acervo --version"""
)
LANGUAGES = mark("--lang pt (or en) before or behind any command: its language. Otherwise that of the locale.")
COMMANDS = {name: summary for group in GROUPS.values() for name, summary in group.items()}


def usage() -> str:
    """The help of ``acervo`` itself."""
    width = max(map(len, COMMANDS))
    lines = [tr(USAGE)]
    for group, commands in GROUPS.items():
        lines += ["", f"{tr(group)}:", *(f"  {name:{width}}  {tr(summary)}" for name, summary in commands.items())]
    return "\n".join([*lines, "", tr(LANGUAGES)])


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line of ``acervo``; returns the exit status."""
    name, *rest = list(sys.argv[1:] if argv is None else argv) or [""]
    if name in COMMANDS:
        return int(import_module(f"pipelines.{name}").main(rest))
    if name in ("-h", "--help", "help"):
        print(usage())
        return 0
    if name == "--version":
        print(version())
        return 0
    unknown = say("{name} is not a command of acervo.", name=name)
    if name:
        tell_error(f"{unknown}{near(name)}")
    else:
        print(usage(), file=sys.stderr)
    return FAILED


def start(name: str) -> int:
    """``python -m pipelines.<name>``, which is first imported under its own name; returns the exit status."""
    return main([name, *sys.argv[1:]])


def near(name: str) -> str:
    """A suggestion for a mistyped name, with a space before it."""
    from difflib import get_close_matches  # of no use to a command that exists

    found = get_close_matches(name, COMMANDS, 1)
    return " " + (say("Did you mean {name}?", name=found[0]) if found else tr("See acervo --help."))


def version() -> str:
    """Name and version of what is installed, and the way in which it reads documents."""
    from importlib.metadata import version as installed  # a tenth of a second

    from transforms.parse import ways

    return f"acervo {installed('acervo')}\nparser: {ways.told()}"
