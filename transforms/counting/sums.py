"""``SumAmounts``: amounts added up per key, with a shuffle that stays small."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from decimal import Context, Decimal
from sys import intern

import apache_beam as beam
import orjson
from apache_beam.transforms.window import BoundedWindow
from apache_beam.typehints import with_input_types, with_output_types
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from transforms.counting.contributions import Amount

Key = tuple[str, ...]
Pair = tuple[Key, tuple[int, Decimal]]

# Rest of a key -> documents, and value in billionths of BRL: the nine decimals that an amount may have.
Sums = dict[Key, tuple[int, int]]
_DECIMALS = 9
# Enough digits for any sum of amounts of 38 digits.
_EXACT = Context(prec=80)
_CENTS = Decimal("0.00")
# Sums that a bundle holds before it hands them on, at 200 bytes each.
_MOST_HELD = 50_000


class SumAmounts(beam.PTransform):
    """PCollection[(key, Amount)] -> one element per key, window and pane, with its sum, exact.

    A document is counted under a handful of keys, most of them met seldom (a recipient on a day): shuffled one by one
    they would be more elements than there are documents. So keys are shuffled by their first ``parts`` alone
    (dimension and value), and the sums of such a group travel together, packed.
    """

    def __init__(self, parts: int = 2) -> None:
        super().__init__()
        self._parts = parts

    def expand(self, pcoll: beam.PCollection[Pair]) -> beam.PCollection[Pair]:
        return (
            pcoll
            | "SumInBundle" >> beam.ParDo(_SumInBundle(self._parts))
            | "PerGroup" >> beam.GroupByKey()
            | "SumGroup" >> beam.FlatMap(_sum_group).with_output_types(Pair)
        )


@with_input_types(Pair)
@with_output_types(tuple[Key, bytes])
class _SumInBundle(beam.DoFn):
    """What Beam's own lifting of a combiner does, but bounded by the sums held, not by the number of groups."""

    def __init__(self, parts: int) -> None:
        self._parts = parts

    def start_bundle(self) -> None:
        self._groups: dict[tuple[BoundedWindow, Key], Sums] = {}
        self._latest: dict[BoundedWindow, Timestamp] = {}
        self._held = 0

    def process(self, pair: Pair, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Sequence[WindowedValue]:
        key, (documents, total) = pair
        group, rest, billionths = key[: self._parts], key[self._parts :], int(_EXACT.scaleb(total, _DECIMALS))
        for window in place.windows:
            sums = self._groups.setdefault((window, group), {})
            self._held -= len(sums)
            _add(sums, rest, documents, billionths)
            self._held += len(sums)
            self._latest[window] = max(place.timestamp, self._latest.get(window, place.timestamp))
        return list(self._hand_on()) if self._held > _MOST_HELD else ()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        yield from self._hand_on()

    def _hand_on(self) -> Iterator[WindowedValue]:
        for (window, group), sums in self._groups.items():
            yield WindowedValue((group, pack(sums)), self._latest[window], (window,))
        self.start_bundle()


def _sum_group(element: tuple[Key, Iterable[bytes]]) -> Iterator[Pair]:
    group, parts = element
    whole: Sums = {}
    for packed in parts:
        for rest, (documents, billionths) in unpack(packed).items():
            _add(whole, rest, documents, billionths)
    for rest, (documents, billionths) in whole.items():
        yield (*group, *rest), Amount(documents, total_of(billionths))


def _add(sums: Sums, rest: Key, documents: int, billionths: int) -> None:
    known = sums.get(rest)
    if known is not None:
        documents, billionths = documents + known[0], billionths + known[1]
    else:
        # The same few texts (days, statuses) are in every group.
        rest = tuple(map(intern, rest))
    sums[rest] = documents, billionths


def total_of(billionths: int) -> Decimal:
    """BRL, with no more decimals than it needs, and no fewer than two: equal sums look alike."""
    return _EXACT.add(_EXACT.normalize(_EXACT.scaleb(Decimal(billionths), -_DECIMALS)), _CENTS)


def pack(sums: Sums) -> bytes:
    """Compressed JSON: a list of [documents, billionths as text for their size, rest of the key...], sorted."""
    rows = [[documents, str(billionths), *rest] for rest, (documents, billionths) in sorted(sums.items())]
    return zlib.compress(orjson.dumps(rows), 1)


def unpack(packed: bytes) -> Sums:
    """What ``pack`` packed."""
    rows = orjson.loads(zlib.decompress(packed))
    return {tuple(map(intern, rest)): (documents, int(billionths)) for documents, billionths, *rest in rows}
