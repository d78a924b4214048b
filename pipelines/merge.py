"""``python -m pipelines.merge``: states brought up to date with what changed since the last merge. Bounded.

python -m pipelines.merge --project <project> [--dataset acervo]

Whoever reads document_state sees everything at any time: changes since the last merge lie over the table of states. A
merge makes queries cheap again. It is one statement or a few, without workers; run it once a day from any scheduler.
Killed and run again, it does the same.
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("merge"))

import argparse
from collections.abc import Sequence

from pipelines import discover, legend
from pipelines.defaults import DEFAULT_DATASET
from pipelines.guard import guarded
from transforms import instants
from transforms.language import mark, say, tr
from transforms.views import merge

DONE = mark("{rows:,} states added or changed, by {statements} statements; merged until {until}")


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 done, 2 not possible as it is."""
    options = parser().parse_args(argv)
    project = discover.project_of(options.project)
    merged = merge.merge(project, options.dataset, instants.now())
    until = legend.moment(instants.datetime_of(merged.until)) if merged.until else "-"
    print(say(DONE, rows=merged.rows, statements=merged.statements, until=until))
    return 0


def parser() -> argparse.ArgumentParser:
    """The options of this command."""
    found = argparse.ArgumentParser(
        prog="acervo merge",
        description=tr(
            "Merges what changed since the last merge into the table of states, so that queries of document_state read "
            "less. What they show is the same before and after. Run it once a day, one at a time."
        ),
    )
    found.add_argument("--project", help=tr("Google Cloud project (default: the local stack's)"))
    found.add_argument("--dataset", default=DEFAULT_DATASET, help=tr("BigQuery dataset (default: %(default)s)"))
    return found
