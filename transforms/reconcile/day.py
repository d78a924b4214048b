"""The counts of one day's stream: the change log of that day against what was stored of it in both stores.

What is read is the log of the day, the rows of Bigtable's counts that it names, and of BigQuery the changes since that
day and the partial sums of its partition: none of it grows with the age of the tables.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from google.cloud import bigquery

from transforms.counting import cells, log, log_writer
from transforms.counting.contributions import CountKey, key_of
from transforms.counting.log import Sum
from transforms.counting.sums import billionths_of, total_of
from transforms.history.dimensions import DIMENSIONS
from transforms.reconcile import facts
from transforms.reconcile.facts import Difference
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.writer import shared_writer
from transforms.views import connect

UNLOGGED = "unlogged_change"

_READS_AT_ONCE = 64
_COUNTED = "python -m pipelines.rebuild"
Amounts = dict[CountKey, tuple[int, int]]
"""Documents, and value in billionths of BRL, of what is counted together."""


class Logged(NamedTuple):
    """What the log of a day says: its sums by count, and the changes in it (``key/revision``)."""

    amounts: Amounts
    changes: frozenset[str]


def compare_day(config: TruthConfig, dataset: str, day: date) -> Iterator[Difference]:
    """What differs of the counts of a day (UTC, by when changes were applied). Raises TruthError, GoogleAPICallError.

    ``dataset``: project and dataset. While a stream runs, compare a day that is over: sums of the last seconds are on
    their way.
    """
    logged = read_log(config, day)
    served, missing = read_served(dataset, day, logged.changes)
    stored = read_stored(config, day, logged.amounts)
    for change in sorted(missing):
        key = change.partition("/")[0]
        fact = facts.Fact("changes", key, change, "", f"{day}")
        yield facts.difference(UNLOGGED, fact, "a stream's change that is not in the change log", _COUNTED)
    yield from differences(logged.amounts, served, stored)


def differences(logged: Amounts, served: Amounts, stored: Amounts) -> Iterator[Difference]:
    """A difference for each count of which the three do not say the same. Pure."""
    for key in sorted({*logged, *served, *stored}):
        said = [amounts.get(key, (0, 0)) for amounts in (logged, served, stored)]
        if len(set(said)) > 1:
            shown = [f"{documents}/{total_of(billionths):.2f}" for documents, billionths in said]
            yield facts.wrong_count(tuple(key), *shown)


def read_log(config: TruthConfig, day: date) -> Logged:
    """The log of a day, added up."""
    client, table = shared_writer(config).client, log_writer.log_table(config)
    amounts: Amounts = {}
    changes: set[str] = set()
    for start, end in log.ranges_of(f"{day}"):
        for row in client.scan(table, start, end, (log.CONTRIBUTIONS,)):
            _add(amounts, ((_told(key), found) for key, found in log.sums_of(row.cells).items()))
            changes.update(cell.qualifier.decode() for cell in row.cells)
    return Logged(_without_nothing(amounts), frozenset(changes))


def read_stored(config: TruthConfig, day: date, counts: Iterable[CountKey]) -> Amounts:
    """What Bigtable's rows of these counts have of the day's slots."""
    client, table = shared_writer(config).client, log_writer.counts_table(config)
    wanted = sorted({cells.row_of_key(key) for key in counts})
    amounts: Amounts = {}

    async def read(some: list[bytes]) -> list[Any]:
        return await asyncio.gather(*(client.read_row(table, row, (cells.COUNTS,)) for row in some))

    for begin in range(0, len(wanted), _READS_AT_ONCE):
        some = wanted[begin : begin + _READS_AT_ONCE]
        for row, found in zip(some, wait_for(read(some)), strict=True):
            _add(amounts, _of_day(cells.slot_sums(row, found), day))
    return _without_nothing(amounts)


def _of_day(sums: Mapping[CountKey, Mapping[str, Sum]], day: date) -> Iterator[tuple[CountKey, Sum]]:
    for key, slots in sums.items():
        for slot, found in slots.items():
            if slot.startswith(f"{day}T"):
                yield key, found


def read_served(dataset: str, day: date, logged: frozenset[str]) -> tuple[Amounts, frozenset[str]]:
    """What BigQuery has of the day's slots, and the changes of streams of that day that are not in the log."""
    client = connect.rest_client(dataset.partition(".")[0])
    config = bigquery.QueryJobConfig(query_parameters=[bigquery.ScalarQueryParameter("day", "STRING", f"{day}")])
    amounts: Amounts = {}
    for row in client.query(_SERVED.format(dataset), job_config=config).result(page_size=10_000):
        amount = Sum(0, int(row["documents"]), billionths_of(Decimal(row["total"])))
        _add(amounts, [(_told(key_of(row)), amount)])
    found = client.query(_CHANGES.format(dataset), job_config=config).result(page_size=10_000)
    changes = {f"{row['access_key']}/{row['revision']}" for row in found}
    return _without_nothing(amounts), frozenset(changes - logged)


_KEY = ", ".join(CountKey._fields)
_SERVED = f"""
SELECT {_KEY}, SUM(documents) AS documents, SUM(total) AS total
FROM (
  SELECT *
  FROM `{{}}.counts`
  WHERE log_day = CAST(@day AS DATE)
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY partial, {_KEY}
    ORDER BY version DESC, computed_at DESC
  ) = 1
)
GROUP BY {_KEY}"""

# A change that leaves all that is counted as it was is in no log.
_MOVED = " OR ".join(f"{name}_before IS DISTINCT FROM {name}_after" for name in (*DIMENSIONS, "total"))
_CHANGES = f"""
SELECT DISTINCT access_key, revision
FROM `{{}}.changes`
WHERE (current_at >= TIMESTAMP(CAST(@day AS DATE)) OR current_at IS NULL)
  AND logged AND DATE(applied_at) = CAST(@day AS DATE)
  AND ({_MOVED})"""


def _add(amounts: Amounts, found: Iterable[tuple[CountKey, Sum]]) -> None:
    for key, one in found:
        documents, billionths = amounts.get(key, (0, 0))
        amounts[key] = documents + one.documents, billionths + one.billionths


def _told(key: CountKey) -> CountKey:
    """A key as Bigtable's rows tell it: the month of its day."""
    day = key.day or key.month
    return key._replace(month=f"{day[:7]}-01" if day else "")


def _without_nothing(amounts: Amounts) -> Amounts:
    return {key: amount for key, amount in amounts.items() if amount != (0, 0)}
