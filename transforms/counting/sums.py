"""``SumAmounts``: amounts added up per key, with a shuffle that stays small."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from decimal import Context, Decimal
from sys import intern

import apache_beam as beam
from apache_beam.transforms.window import BoundedWindow
from apache_beam.typehints import with_input_types, with_output_types
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from transforms.counting.contributions import Amount
from transforms.counting.packs import Carrier, Key, Sums, carrier_for, pack, unpack

Pair = tuple[Key, tuple[int, Decimal]]

_DECIMALS = 9
_BILLION = 10**_DECIMALS
# Enough digits for any sum of amounts of 38 digits.
_EXACT = Context(prec=80)
_CENTS = Decimal("0.00")
# Sums that a bundle holds before it hands them on, at some 200 bytes each.
_MOST_HELD = 50_000
# Enough for the workers of a large job to share, and for one to hold what a year of Brazil has in a bucket; few enough
# that what a bundle hands on is packs of many sums.
_BUCKETS = 512


class SumAmounts(beam.PTransform):
    """PCollection[(key, Amount)] -> one element per key, window and pane, with its sum, exact.

    A document is counted under a handful of keys, most of them rare (a recipient on a day): shuffled one by one, they
    would be more elements than there are documents. So keys are shuffled by bucket, and the sums of a bucket travel
    together, packed. The first ``parts`` of a key (dimension and value) decide its bucket: similar keys in a pack
    compress to almost nothing.
    """

    def __init__(self, parts: int = 2) -> None:
        super().__init__()
        self._parts = parts

    def expand(self, pcoll: beam.PCollection[Pair]) -> beam.PCollection[Pair]:
        carrier = carrier_for(pcoll.pipeline)
        return (
            pcoll
            | "SumInBundle" >> beam.ParDo(_SumInBundle(self._parts, carrier))
            | "PerBucket" >> beam.GroupByKey()
            | "SumBucket" >> beam.FlatMap(_sum_bucket, carrier).with_output_types(Pair)
        )


@with_input_types(Pair)
@with_output_types(tuple[int, bytes])
class _SumInBundle(beam.DoFn):
    """What Beam's combiner lifting does, but bounded in memory, and with few elements as its result."""

    def __init__(self, parts: int, carrier: Carrier) -> None:
        self._parts = parts
        self._carrier = carrier

    def start_bundle(self) -> None:
        self._sums: dict[BoundedWindow, Sums] = {}
        self._latest: dict[BoundedWindow, Timestamp] = {}
        self._held = 0

    def process(self, pair: Pair, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Sequence[WindowedValue]:
        key, (documents, total) = pair
        billionths = billionths_of(total)
        for window in place.windows:
            sums = self._sums.setdefault(window, {})
            self._held -= len(sums)
            _add(sums, key, documents, billionths)
            self._held += len(sums)
            self._latest[window] = max(place.timestamp, self._latest.get(window, place.timestamp))
        return list(self._hand_on()) if self._held > _MOST_HELD else ()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        yield from self._hand_on()

    def _hand_on(self) -> Iterator[WindowedValue]:
        for window, sums in self._sums.items():
            buckets: dict[int, Sums] = {}
            for key, amount in sums.items():
                buckets.setdefault(bucket_of(key[: self._parts]), {})[key] = amount
            sent = self._carrier.send(map(pack, buckets.values()))
            for element in zip(buckets, sent, strict=True):
                yield WindowedValue(element, self._latest[window], (window,))
        self.start_bundle()


def bucket_of(parts: Key) -> int:
    """Bucket of the keys that begin so; the same in every process."""
    return zlib.crc32("\0".join(parts).encode()) % _BUCKETS


def _sum_bucket(element: tuple[int, Iterable[bytes]], carrier: Carrier) -> Iterator[Pair]:
    whole: Sums = {}
    for sent in element[1]:
        for key, (documents, billionths) in unpack(carrier.receive(sent)).items():
            _add(whole, key, documents, billionths)
    for key, (documents, billionths) in whole.items():
        yield key, Amount(documents, total_of(billionths))


def _add(sums: Sums, key: Key, documents: int, billionths: int) -> None:
    known = sums.get(key)
    if known is not None:
        documents, billionths = documents + known[0], billionths + known[1]
    else:
        # The same few texts (days, statuses) are in most keys.
        key = tuple(map(intern, key))
    sums[key] = documents, billionths


def billionths_of(total: Decimal) -> int:
    """BRL as a whole number of billionths."""
    return int(_EXACT.scaleb(total, _DECIMALS))


def text_of(billionths: int) -> str:
    """The text of ``total_of``, in a fifth of its time."""
    whole, rest = divmod(abs(billionths), _BILLION)
    return f"{'-' if billionths < 0 else ''}{whole}.{f'{rest:09d}'.rstrip('0').ljust(2, '0')}"


def total_of(billionths: int) -> Decimal:
    """BRL, with as few decimals as possible, but at least two: equal sums have equal texts."""
    return _EXACT.add(_EXACT.normalize(_EXACT.scaleb(Decimal(billionths), -_DECIMALS)), _CENTS)
