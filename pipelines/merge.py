"""``python -m pipelines.merge``: states brought up to date, and counts of days that are over added up. Bounded.

python -m pipelines.merge --project <project> [--dataset acervo]

Whoever reads document_state or counts sees everything at any time: changes since the last merge lie over the table of
states, partial sums of days that are not closed are read one by one. A merge makes queries cheap again. It is a few
statements, without workers; run it once a day from any scheduler, an hour or more into the day (UTC), so that the day
before is closed. Killed and run again, it does the same.
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
from transforms.views import closing, merge

DONE = mark("{rows:,} states added or changed, by {statements} statements; merged until {until}")
CLOSED = mark("{rows:,} sums of counts added or taken away; days are closed before {until}")


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 done, 2 not possible as it is."""
    options = parser().parse_args(argv)
    project = discover.project_of(options.project)
    merged = merge.merge(project, options.dataset, instants.now())
    closed = closing.close(project, options.dataset, instants.now())
    until = legend.moment(instants.datetime_of(merged.until)) if merged.until else "-"
    print(say(DONE, rows=merged.rows, statements=merged.statements, until=until))
    print(say(CLOSED, rows=closed.rows, until=closed.until))
    return 0


def parser() -> argparse.ArgumentParser:
    """The options of this command."""
    found = argparse.ArgumentParser(
        prog="acervo merge",
        description=tr(
            "Merges what changed since the last merge into the table of states, and adds up the counts of days that "
            "are over, so that queries of document_state and of counts read less. What they show is the same before "
            "and after. Run it once a day, one at a time."
        ),
    )
    found.add_argument("--project", help=tr("Google Cloud project (default: the local stack's)"))
    found.add_argument("--dataset", default=DEFAULT_DATASET, help=tr("BigQuery dataset (default: %(default)s)"))
    return found
