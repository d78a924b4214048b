"""Beam's side of the source of truth: records in, what became of them out, strictly after the commit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.typehints import with_input_types, with_output_types
from apache_beam.utils.windowed_value import WindowedValue

from transforms import instants, metrics
from transforms.collector import collect_seldom
from transforms.model import DUPLICATE, KINDS, NEW, RESUMED, Applied, DeadLetter, Record
from transforms.truth import dead_letters, row_keys
from transforms.truth.bars import KnownBars
from transforms.truth.config import TruthConfig
from transforms.truth.transaction import Attempt, Barred, transact
from transforms.truth.writer import Bundle, Done, shared_writer

_APPLIED, _DEAD_LETTERS = "applied", "dead_letters"
# What a record holds in memory besides its bytes, roughly: fields, request, bookkeeping.
_OVERHEAD_BYTES = 4_000
# Stages of dead letters (see ``DeadLetter``).
_BEFORE_PARSING, _OF_ROWS = "ingest", "views"


class WriterDoFn(beam.DoFn):
    """Hands elements to the process's writer and gives results out as they come, the last at the bundle's end.

    A subclass's ``process`` adds transactions to ``_bundle``, tagged with the element's ``WindowedValue``, and
    returns ``_ready()``. One that gives nothing out for a result returns None from ``_emit``.
    """

    def __init__(self, config: TruthConfig) -> None:
        self._config = config
        self._retries = metrics.counter("retries")
        self._bundle: Bundle

    def setup(self) -> None:
        collect_seldom()
        self._writer = shared_writer(self._config)
        self._bars = KnownBars(self._writer.client)

    def start_bundle(self) -> None:
        self._bundle = self._writer.bundle()

    def finish_bundle(self) -> Iterator[Any]:
        yield from self._given_out(self._bundle.finish())

    def _ready(self) -> Iterator[Any]:
        yield from self._given_out(self._bundle.ready())

    def _given_out(self, results: Iterator[Done]) -> Iterator[Any]:
        for done in results:
            given = self._emit(done)
            if given is not None:
                yield given

    def _emit(self, done: Done) -> Any:
        if done.retries:
            self._retries.inc(done.retries)
        place: WindowedValue = done.tag
        return place.with_value(done.completed.result)


@with_input_types(Record)
@with_output_types(Applied, dead_letters=DeadLetter)
class _ApplyRecords(WriterDoFn):
    def __init__(self, config: TruthConfig, run: str, job: str, logged: bool = False) -> None:
        super().__init__(config)
        self._run = run
        self._job = job
        self._logged = logged
        names = {NEW: "records_new", RESUMED: "records_resumed", DUPLICATE: "records_duplicate"}
        self._outcomes = {outcome: metrics.counter(name) for outcome, name in names.items()}
        self._kinds = {kind: metrics.counter(f"{kind}s") for kind in KINDS}
        self._barred = metrics.counter("records_barred")
        self._conflicts = metrics.counter("conflicts")
        self._millis = metrics.distribution("apply_millis")
        self._bytes = metrics.distribution("stored_bytes")

    # A parameter for the window would cost as much as all else that Beam does for an element.
    def process(self, record: Record, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Iterator[Any]:
        attempt = Attempt(self._run, self._job, instants.now(), self._logged)
        codec, bars = self._writer.codec, self._bars.current()
        size = _OVERHEAD_BYTES + len(record.raw.payload)
        self._bundle.add(
            self._config.records_table,
            row_keys.row_key(record.entry.key),
            size,
            place,
            lambda: transact(codec, record, attempt, bars),
        )
        return self._ready()

    def _emit(self, done: Done) -> Any:
        windowed = super()._emit(done)
        completed = done.completed
        if completed.conflicts:
            self._conflicts.inc(completed.conflicts)
        if isinstance(completed.result, Barred):
            self._barred.inc()
            return None
        if isinstance(completed.result, DeadLetter):
            return TaggedOutput(_DEAD_LETTERS, windowed)
        self._outcomes[completed.result.arrival.outcome].inc()
        self._kinds[completed.result.entry.kind].inc()
        self._millis.update(int(done.seconds * 1_000))
        self._bytes.update(completed.stored_bytes)
        return windowed


@with_input_types(DeadLetter)
@with_output_types(DeadLetter)
class _StoreDeadLetters(WriterDoFn):
    def __init__(self, config: TruthConfig, run: str, job: str) -> None:
        super().__init__(config)
        self._run = run
        self._job = job
        self._barred = metrics.counter("dead_letters_barred")
        # An input that was dead before it was parsed is counted with its row, and here where it gets none.
        self._inputs = metrics.counter("inputs")

    def process(self, letter: DeadLetter, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Iterator[Any]:
        codec = self._writer.codec
        at = instants.now()
        self._bundle.add(
            self._config.dead_letters_table,
            row_keys.row_key(letter.dead_letter_id),
            _OVERHEAD_BYTES + len(letter.payload),
            place,
            lambda: dead_letters.store(codec, letter, self._run, self._job, at),
        )
        return self._ready()

    def _emit(self, done: Done) -> Any:
        windowed, letter = super()._emit(done), done.tag.value
        if not isinstance(done.completed.result, Barred):
            return windowed
        if letter.stage != _OF_ROWS:
            self._barred.inc()
            self._inputs.inc(int(letter.stage == _BEFORE_PARSING))
        return None


class Committed(NamedTuple):
    """What became of each record, and those that do not fit."""

    applied: beam.PCollection[Applied]
    dead_letters: beam.PCollection[DeadLetter]


class ApplyToTruth(beam.PTransform):
    """PCollection[Record] -> ``Committed``.

    ``run`` is the unit of retry, ``job`` this launch, ``logged`` says that its changes are counted by way of the change
    log. A record is emitted only after Bigtable has acknowledged it,
    with its own timestamp and window. A record that cannot be written fails the bundle; the runner's retry finds
    what was written before and hands it on.
    """

    def __init__(self, config: TruthConfig, run: str, job: str, logged: bool = False) -> None:
        super().__init__()
        self._config = config
        self._run = run
        self._job = job
        self._logged = logged

    def expand(self, records: beam.PCollection[Record]) -> Committed:
        apply = beam.ParDo(_ApplyRecords(self._config, self._run, self._job, self._logged))
        found = records | "Apply" >> apply.with_outputs(_DEAD_LETTERS, main=_APPLIED)
        return Committed(found[_APPLIED], found[_DEAD_LETTERS])


class StoreDeadLetters(beam.PTransform):
    """Dead letters -> the same, once each is in Bigtable with its bytes."""

    def __init__(self, config: TruthConfig, run: str, job: str) -> None:
        super().__init__()
        self._config = config
        self._run = run
        self._job = job

    def expand(self, letters: beam.PCollection[DeadLetter]) -> beam.PCollection[DeadLetter]:
        return letters | "Store" >> beam.ParDo(_StoreDeadLetters(self._config, self._run, self._job))
