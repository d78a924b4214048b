"""Sums per key through a pipeline: exact, whatever a bundle holds at once."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from transforms.counting import sums
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


@pytest.mark.parametrize("most_held", [1, 20, 50_000])
def test_sums_are_exact_and_one_for_each_key(monkeypatch: pytest.MonkeyPatch, most_held: int) -> None:
    monkeypatch.setattr(sums, "_MOST_HELD", most_held)
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
