"""``ParseDocuments``: inputs in, records and dead letters out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from transforms import metrics
from transforms.model import DeadLetter, RawDocument, Record
from transforms.parse.parser import DEFAULTS, ParseOptions, parse
from transforms.parse.ways import WAYS

_RECORDS, _DEAD_LETTERS = "records", "dead_letters"


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
        self._parsed = {way: metrics.counter("parsed_<way>", way) for way in WAYS}

    def process(self, raw: RawDocument) -> Iterator[Any]:
        for found in parse(raw, self._options, self._count):
            self._inputs.inc()
            if isinstance(found, DeadLetter):
                yield TaggedOutput(_DEAD_LETTERS, found)
                continue
            self._bytes.update(len(found.raw.payload))
            for code in found.entry.findings:
                self._finding(code).inc()
            yield found

    def _count(self, way: str) -> None:
        self._parsed[way].inc()

    def _finding(self, code: str) -> Any:
        counter = self._findings.get(code)
        if counter is None:
            counter = self._findings[code] = metrics.counter("finding_<code>", code)
        return counter
