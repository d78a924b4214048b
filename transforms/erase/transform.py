"""The steps of an erasure: finding, tombstones, the change log, and the content of rows, which goes last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import AsSingleton, PBegin, TaggedOutput
from apache_beam.utils.windowed_value import WindowedValue

from transforms import instants, metrics
from transforms.counting import log, log_writer
from transforms.erase import target as targets
from transforms.erase.choice import REMOVE, RETAINED, Choice, Verdict
from transforms.erase.letters import verdict_of
from transforms.erase.target import LETTER, Target
from transforms.truth import dead_letters, row_keys, rows
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.read import decode_content
from transforms.truth.requests import Column
from transforms.truth.rows import Cells
from transforms.truth.scan import ReaderDoFn, SplitTable
from transforms.truth.selection import Range
from transforms.truth.tombstones import Tombstone, has_content, parts_of, tombstone_of
from transforms.truth.transform import WriterDoFn

Tally = tuple[str, int]
Named = tuple[str, str]
"""KEY or LETTER, and the key or the id of the dead letter."""

_NAMED, _TALLY = "named", "tally"
_FAMILIES = (rows.STATE, rows.FIELDS, rows.CHANGES, rows.ARRIVALS)
_ROW_BYTES = 10_000
_DEAD_LETTER_ID = 64


class Found(NamedTuple):
    """What an erasure takes, and how much of what there is of it."""

    named: beam.PCollection[Named]
    tally: beam.PCollection[Tally]


class FindErasable(beam.PTransform):
    """PBegin -> ``Found``: what is chosen, and what an erasure that was cut off has begun."""

    def __init__(self, config: TruthConfig, choice: Choice) -> None:
        super().__init__()
        self._config = config
        self._choice = choice

    def expand(self, begin: PBegin) -> Found:
        config, choice = self._config, self._choice
        keys = sorted(key for key in choice.keys if len(key) != _DEAD_LETTER_ID)
        given = begin | "Keys" >> beam.Create(keys, reshuffle=False).with_output_types(str)
        parts = [given | "FindGiven" >> _two(_FindGiven(config, choice))]
        if choice.needs_scan:
            ranges = begin | "Ranges" >> SplitTable(config, config.records_table)
            parts.append(ranges | "FindKeys" >> _two(_FindKeys(config, choice)))
        ranges = begin | "RangesOfDeadLetters" >> SplitTable(config, config.dead_letters_table)
        parts.append(ranges | "FindDeadLetters" >> _two(_FindLetters(config, choice)))
        return Found(
            tuple(part[_NAMED] for part in parts) | "AllNamed" >> beam.Flatten(),
            tuple(part[_TALLY] for part in parts) | "AllTallies" >> beam.Flatten(),
        )


def _two(finder: beam.DoFn) -> Any:
    return beam.ParDo(finder).with_outputs(_TALLY, main=_NAMED)


class _Finder(ReaderDoFn):
    def __init__(self, config: TruthConfig, choice: Choice) -> None:
        super().__init__(config)
        self._choice = choice
        self._counters: dict[str, Any] = {}

    def _taken(self, named: Named, size: Counter[str]) -> Iterator[Any]:
        yield named
        yield from self._told(size)

    def _told(self, size: Counter[str]) -> Iterator[TaggedOutput]:
        for name, number in size.items():
            if name not in self._counters:
                self._counters[name] = metrics.counter("erase_<what>", name)
            self._counters[name].inc(number)
            yield TaggedOutput(_TALLY, (name, number))

    def _judged(self, named: Named, verdict: Verdict | None, size: Counter[str]) -> Iterator[Any]:
        if verdict is None:
            return
        if verdict.what == REMOVE:
            yield from self._taken(named, size)
        elif verdict.what == RETAINED and verdict.until:
            yield from self._told(Counter({"retained": 1, f"retained_until_{verdict.until.year}": 1}))
        else:
            yield from self._told(Counter([verdict.what]))

    def _key(self, key: str, cells: Cells, given: bool = False) -> Iterator[Any]:
        named = (targets.KEY, key)
        if tombstone_of(cells) and not has_content(cells):
            if given:
                yield from self._told(Counter(["erased_before"]))
            return
        history = decode_content(self._reader.codec, key, cells)
        if tombstone_of(cells):
            size = targets.size_of(history) if history else Counter({"keys": 1})
            yield from self._taken(named, size + Counter({"keys_begun": 1}))
        elif history is not None:
            yield from self._judged(named, self._choice.of_history(history), targets.size_of(history))
        elif given:
            verdict = self._choice.decide({key}, parts_of((), key), None, "")
            yield from self._judged(named, verdict, Counter({"keys": 1, "keys_unknown": 1}))


@beam.typehints.with_input_types(str)
@beam.typehints.with_output_types(Named, tally=Tally)
class _FindGiven(_Finder):
    def process(self, key: str) -> Iterator[Any]:
        yield from self._key(key, self._reader.cells(key), given=True)


@beam.typehints.with_input_types(Range)
@beam.typehints.with_output_types(Named, tally=Tally)
class _FindKeys(_Finder):
    def __init__(self, config: TruthConfig, choice: Choice) -> None:
        super().__init__(config, choice)
        self._read = metrics.counter("histories_read")

    def process(self, element: Range) -> Iterator[Any]:
        for row in self._reader.scan_rows(*element, _FAMILIES):
            key = row_keys.key_of(row.key)
            if key not in self._choice.keys:  # which were looked up
                self._read.inc()
                yield from self._key(key, rows.by_column(row.cells))


@beam.typehints.with_input_types(Range)
@beam.typehints.with_output_types(Named, tally=Tally)
class _FindLetters(_Finder):
    def process(self, element: Range) -> Iterator[Any]:
        for row in self._reader.scan_dead_letters(*element):
            cells, named = rows.by_column(row.cells), (LETTER, row_keys.key_of(row.key))
            if tombstone_of(cells):
                if has_content(cells):
                    yield from self._taken(named, Counter({"dead_letters_stored": 1, "dead_letters_begun": 1}))
                continue
            stored = dead_letters.decode(self._reader.codec, row.key, cells)
            if stored is not None:
                verdict = verdict_of(stored.letter, self._choice, self._is_erased)
                yield from self._judged(named, verdict, targets.size_of_letter(stored))

    def _is_erased(self, key: str) -> bool:
        cells = self._reader.cells(key)
        if tombstone_of(cells):
            return True
        history = decode_content(self._reader.codec, key, cells)
        verdict = self._choice.of_history(history) if history else None
        return verdict is not None and verdict.what == REMOVE


class PutTombstones(beam.PTransform):
    """PCollection[Named] -> PCollection[Target], each once its tombstone is there. ``begun``: one element to wait
    for."""

    def __init__(self, config: TruthConfig, job: str, begun: beam.PCollection[Any]) -> None:
        super().__init__()
        self._bar = beam.ParDo(_Bar(config, job), AsSingleton(begun))

    def expand(self, named: beam.PCollection[Named]) -> beam.PCollection[Target]:
        return named | "Bar" >> self._bar


@beam.typehints.with_input_types(Named, Any)
@beam.typehints.with_output_types(Target)
class _Bar(WriterDoFn):
    def __init__(self, config: TruthConfig, job: str) -> None:
        super().__init__(config)
        self._job = job

    def process(self, named: Named, _: Any, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Iterator[Any]:
        (kind, key), codec = named, self._writer.codec
        tombstone = Tombstone(instants.now(), self._job)
        if kind == LETTER:
            table, begin = self._config.dead_letters_table, lambda: targets.bar_letter(key, tombstone)
        else:
            table, begin = self._config.records_table, lambda: targets.bar_key(codec, key, tombstone)
        self._bundle.add(table, row_keys.row_key(key), _ROW_BYTES, place, begin)
        return self._ready()


class ForgetLogged(beam.PTransform):
    """PCollection[Target] -> how many cells of the change log were deleted. ``after``: one element to wait for."""

    def __init__(self, config: TruthConfig, after: beam.PCollection[Any]) -> None:
        super().__init__()
        self._forget = beam.ParDo(_Forget(config), AsSingleton(after))

    def expand(self, found: beam.PCollection[Target]) -> beam.PCollection[int]:
        cells = found | "Logged" >> beam.FlatMap(_logged).with_output_types(tuple[bytes, bytes])
        return cells | "PerSlot" >> beam.GroupByKey() | "Forget" >> self._forget


def _logged(target: Target) -> Iterable[tuple[bytes, bytes]]:
    return target.logged


@beam.typehints.with_input_types(tuple[bytes, Iterable[bytes]], Any)
@beam.typehints.with_output_types(int)
class _Forget(beam.DoFn):
    def __init__(self, config: TruthConfig) -> None:
        self._config = config

    def setup(self) -> None:
        self._client = Client(self._config)

    def teardown(self) -> None:
        wait_for(self._client.close())

    def process(self, element: tuple[bytes, Iterable[bytes]], _: Any) -> Iterator[int]:
        row, qualifiers = element
        deleted = [Column(log.CONTRIBUTIONS, one) for one in qualifiers]
        wait_for(self._client.replace(log_writer.log_table(self._config), row, deleted, ()))
        yield len(deleted)


class RemoveContent(beam.PTransform):
    """PCollection[Target] -> the same, once nothing but the tombstone is left. ``after``: one element to wait for."""

    def __init__(self, config: TruthConfig, after: beam.PCollection[Any]) -> None:
        super().__init__()
        self._remove = beam.ParDo(_Remove(config), AsSingleton(after))

    def expand(self, found: beam.PCollection[Target]) -> beam.PCollection[Target]:
        return found | "Remove" >> self._remove


@beam.typehints.with_input_types(Target, Any)
@beam.typehints.with_output_types(Target)
class _Remove(WriterDoFn):
    def __init__(self, config: TruthConfig) -> None:
        super().__init__(config)
        self._keys = metrics.counter("keys_erased")
        self._letters = metrics.counter("dead_letters_erased")

    def process(self, target: Target, _: Any, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Iterator[Any]:
        config, letter = self._config, target.kind == LETTER
        table = config.dead_letters_table if letter else config.records_table
        self._bundle.add(table, row_keys.row_key(target.key), _ROW_BYTES, place, lambda: targets.remove(target))
        (self._letters if letter else self._keys).inc()
        return self._ready()


def once(name: str, before: Sequence[beam.PCollection[Any]], then: Callable[..., Any], *sides: Any) -> Any:
    """What ``then`` gives, once all that is before it is there; one element."""
    return (
        tuple(pcoll | f"{name}After{number}" >> beam.Map(_one) for number, pcoll in enumerate(before))
        | f"{name}AfterAll" >> beam.Flatten()
        | f"{name}Once" >> beam.CombineGlobally(sum)
        | name >> beam.ParDo(_Call(then, len(sides)), *sides)
    )


def _one(_: Any) -> int:
    return 1


class _Call(beam.DoFn):
    """Calls a function with as many side inputs as there are: of any number of them Beam cannot make hints."""

    def __init__(self, then: Callable[..., Any], sides: int) -> None:
        self._then = then
        self._sides = sides

    def process(self, _: int, first: Any = None, second: Any = None) -> Iterator[Any]:
        yield self._then(*(first, second)[: self._sides])
