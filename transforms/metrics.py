"""Every counter and distribution of the jobs: its name, its unit, and what it counts.

A DoFn makes its metrics here, once, when it is made: making one costs more than counting. They are Beam's ``Metrics``
in the namespace ``acervo``. RUNBOOK has this catalogue as a table.

Counters are also added up in the process that counts (``tally``). Where workers live in the process of the launcher, as
those of local runners do, that tells how far a job is while Beam tells nothing before the end. What a bundle counted
that failed stays in it, so results come from Beam alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from apache_beam.metrics import Metrics
from apache_beam.metrics.metricbase import MetricName

NAMESPACE = "acervo"


class Metric(NamedTuple):
    """What a metric counts, and in what. A distribution has a count, a sum, a smallest and a largest value."""

    unit: str
    counts: str
    distribution: bool = False


# By name; ``<...>`` stands for one of many.
CATALOGUE = {
    # what comes in
    "files_matched": Metric("files", "files that the patterns of the input name"),
    "files_read": Metric("files", "files that were read, whatever came of them"),
    "entries_read": Metric("inputs", "inputs found in files and archives"),
    "bytes_read": Metric("bytes", "bytes of those, unpacked"),
    "litter_skipped": Metric("files", "system files such as .DS_Store and Thumbs.db, which are no inputs"),
    "subscription_reads": Metric("reads", "times that the queue was asked for messages, in vain or not"),
    "messages_received": Metric("messages", "messages taken from the queue, repeated ones included"),
    "messages_redelivered": Metric("messages", "deliveries of messages that are being worked on already, dropped"),
    "message_bytes": Metric("bytes", "bytes of the messages received"),
    "message_lag_millis": Metric("ms", "from published to received, for each message", distribution=True),
    "kafka_outages": Metric("errors", "connections to Kafka that were lost, or could not be made"),
    "sqs_outages": Metric("errors", "requests to SQS that got no answer"),
    "inputs_read": Metric("inputs", "inputs found in messages"),
    "postgres_rows": Metric("rows", "rows read from the PostgreSQL table"),
    "postgres_millis_waited": Metric("ms", "time that readers waited for one of the connections allowed"),
    "postgres_connections_lost": Metric("connections", "connections to PostgreSQL that were lost and made again"),
    # what is read of it
    "inputs": Metric("inputs", "inputs, each of which became a record or a dead letter"),
    "parsed_<way>": Metric("documents", "documents that were read from libxml2's events (sax), or from its tree"),
    "xml_bytes": Metric("bytes", "size of each record's XML", distribution=True),
    "finding_<code>": Metric("records", "records with the finding of that code"),
    "dead_letters": Metric("dead letters", "inputs that could not become a record, and rows that BigQuery refused"),
    "dead_letter_<code>": Metric("dead letters", "those of that code; they add up to dead_letters"),
    # the source of truth
    "records_new": Metric("records", "records written that were not there"),
    "records_resumed": Metric("records", "records that an earlier attempt of the same run had written"),
    "records_duplicate": Metric("records", "records that were there already, from another input or run"),
    "records_barred": Metric("records", "records that a tombstone or a bar kept out: erased, and not applied again"),
    "dead_letters_barred": Metric("dead letters", "dead letters that a tombstone kept out: erased, and not kept again"),
    "documents": Metric("records", "records that are documents, duplicates included"),
    "events": Metric("records", "records that are events, duplicates included"),
    "voided_ranges": Metric("records", "records that are voided ranges, duplicates included"),
    "conflicts": Metric("attempts", "writes that lost to another writer of the same key and were repeated"),
    "retries": Metric("requests", "requests to Bigtable that were sent again after an error"),
    "apply_millis": Metric("ms", "from when a record is sent to its row's last answer", distribution=True),
    "stored_bytes": Metric("bytes", "size of the values written to Bigtable for each record", distribution=True),
    "histories_read": Metric("keys", "keys read from the source of truth"),
    # tables, counts and topics
    "rows_written_<table>": Metric("rows", "rows appended to that table of BigQuery"),
    "rows_refused_<table>": Metric("rows", "rows that the table did not take; each is a dead letter"),
    "append_millis": Metric("ms", "duration of each request to the Storage Write API", distribution=True),
    "count_partials": Metric("partial sums", "partial sums of counts written to Bigtable"),
    "changes_logged": Metric("changes", "changes of streams written to the change log"),
    "count_slots": Metric("slots", "slots of the change log that were added up"),
    "count_rows_packed": Metric("rows", "rows of counts in Bigtable that were packed"),
    "changes_published": Metric("messages", "changes published to their topic"),
    "states_published": Metric("messages", "last changes of keys written to the topic of states"),
    "states_moved_on": Metric("keys", "keys that had changed again when their last change was written"),
    "dead_letters_published": Metric("messages", "dead letters published to their topic"),
    # jobs of maintenance
    "rows_removed_<table>": Metric("rows", "rows that rebuild removed from that table, not in the source of truth"),
    "rows_added_<table>": Metric("rows", "rows that rebuild added to that table: they were missing"),
    "redrive_chosen": Metric("dead letters", "open dead letters that the options choose"),
    "redrive_again": Metric("dead letters", "dead letters that an earlier attempt of the same run had begun"),
    "redrive_other_run": Metric("dead letters", "dead letters left to a redrive of another run"),
    "redrive_refused_rows": Metric("dead letters", "rows that BigQuery refused, which only rebuild can write"),
    "redrive_skipped": Metric("dead letters", "dead letters whose bytes are nowhere whole"),
    "ranges_read": Metric("ranges", "parts of the table that a reparse has read whole, of some 64 a tablet"),
    "records_read_again": Metric("records", "stored records whose XML a reparse read"),
    "records_reparsed": Metric("records", "records that were read otherwise than they were stored, and written"),
    "reparsed_<what>": Metric("records", "those in which that differed: a field, a finding, the state, the counts"),
    "records_adopted": Metric("records", "records that a reparse found inside of stored XML, and applied"),
    "records_damaged": Metric("records", "records left as they were: their XML is not what was stored"),
    "records_too_large": Metric("records", "records left as they were: read again, they do not fit"),
    "rows_marked": Metric("keys", "keys that a reparse read whole, and found to be stored as they are read"),
    "histories_incomplete": Metric("keys", "keys that lack changes, and were left as they are"),
    "states_refolded": Metric("keys", "keys whose state was computed again and differed"),
    "changes_refolded": Metric("changes", "changes that were computed again and differed"),
    "erase_<what>": Metric("things", "what an erasure found: keys, rows by table, what is held or retained instead"),
    "keys_erased": Metric("keys", "keys of which nothing but a tombstone is left"),
    "states_forgotten": Metric("messages", "tombstones of erased keys written to the topic of states"),
    "dead_letters_erased": Metric("dead letters", "dead letters of which nothing but a tombstone is left"),
    "rows_erased_<table>": Metric("rows", "rows that an erasure removed from that table"),
    "difference_<what>": Metric("differences", "differences of that kind which reconcile found"),
}


_TALLY: dict[str, list[int]] = {}


def tally() -> dict[str, int]:
    """What counters of this process have come to since it began, by full name. Threads may lose each other a few."""
    return {name: cell[0] for name, cell in list(_TALLY.items()) if cell[0]}


class _Tallied:
    """The ``inc`` of a counter that is added up here too."""

    def __init__(self, inc: Any, name: str) -> None:
        self._inc = inc
        self._name = name
        self._cell = _TALLY.setdefault(name, [0])

    def __call__(self, value: int = 1) -> None:
        self._inc(value)
        self._cell[0] += value

    def __reduce__(self) -> tuple[type[_Tallied], tuple[Any, str]]:
        return _Tallied, (self._inc, self._name)


class _Counter(Metrics.DelegatingCounter):
    def __init__(self, name: str) -> None:
        super().__init__(MetricName(NAMESPACE, name))
        self.inc: Any = _Tallied(self.inc, name)


def counter(name: str, which: str | None = None) -> Metrics.DelegatingCounter:
    """The counter of that name in the catalogue; ``which`` is put in the place of ``<...>``."""
    return _Counter(named(name, which, distribution=False))


def distribution(name: str) -> Metrics.DelegatingDistribution:
    """The distribution of that name in the catalogue."""
    return Metrics.distribution(NAMESPACE, named(name, None, distribution=True))


def named(name: str, which: str | None, distribution: bool) -> str:
    """A metric's full name. Raises KeyError for one that the catalogue does not have as it is asked for."""
    if CATALOGUE[name].distribution != distribution or (which is not None) != name.endswith(">"):
        raise KeyError(f"{name} is in the catalogue of metrics, but not as it is asked for")
    return name if which is None else f"{name.partition('<')[0]}{which}"


def table() -> str:
    """The catalogue as a table in Markdown."""
    lines = ["| name | unit | what it counts |", "|---|---|---|"]
    for name, metric in sorted(CATALOGUE.items()):
        lines.append(f"| `{name}` | {metric.unit}{', each' if metric.distribution else ''} | {metric.counts} |")
    return "\n".join(lines) + "\n"
