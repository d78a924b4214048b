"""``ReadFromPostgres``: the rows of a table as RawDocuments, read in ranges that any runner can spread and split."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import psycopg
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.typehints import with_input_types, with_output_types

from transforms import metrics
from transforms.ingest.inputs import Inputs
from transforms.ingest.limits import Limits
from transforms.ingest.postgres.catalog import Table, describe
from transforms.ingest.postgres.errors import is_lost_connection
from transforms.ingest.postgres.partition import parts_of
from transforms.ingest.postgres.parts import TableColumns, TablePart
from transforms.ingest.postgres.payload import origin_of, outcomes
from transforms.ingest.postgres.pool import Pool, acquire_pool, release_pool
from transforms.ingest.postgres.reader import TableReader
from transforms.ingest.postgres.retry import Retry
from transforms.ingest.postgres.session import begin
from transforms.ingest.postgres.source import PostgresSource
from transforms.language import say
from transforms.model import DeadLetter, RawDocument

_DOCUMENTS, _DEAD_LETTERS = "documents", "dead_letters"


class ReadFromPostgres(beam.PTransform):
    """PBegin -> ``Inputs``.

    Every row of the table that the source's conditions leave comes out once, as one or the other. With a snapshot
    (``source.snapshot``; see ``snapshot.py``) that is the table as it was at one instant. Without, each statement sees
    what is committed when it starts, and what that means depends on what the table is split by:

    * by a key: a row that exists throughout the job comes out exactly once, unless its key is updated meanwhile (then
      it may come out twice, under both keys, or not at all);
    * by physical pages: an UPDATE may move a row to another page while the job runs. A row so moved from a page not
      yet read to one already read **is missed**; the other way round it **comes out twice**, in both versions. What
      comes out twice does no harm, as the row's transaction at the source of truth keeps each version once. What is
      missed was updated after the launch, so an increment from the launch on (``updated_since``) brings it in; a
      table without such a column is better read with a snapshot, by a key, or from a replica whose replay is paused
      (``pg_wal_replay_pause()``), where nothing moves.

    Rows inserted while the job runs may come out or not; an increment brings them in as well. An increment should go
    back from the launch by as much as the longest transaction takes: a row is dated when it is written and visible
    when it is committed.
    """

    def __init__(self, source: PostgresSource) -> None:
        super().__init__()
        self._source = source

    def expand(self, pbegin: beam.pvalue.PBegin) -> Inputs:
        found = (
            pbegin
            | "Table" >> beam.Create([self._source.table])
            | "PlanParts" >> beam.ParDo(_PlanParts(self._source))
            | "SpreadParts" >> beam.Reshuffle()
            | "ReadRows" >> beam.ParDo(_ReadRows(self._source)).with_outputs(_DEAD_LETTERS, main=_DOCUMENTS)
        )
        return Inputs(found[_DOCUMENTS], found[_DEAD_LETTERS])


@with_input_types(str)
@with_output_types(tuple[TableColumns, TablePart])
class _PlanParts(beam.DoFn):
    """Plans the parts on a worker, where the pipeline runs, and only once: a retry could divide the table
    differently."""

    def __init__(self, source: PostgresSource) -> None:
        self._source = source

    def setup(self) -> None:
        self._pool = acquire_pool(self._source)

    def teardown(self) -> None:
        release_pool(self._source)

    def process(self, table: str) -> Iterator[tuple[TableColumns, TablePart]]:
        described, parts = plan(self._source, self._pool)
        for part in parts:
            yield described.shape, part


def plan(source: PostgresSource, pool: Pool) -> tuple[Table, list[TablePart]]:
    """The table and all its parts, as of one transaction, over as many connections as it takes."""
    retry = Retry()
    while True:
        try:
            with pool.connection() as conn:
                begin(conn, source)
                table = describe(conn, source)
                parts = list(parts_of(conn, source, table))
                conn.rollback()
                return table, parts
        except psycopg.Error as error:
            if not is_lost_connection(error):
                raise
            retry.wait(error, say("planning to read {table}", table=source.table))


@with_input_types(tuple[TableColumns, TablePart])
@with_output_types(RawDocument, dead_letters=DeadLetter)
class _ReadRows(beam.DoFn, RestrictionProvider):
    """The splittable DoFn. Restrictions are ranges of block numbers; a block is claimed before its rows are given.

    Beam's own tracker reports progress in fractions; the runner combines those with bytes of output, and would mix
    units with any other measure. Sizes are in pages, whatever a block is.
    """

    def __init__(self, source: PostgresSource) -> None:
        self._source = source
        self._limits = Limits(max_entry_bytes=source.max_input_bytes)
        self._rows = metrics.counter("postgres_rows")
        self._litter = metrics.counter("litter_skipped")
        self._lost = metrics.counter("postgres_connections_lost")
        self._waited = metrics.counter("postgres_millis_waited")

    def setup(self) -> None:
        self._pool = acquire_pool(self._source)

    def teardown(self) -> None:
        release_pool(self._source)

    def initial_restriction(self, element: tuple[TableColumns, TablePart]) -> OffsetRange:
        return OffsetRange(element[1].start, element[1].stop)

    def create_tracker(self, restriction: OffsetRange) -> OffsetRestrictionTracker:
        return OffsetRestrictionTracker(restriction)

    def split(self, element: tuple[TableColumns, TablePart], restriction: OffsetRange) -> Iterator[OffsetRange]:
        step = element[1].blocks_in(self._source.range_bytes)
        return iter(restriction.split(step))

    def restriction_size(self, element: tuple[TableColumns, TablePart], restriction: OffsetRange) -> float:
        pages: float = element[1].block_pages * restriction.size()
        return pages

    def truncate(self, element: tuple[TableColumns, TablePart], restriction: OffsetRange) -> OffsetRange:
        """A drain finishes the ranges that were begun: no other job would read the rest of them."""
        return restriction

    def process(
        self,
        element: tuple[TableColumns, TablePart],
        tracker: Any = beam.DoFn.RestrictionParam(),  # noqa: B008
    ) -> Iterator[RawDocument | beam.pvalue.TaggedOutput]:
        shape, part = element
        reader = TableReader(self._source, shape, self._pool)
        wanted = tracker.current_restriction()
        rows = 0
        for row in reader.read(part, wanted.start, wanted.stop, tracker.try_claim):
            rows += 1
            received_at = self._source.read_at if row.received_at is None else row.received_at
            origin = origin_of(shape.origin, row.key)
            for outcome in outcomes(
                row.payload, origin, received_at, text=shape.text, limits=self._limits, on_litter=self._litter.inc
            ):
                if isinstance(outcome, DeadLetter):
                    yield beam.pvalue.TaggedOutput(_DEAD_LETTERS, outcome)
                else:
                    yield outcome
        self._rows.inc(rows)
        self._lost.inc(reader.reconnects)
        self._waited.inc(int(self._pool.waited() * 1_000))
        # Says that nothing is left: of the range as it is now, which may have been split meanwhile.
        tracker.try_claim(wanted.stop)
