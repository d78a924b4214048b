"""CPU and wall time of pieces of work that are to be compared: each round runs all of them, one after the other."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Cost(NamedTuple):
    """Seconds that a piece of work took: of CPU of this process, all its threads, and of wall clock; its units."""

    cpu: float
    wall: float
    units: int


Work = Callable[[], int]
"""Does its work and says how many units it did."""


def measured(work: Work) -> Cost:
    """What one run of the work took."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    units = work()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall, units)


def interleaved(rounds: int, make: Callable[[], Mapping[str, Work]]) -> dict[str, list[Cost]]:
    """Costs by name, one of each round. ``make`` prepares a round's work, unmeasured; the first round warms up."""
    found: dict[str, list[Cost]] = {}
    for number in range(rounds + 1):
        for name, work in make().items():
            cost = measured(work)
            if number:
                found.setdefault(name, []).append(cost)
    return found


def cpu_micros(costs: list[Cost]) -> float:
    """Median CPU of one unit in µs."""
    return round(statistics.median(cost.cpu / cost.units for cost in costs) * 1e6, 1)


def least_micros(costs: list[Cost]) -> float:
    """The least CPU of one unit in µs of any round: what other work on the machine disturbs least."""
    return round(min(cost.cpu / cost.units for cost in costs) * 1e6, 1)


def by_name(found: Mapping[str, list[Cost]]) -> dict[str, dict[str, float]]:
    """Rate and CPU by name."""
    return {
        name: {
            "per_second": per_second(costs),
            "cpu_micros": cpu_micros(costs),
            "least_cpu_micros": least_micros(costs),
        }
        for name, costs in found.items()
    }


def per_second(costs: list[Cost]) -> float:
    """Median of units a second."""
    return round(statistics.median(cost.units / cost.wall for cost in costs), 1)


def rate_ratio(costs: list[Cost], to: list[Cost]) -> float:
    """Median over the rounds of the ratio of one's rate to the other's in the same round."""
    pairs = zip(costs, to, strict=True)
    return round(statistics.median((a.units / a.wall) / (b.units / b.wall) for a, b in pairs), 3)


def cpu_ratio(costs: list[Cost], to: list[Cost]) -> float:
    """Median over the rounds of the ratio of one's CPU per unit to the other's in the same round."""
    pairs = zip(costs, to, strict=True)
    return round(statistics.median((a.cpu / a.units) / (b.cpu / b.units) for a, b in pairs), 3)
