"""What the end of each job tells: one entry a job, of its counters and of what to do next. Pure.

Jobs that take in documents share the lines of ``summary.ingested``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from transforms.language import mark

RESUMED = mark("of these {resumed:,} written by an earlier attempt of this run")
RESUMED_BY_REDRIVES = mark("of these {resumed:,} by earlier redrives of this run")


class Line(NamedTuple):
    """A figure: its label, its counter (``<...>`` at the end: one line for each that begins so) and what it means.

    ``always``: also shown if it is 0.
    """

    label: str
    counter: str
    note: str = ""
    always: bool = True


class Next(NamedTuple):
    """What to do next, where a counter is more than 0 (none: always); ``command`` is (name, arguments...)."""

    why: str
    command: tuple[str, ...]
    when: str = ""
    unless: str = ""


class Job(NamedTuple):
    """What the end of a job tells.

    ``ingests``: whether it takes in documents. ``nothing``: what is told where no counter that begins so has counted.
    ``endless``: it ends only by being stopped.
    """

    lines: tuple[Line, ...] = ()
    ingests: bool = True
    resumed: str = RESUMED
    nothing: tuple[tuple[str, ...], str] = ((), "")
    endless: bool = False
    nexts: tuple[Next, ...] = ()


DEAD_NEXT = (
    Next(
        mark("dead letters by reason, with an example"), ("query", "SELECT * FROM dead_letters_by_code"), "dead_letters"
    ),
    Next(mark("take them in, once their cause is mended"), ("redrive", "--codes", "{codes}"), "dead_letters"),
)
LOOK_NEXT = Next(mark("what came of it"), ("query", "SELECT * FROM ingestion_health ORDER BY hour DESC LIMIT 3"))
INGESTED_NEXT = (*DEAD_NEXT, LOOK_NEXT)
RECONCILE_NEXT = Next(mark("check that all agrees now"), ("reconcile",))
JOBS: Mapping[str, Job] = {
    "backfill": Job((Line(mark("files"), "files_read"),), nexts=INGESTED_NEXT),
    "extract": Job((Line(mark("rows"), "postgres_rows"),), nexts=INGESTED_NEXT),
    "stream": Job((Line(mark("messages"), "messages_received"),), nexts=INGESTED_NEXT, endless=True),
    "redrive": Job(
        (
            Line(mark("dead letters taken"), "redrive_chosen", mark("open ones that were asked for")),
            Line(
                mark("of earlier redrives"),
                "redrive_again",
                mark("taken along: the sums of a run are over all of it"),
                False,
            ),
            Line(
                mark("cannot be read again"),
                "redrive_skipped",
                mark("cut or empty, and in no file that is there"),
                False,
            ),
            Line(
                mark("rows that BigQuery refused"),
                "redrive_refused_rows",
                mark("not inputs: rebuild writes them"),
                False,
            ),
            Line(
                mark("of another run"),
                "redrive_other_run",
                mark("taken by a redrive of another --run, and left to it"),
                False,
            ),
        ),
        resumed=RESUMED_BY_REDRIVES,
        nexts=(
            Next(mark("write the rows that BigQuery refused"), ("rebuild",), "redrive_refused_rows"),
            DEAD_NEXT[0],
            LOOK_NEXT,
        ),
    ),
    "reparse": Job(
        (
            Line(mark("keys read"), "histories_read"),
            Line(mark("records read again"), "records_read_again"),
            Line(mark("read otherwise"), "records_reparsed", mark("written, unless this was a dry run")),
            Line(mark("  {which}"), "reparsed_<what>"),
            Line(mark("found inside and applied"), "records_adopted", mark("their row did not hold them"), False),
            Line(
                mark("left as they are"),
                "records_damaged",
                mark("their XML is not what was stored: see the log"),
                False,
            ),
            Line(mark("left as they are"), "records_too_large", mark("read again, they do not fit"), False),
            Line(mark("dead letters"), "dead_letters", mark("rows that BigQuery refused"), False),
        ),
        ingests=False,
        nothing=(("records_reparsed",), mark("all is stored as this parser reads it: nothing was changed")),
        nexts=(RECONCILE_NEXT._replace(when="records_reparsed"),),
    ),
    "refold": Job(
        (
            Line(mark("histories read"), "histories_read"),
            Line(mark("states rewritten"), "states_refolded"),
            Line(mark("changes rewritten"), "changes_refolded"),
            Line(
                mark("left as they are"), "histories_incomplete", mark("they lack changes: reconcile names them"), False
            ),
        ),
        ingests=False,
        nexts=(
            Next(mark("BigQuery and the counts have the old changes still"), ("rebuild",), "changes_refolded"),
            RECONCILE_NEXT._replace(unless="changes_refolded"),
        ),
    ),
    "erase": Job(
        (
            Line(mark("found: {which}"), "erase_<what>"),
            Line(mark("keys erased"), "keys_erased", mark("nothing but a tombstone is left"), False),
            Line(mark("dead letters erased"), "dead_letters_erased", mark("nothing but a tombstone is left"), False),
            Line(mark("rows removed from {which}"), "rows_erased_<table>"),
        ),
        ingests=False,
        nothing=(("erase_",), mark("nothing of what is asked for is there")),
        nexts=(RECONCILE_NEXT._replace(when="keys_erased"),),
    ),
    "rebuild": Job(
        (
            Line(
                mark("histories read"),
                "histories_read",
                mark("where everything is rebuilt twice: for rows, then for counts"),
            ),
            Line(
                mark("removed from {which}"), "rows_removed_<table>", mark("not in the source of truth, or there twice")
            ),
            Line(mark("added to {which}"), "rows_added_<table>", mark("they were missing")),
            Line(mark("dead letters"), "dead_letters", mark("rows that BigQuery refused"), False),
        ),
        ingests=False,
        nothing=(("rows_added_", "rows_removed_"), mark("tables and counts were right: nothing was changed")),
        nexts=(RECONCILE_NEXT,),
    ),
    "reconcile": Job(
        (
            Line(mark("histories read"), "histories_read", mark("and compared with the tables and the counts")),
            Line("{which}", "difference_<what>"),
        ),
        ingests=False,
    ),
}
