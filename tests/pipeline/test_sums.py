"""Sums per key through a pipeline: exact, whatever a bundle holds at once."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner.execution import GroupingBuffer
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from transforms.counting import sums
from transforms.counting.packs import InShuffle
from transforms.counting.sums import Pair, SumAmounts


def pairs() -> list[Pair]:
    chance = random.Random(4)
    return [
        (
            (chance.choice("ab"), str(chance.randint(1, 9)), chance.choice("xy"), str(chance.randint(1, 9))),
            (chance.choice((1, -1)), Decimal(chance.randint(-(10**30), 10**30)).scaleb(-9)),
        )
        for _ in range(500)
    ]


@pytest.mark.parametrize("carrier", [None, InShuffle()])
@pytest.mark.parametrize("most_held", [1, 20, 50_000])
def test_sums_are_exact_and_one_for_each_key(
    monkeypatch: pytest.MonkeyPatch, most_held: int, carrier: InShuffle | None
) -> None:
    monkeypatch.setattr(sums, "_MOST_HELD", most_held)
    if carrier:
        monkeypatch.setattr(sums, "carrier_for", lambda _: carrier)
    expected: dict[tuple[str, ...], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for key, (documents, total) in pairs():
        counted, billionths = expected[key]
        expected[key] = counted + documents, billionths + int(f"{total:.9f}".replace(".", ""))
    with TestPipeline(runner="FnApiRunner") as pipeline:
        found = pipeline | beam.Create(pairs()) | SumAmounts()
        in_billionths = found | beam.MapTuple(lambda key, amount: (key, (amount[0], f"{amount[1]:.9f}")))
        assert_that(in_billionths, equal_to([(key, (n, _shown(b))) for key, (n, b) in expected.items()]))


def _shown(billionths: int) -> str:
    digits = f"{abs(billionths):010d}"
    return f"{'-' if billionths < 0 else ''}{digits[:-9]}.{digits[-9:]}"


def test_shuffle_of_a_local_run_does_not_grow_with_what_a_pack_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    shuffled: list[bytes] = []
    partition = GroupingBuffer.partition

    def noted(buffer: GroupingBuffer, count: int) -> list[list[bytes]]:
        parts = partition(buffer, count)
        shuffled.extend(b"".join(part) for part in parts)
        return parts

    monkeypatch.setattr(GroupingBuffer, "partition", noted)
    sizes = []
    for keys in (100, 10_000):
        shuffled.clear()
        with TestPipeline(runner="FnApiRunner") as pipeline:
            _ = pipeline | beam.Create([keys]) | beam.FlatMap(_of_one_bucket).with_output_types(Pair) | SumAmounts()
        sizes.append(len(b"".join(shuffled)))
    assert 0 < sizes[0] < 500 and sizes[1] < 1.2 * sizes[0]


def _of_one_bucket(keys: int) -> Iterator[Pair]:
    for number in range(keys):
        yield ("recipient", "12345678000195", str(number)), (1, Decimal(number))
