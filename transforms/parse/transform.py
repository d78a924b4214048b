"""``ParseDocuments``: inputs in, records and dead letters out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import DoOutputsTuple, TaggedOutput

from transforms import metrics
from transforms.model import DeadLetter, RawDocument, Record
from transforms.parse.parser import DEFAULTS, ParseOptions, parse


class ParseDocuments(beam.PTransform):
    """PCollection[RawDocument] -> tagged ``RECORDS`` (Record) and ``DEAD_LETTERS`` (DeadLetter).

    An envelope gives a record for each of its entries. Nothing that an input holds can fail the bundle.
    """

    RECORDS = "records"
    DEAD_LETTERS = "dead_letters"

    def __init__(self, options: ParseOptions = DEFAULTS) -> None:
        super().__init__()
        self._options = options

    def expand(self, documents: beam.PCollection[RawDocument]) -> DoOutputsTuple:
        return documents | "Parse" >> beam.ParDo(_Parse(self._options)).with_outputs(
            self.DEAD_LETTERS, main=self.RECORDS
        )


@beam.typehints.with_input_types(RawDocument)
@beam.typehints.with_output_types(Record, dead_letters=DeadLetter)
class _Parse(beam.DoFn):
    def __init__(self, options: ParseOptions) -> None:
        self._options = options
        self._inputs = metrics.counter("inputs")
        self._bytes = metrics.distribution("xml_bytes")
        self._findings: dict[str, Any] = {}

    def process(self, raw: RawDocument) -> Iterator[Any]:
        for found in parse(raw, self._options):
            self._inputs.inc()
            if isinstance(found, DeadLetter):
                yield TaggedOutput(ParseDocuments.DEAD_LETTERS, found)
                continue
            self._bytes.update(len(found.raw.payload))
            for code in found.entry.findings:
                self._finding(code).inc()
            yield found

    def _finding(self, code: str) -> Any:
        counter = self._findings.get(code)
        if counter is None:
            counter = self._findings[code] = metrics.counter("finding_<code>", code)
        return counter
