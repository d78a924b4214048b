"""What every source gives."""

from __future__ import annotations

from typing import NamedTuple

import apache_beam as beam

from transforms.model import DeadLetter, RawDocument


class Inputs(NamedTuple):
    """Documents to parse, and inputs that were dead before they could be parsed."""

    documents: beam.PCollection[RawDocument]
    dead_letters: beam.PCollection[DeadLetter]
