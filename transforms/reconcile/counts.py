"""``CompareCounts``: what the changes add up to, what Bigtable's partial sums add up to, and what BigQuery serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import AsDict

from transforms.counting.contributions import key_of
from transforms.counting.sums import Pair
from transforms.reconcile import facts, queries
from transforms.reconcile.facts import Difference, Digest
from transforms.reconcile.served import QueryDoFn, Served

_SERVED = "served"
_SIDES = ("changes", _SERVED, "bigtable")
_Key = tuple[str, ...]
_Amount = tuple[int, Decimal]
_NOTHING = (0, Decimal(0))


class Counts(NamedTuple):
    """Count keys and amounts, each key once: what changes add up to, and what Bigtable's partial sums do."""

    changes: beam.PCollection[Pair]
    bigtable: beam.PCollection[Pair]


class CompareCounts(beam.PTransform):
    """``Counts`` -> PCollection[Difference].

    Like rows, counts are summed up by bucket on each side, BigQuery's by BigQuery itself; single counts are read only
    in buckets whose digests differ.
    """

    def __init__(self, served: Served) -> None:
        super().__init__()
        self._served = served

    def expand(self, sides: Counts) -> beam.PCollection[Difference]:
        served, characters = self._served, self._served.characters
        # BigQuery's view leaves them out.
        counts = {
            side: pcoll | f"NotZero{side.title()}" >> beam.Filter(_is_not_zero).with_output_types(Pair)
            for side, pcoll in sides._asdict().items()
        }
        begin = sides.changes.pipeline
        digests = {
            side: pcoll
            | f"Digests{side.title()}" >> beam.Map(_digested, characters).with_output_types(tuple[str, Digest])
            | f"SumPerBucket{side.title()}" >> beam.CombinePerKey(facts.add)
            for side, pcoll in counts.items()
        }
        table = begin | "CountsTable" >> beam.Create([None])
        digests[_SERVED] = table | "ServedDigests" >> beam.ParDo(_Digests(served))
        differing = digests | "PerBucket" >> beam.CoGroupByKey() | "Differing" >> beam.FlatMap(_differing)
        marked = differing | "Mark" >> beam.Map(lambda bucket: (bucket, True))
        suspects: dict[str, beam.PCollection[Any]] = {
            side: pcoll | f"Suspects{side.title()}" >> beam.Filter(_in, AsDict(marked), characters)
            for side, pcoll in counts.items()
        }
        suspects[_SERVED] = (
            differing
            # A few queries at most, each over the whole table; their results are read side by side.
            | "Queries" >> beam.Map(lambda bucket: (bucket[0], bucket)).with_output_types(tuple[str, str])
            | "BucketsPerQuery" >> beam.GroupByKey()
            | "ServedCounts" >> beam.ParDo(_Counts(served))
        )
        compare = beam.FlatMap(_compare).with_output_types(Difference)
        return suspects | "PerCount" >> beam.CoGroupByKey() | "Compare" >> compare


def _is_not_zero(count: tuple[_Key, _Amount]) -> bool:
    return tuple(count[1]) != _NOTHING


def _digested(count: tuple[_Key, _Amount], characters: int) -> tuple[str, Digest]:
    key, (documents, total) = count
    text = facts.count_text(key, documents, format(total, "f"))
    return facts.count_bucket(key, characters), facts.digest_of(text)


def _differing(element: tuple[str, dict[str, Iterable[Any]]]) -> Iterator[str]:
    bucket, sides = element
    first, *others = ([tuple(digest) for digest in sides[side]] for side in _SIDES)
    if any(other != first for other in others):
        yield bucket


def _in(count: tuple[_Key, _Amount], buckets: dict[str, bool], characters: int) -> bool:
    return facts.count_bucket(count[0], characters) in buckets


def _compare(element: tuple[_Key, dict[str, Iterable[_Amount]]]) -> Iterator[Difference]:
    key, sides = element
    amounts = [tuple(next(iter(sides[side]), _NOTHING)) for side in _SIDES]
    if any(amount != amounts[0] for amount in amounts):
        yield facts.wrong_count(tuple(key), *(f"{documents}/{total:.2f}" for documents, total in amounts))


@beam.typehints.with_output_types(tuple[str, Digest])
class _Digests(QueryDoFn):
    def process(self, _: Any) -> Iterator[tuple[str, Digest]]:
        yield from self._digests(queries.count_digests(self._served.name, self._served.characters))


@beam.typehints.with_input_types(tuple[str, Iterable[str]])
@beam.typehints.with_output_types(Pair)
class _Counts(QueryDoFn):
    def process(self, element: tuple[str, Iterable[str]]) -> Iterator[tuple[_Key, _Amount]]:
        sql = queries.counts(self._served.name, self._served.characters)
        for row in self._query(sql, sorted(element[1])):
            # A plain tuple, as the sums have it: a CountKey would be encoded as another key.
            key = tuple(key_of(row))
            yield key, (int(row["documents"]), Decimal(row["total"]))
