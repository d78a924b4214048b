"""``Reconcile``: the source of truth against the tables and counts, what differs out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsDict, PBegin

from transforms.counting.cells import Partial
from transforms.counting.contributions import Amount, contributions, key_of
from transforms.counting.replace import ReadPartials
from transforms.counting.sums import Pair, SumAmounts
from transforms.model import Change
from transforms.reconcile import counts, facts, queries
from transforms.reconcile.facts import Difference, Digest, Fact
from transforms.reconcile.served import QueryDoFn, Served
from transforms.truth.config import TruthConfig
from transforms.truth.read import History
from transforms.truth.scan import EVERYTHING, ReadDeadLetters, ReadHistories
from transforms.truth.selection import Selection

_Bucket = tuple[str, str]
_Row = tuple[str, str, str]
_STORED, _SERVED = "stored", "served"


class Reconcile(beam.PTransform):
    """PBegin -> PCollection[Difference].

    Both sides are summed up by bucket first; rows are compared one by one only in buckets that differ. Counts are
    compared when everything is selected: they are sums over all keys.
    """

    def __init__(self, truth: TruthConfig, served: Served, selection: Selection = EVERYTHING) -> None:
        super().__init__()
        self._truth = truth
        self._served = served
        self._selection = selection

    def expand(self, begin: PBegin) -> beam.PCollection[Difference]:
        served, selection = self._served, self._selection
        histories = begin | "ReadHistories" >> ReadHistories(self._truth, selection)
        stored = [histories | "Facts" >> beam.FlatMap(facts.facts_of_history).with_output_types(Fact)]
        found = [histories | "CheckHistories" >> beam.FlatMap(facts.check_history).with_output_types(Difference)]
        if selection.everything:
            letters = begin | "ReadDeadLetters" >> ReadDeadLetters(self._truth)
            stored.append(letters | "FactsOfLetters" >> beam.Map(facts.fact_of_dead_letter).with_output_types(Fact))
            found.append(self._counts(begin, histories))
        tables = begin | "Tables" >> beam.Create(queries.TABLES) | "SpreadTables" >> beam.Reshuffle()
        found.append(self._rows(tables, stored | "AllFacts" >> beam.Flatten()))
        found.append(tables | "Doubled" >> beam.ParDo(_Doubled(served, selection)))
        # A row of two contents differs from the source of truth as well.
        each = beam.Map(lambda one: ((one.what, one.table, one.key, one.identity), one))
        return (
            found
            | "AllDifferences" >> beam.Flatten()
            | "ByWhat" >> each.with_output_types(tuple[tuple[str, str, str, str], Difference])
            | "Once" >> beam.GroupByKey()
            | "First" >> beam.Map(_first).with_output_types(Difference)
        )

    def _rows(self, tables: beam.PCollection[str], stored: beam.PCollection[Fact]) -> beam.PCollection[Difference]:
        served, selection = self._served, self._selection
        sums = {
            _STORED: stored
            | "Digests" >> beam.Map(_digested, served.characters).with_output_types(tuple[_Bucket, Digest])
            | "SumPerBucket" >> beam.CombinePerKey(facts.add),
            _SERVED: tables | "ServedDigests" >> beam.ParDo(_ServedDigests(served, selection)),
        }
        differing = sums | "PerBucket" >> beam.CoGroupByKey() | "Differing" >> beam.FlatMap(_differing)
        marked = differing | "Mark" >> beam.Map(lambda bucket: (bucket, True))
        rows = {
            _STORED: stored
            | "Suspects" >> beam.Filter(_in, AsDict(marked), served.characters)
            | "StoredRow" >> beam.Map(_by_row).with_output_types(tuple[_Row, Fact]),
            _SERVED: differing
            | "BucketsPerTable" >> beam.GroupByKey()
            | "ServedFacts" >> beam.ParDo(_ServedFacts(served, selection))
            | "ServedRow" >> beam.Map(_by_row).with_output_types(tuple[_Row, Fact]),
        }
        compare = beam.FlatMap(lambda element: facts.compare(element[1][_STORED], element[1][_SERVED]))
        return rows | "PerRow" >> beam.CoGroupByKey() | "Compare" >> compare.with_output_types(Difference)

    def _counts(self, begin: PBegin, histories: beam.PCollection[History]) -> beam.PCollection[Difference]:
        partials = begin | "ReadPartials" >> ReadPartials(self._truth)
        amounts = counts.Counts(
            changes=histories
            | "Changes" >> beam.FlatMap(_changes).with_output_types(Change)
            | "Contributions" >> beam.FlatMap(contributions).with_output_types(Pair)
            | "SumContributions" >> SumAmounts(),
            bigtable=partials
            | "AmountsOfPartials" >> beam.Map(_amount_of).with_output_types(Pair)
            | "SumPartials" >> SumAmounts(),
        )
        return amounts | "Counts" >> counts.CompareCounts(self._served)


def _first(element: tuple[Any, Iterable[Difference]]) -> Difference:
    return min(element[1])


def _digested(fact: Fact, characters: int) -> tuple[_Bucket, Digest]:
    return (fact.table, facts.bucket_of(fact.key, characters)), facts.digest_of(fact.text)


def _differing(element: tuple[_Bucket, dict[str, Iterable[Any]]]) -> Iterator[_Bucket]:
    bucket, sides = element
    stored, served = ([tuple(digest) for digest in sides[name]] for name in (_STORED, _SERVED))
    if stored != served:
        yield bucket


def _in(fact: Fact, buckets: dict[_Bucket, bool], characters: int) -> bool:
    return (fact.table, facts.bucket_of(fact.key, characters)) in buckets


def _by_row(fact: Fact) -> tuple[_Row, Fact]:
    return (fact.table, fact.key, fact.identity), fact


def _changes(history: History) -> Iterable[Change]:
    return history.changes


def _amount_of(partial: Partial) -> tuple[tuple[str, ...], Amount]:
    return key_of(partial), Amount(partial["documents"], Decimal(partial["total"]))


@beam.typehints.with_input_types(str)
@beam.typehints.with_output_types(tuple[_Bucket, Digest])
class _ServedDigests(QueryDoFn):
    def process(self, table: str) -> Iterator[tuple[_Bucket, Digest]]:
        sql = queries.digests(self._served.name, table, self._served.characters, self._selection)
        for bucket, digest in self._digests(sql):
            yield (table, bucket), digest


@beam.typehints.with_input_types(tuple[str, Iterable[str]])
@beam.typehints.with_output_types(Fact)
class _ServedFacts(QueryDoFn):
    def process(self, element: tuple[str, Iterable[str]]) -> Iterator[Fact]:
        table, buckets = element
        sql = queries.facts(self._served.name, table, self._served.characters, self._selection)
        for row in self._query(sql, sorted(buckets)):
            yield Fact(table, row["key"], row["identity"], row["text"])


@beam.typehints.with_input_types(str)
@beam.typehints.with_output_types(Difference)
class _Doubled(QueryDoFn):
    def process(self, table: str) -> Iterator[Difference]:
        if table in queries.SINGLE:
            for row in self._query(queries.doubled(self._served.name, table, self._selection)):
                yield facts.doubled(table, row["key"], row["identity"], row["contents"])
