"""``ParseDocuments``: inputs in, records and dead letters out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.windowed_value import WindowedValue

from transforms import metrics
from transforms.model import DeadLetter, RawDocument, Record
from transforms.parse.parser import DEFAULTS, ParseOptions, parse
from transforms.parse.ways import WAYS

_RECORDS, _DEAD_LETTERS = "records", "dead_letters"
# Inputs are parsed so many at a time, or so many bytes: the code and tables of one stage then stay in the processor's
# caches. One by one, with the other stages in between, a document costs a third more.
BATCH = 256
BATCH_BYTES = 1_000_000


class Parsed(NamedTuple):
    """Records, and inputs that none can be made of."""

    records: beam.PCollection[Record]
    dead_letters: beam.PCollection[DeadLetter]


class ParseDocuments(beam.PTransform):
    """PCollection[RawDocument] -> ``Parsed``.

    An envelope gives a record for each of its entries. Nothing that an input holds can fail the bundle.
    """

    def __init__(self, options: ParseOptions = DEFAULTS) -> None:
        super().__init__()
        self._options = options

    def expand(self, documents: beam.PCollection[RawDocument]) -> Parsed:
        parse_all = beam.ParDo(_Parse(self._options)).with_outputs(_DEAD_LETTERS, main=_RECORDS)
        found = documents | "Parse" >> parse_all
        return Parsed(found[_RECORDS], found[_DEAD_LETTERS])


@beam.typehints.with_input_types(RawDocument)
@beam.typehints.with_output_types(Record, dead_letters=DeadLetter)
class _Parse(beam.DoFn):
    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self._inputs = metrics.counter("inputs")
        self._bytes = metrics.distribution("xml_bytes")
        self._findings: dict[str, Any] = {}
        self._ways = {way: metrics.counter("parsed_<way>", way) for way in WAYS}

    def start_bundle(self) -> None:
        self._held: list[WindowedValue] = []
        self._held_bytes = 0

    def process(self, raw: RawDocument, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Iterable[Any]:
        self._held.append(place)
        self._held_bytes += len(raw.payload)
        if len(self._held) < BATCH and self._held_bytes < BATCH_BYTES:
            return ()
        return self._parsed_batch()

    def finish_bundle(self) -> Iterable[Any]:
        return self._parsed_batch()

    def _parsed_batch(self) -> Iterator[Any]:
        """Records and dead letters of the inputs held, each with its input's timestamp and window.

        Entries of envelopes may unpack to a thousand times the input's bytes: what was found is bounded too.
        """
        batch, self._held, self._held_bytes = self._held, [], 0
        parsed: list[Any] = []
        size = 0
        for place in batch:
            for found in parse(place.value, self._options, self._count):
                parsed.append(self._placed(found, place))
                size += len(found.payload if isinstance(found, DeadLetter) else found.raw.payload)
            if size >= BATCH_BYTES:
                yield from parsed
                parsed.clear()
                size = 0
        yield from parsed

    def _placed(self, found: Record | DeadLetter, place: WindowedValue) -> Any:
        self._inputs.inc()
        if isinstance(found, DeadLetter):
            return TaggedOutput(_DEAD_LETTERS, place.with_value(found))
        self._bytes.update(len(found.raw.payload))
        for code in found.entry.findings:
            self._finding(code).inc()
        return place.with_value(found)

    def _count(self, way: str) -> None:
        self._ways[way].inc()

    def _finding(self, code: str) -> Any:
        counter = self._findings.get(code)
        if counter is None:
            counter = self._findings[code] = metrics.counter("finding_<code>", code)
        return counter
