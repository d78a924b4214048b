"""``MarkDeadLetters``: what a redrive makes of dead letters, written to their rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.utils.windowed_value import WindowedValue

from transforms.truth import dead_letters, row_keys
from transforms.truth.config import TruthConfig
from transforms.truth.dead_letters import StoredDeadLetter
from transforms.truth.transform import WriterDoFn


class MarkDeadLetters(beam.PTransform):
    """PCollection[StoredDeadLetter], each with its ``redrive`` -> the same, once that is in Bigtable."""

    def __init__(self, config: TruthConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, letters: beam.PCollection[StoredDeadLetter]) -> beam.PCollection[StoredDeadLetter]:
        return letters | "Mark" >> beam.ParDo(_Mark(self._config))


@beam.typehints.with_input_types(StoredDeadLetter)
@beam.typehints.with_output_types(StoredDeadLetter)
class _Mark(WriterDoFn):
    def process(self, stored: StoredDeadLetter, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Iterator[Any]:
        codec = self._writer.codec
        self._bundle.add(
            self._config.dead_letters_table,
            row_keys.row_key(stored.dead_letter_id),
            len(stored.letter.payload) + 1_000,
            place,
            lambda: dead_letters.mark(codec, stored),
        )
        return self._ready()
