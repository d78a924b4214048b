"""``SumAmounts``: amounts added up per key, with a shuffle that stays small."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Context, Decimal
from sys import intern
from typing import Any

import apache_beam as beam
import orjson
from apache_beam.coders import Coder

from transforms.counting.contributions import Amount

Key = tuple[str, ...]
Pair = tuple[Key, tuple[int, Decimal]]

_Grouped = tuple[Key, tuple[Key, tuple[int, Decimal]]]
# Rest of a key -> documents, and value in billionths of BRL: the nine decimals that an amount may have.
_Sums = dict[Key, tuple[int, int]]
_DECIMALS = 9
# Enough digits for any sum of amounts of 38 digits.
_EXACT = Context(prec=80)
_CENTS = Decimal("0.00")


class SumAmounts(beam.PTransform):
    """PCollection[(key, Amount)] -> one element per key, window and pane, with its sum, exact.

    A document is counted under a handful of keys, most of them met seldom (a recipient on a day), so summing key by
    key would shuffle and hold nearly as many elements as there are documents. Keys are therefore shuffled by their
    first ``parts`` alone (dimension and value), and all sums of such a group travel as one compact value.
    """

    def __init__(self, parts: int = 2) -> None:
        super().__init__()
        self._parts = parts

    def expand(self, pcoll: beam.PCollection[Pair]) -> beam.PCollection[Pair]:
        return (
            pcoll
            | "Group" >> beam.Map(_grouped, self._parts).with_output_types(_Grouped)
            | "SumPerGroup" >> beam.CombinePerKey(_SumGroup())
            | "Ungroup" >> beam.FlatMap(_ungrouped).with_output_types(Pair)
        )


def _grouped(pair: Pair, parts: int) -> _Grouped:
    key, amount = tuple(pair[0]), pair[1]
    return key[:parts], (key[parts:], amount)


def _ungrouped(element: tuple[Key, _Sums]) -> Iterator[Pair]:
    group, sums = element
    for rest, (documents, billionths) in sums.items():
        yield (*group, *rest), Amount(documents, _total_of(billionths))


def _total_of(billionths: int) -> Decimal:
    """BRL, with no more decimals than it needs, and no fewer than two: equal sums look alike."""
    return _EXACT.add(_EXACT.normalize(_EXACT.scaleb(Decimal(billionths), -_DECIMALS)), _CENTS)


class _SumGroup(beam.CombineFn):
    """Sums of one group; lifted before the shuffle."""

    def create_accumulator(self) -> _Sums:
        return {}

    def add_input(self, mutable_accumulator: _Sums, element: tuple[Key, tuple[int, Decimal]]) -> _Sums:
        rest, (documents, total) = element
        _add(mutable_accumulator, rest, documents, int(_EXACT.scaleb(total, _DECIMALS)))
        return mutable_accumulator

    def merge_accumulators(self, accumulators: Iterable[_Sums]) -> _Sums:
        whole: _Sums = {}
        for accumulator in accumulators:
            for rest, (documents, billionths) in accumulator.items():
                _add(whole, rest, documents, billionths)
        return whole

    def extract_output(self, accumulator: _Sums) -> _Sums:
        return accumulator

    def get_accumulator_coder(self) -> Coder:
        return SumsCoder()


def _add(sums: _Sums, rest: Key, documents: int, billionths: int) -> None:
    known = sums.get(rest)
    if known is not None:
        documents, billionths = documents + known[0], billionths + known[1]
    else:
        # The same few texts (days, statuses) are in every group.
        rest = tuple(map(intern, rest))
    sums[rest] = documents, billionths


class SumsCoder(Coder):
    """JSON: a list of [documents, billionths, rest of the key...], the billionths as text for their size."""

    def encode(self, value: _Sums) -> bytes:
        return orjson.dumps([[count, str(billionths), *rest] for rest, (count, billionths) in sorted(value.items())])

    def decode(self, encoded: bytes) -> _Sums:
        return {tuple(map(intern, rest)): (count, int(amount)) for count, amount, *rest in orjson.loads(encoded)}

    def is_deterministic(self) -> bool:
        return True

    def __eq__(self, other: Any) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))
