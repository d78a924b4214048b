"""What counts as growth of a stream that is left alone."""

from __future__ import annotations

from collections.abc import Callable

from local.bench.processes import Use
from local.bench.soak import Sample, growth, role_of

HOUR = 3_600


def samples(memory: Callable[[float], float], threads: int = 60, files: int = 20) -> list[Sample]:
    """One a minute for an hour."""
    return [
        Sample(seconds, {"job": Use("job", memory(seconds), threads, files, seconds)})
        for seconds in range(60, HOUR + 1, 60)
    ]


def test_what_is_used_up_while_it_warms_up_is_no_growth() -> None:
    found = growth(samples(lambda seconds: 250 - 100 * max(0, 600 - seconds) / 600))
    assert found["job"]["memory"] == {
        "second_quarter": 250, "last_quarter": 250, "an_hour": 0, "most": 250, "grew": False,
    }  # fmt: skip
    assert not found["job"]["threads"]["grew"]
    assert not found["job"]["files"]["grew"]


def test_a_leak_is_growth_and_told_by_the_hour() -> None:
    found = growth(samples(lambda seconds: 250 + 60 * seconds / HOUR))
    assert found["job"]["memory"]["grew"]
    assert abs(found["job"]["memory"]["an_hour"] - 60) < 2


def test_noise_is_no_growth_and_three_threads_more_are() -> None:
    quiet = samples(lambda seconds: 250 + seconds % 7)
    assert not growth(quiet)["job"]["memory"]["grew"]
    more = quiet[:40] + [Sample(one.seconds, {"job": one.uses["job"]._replace(threads=63)}) for one in quiet[40:]]
    assert growth(more)["job"]["threads"]["grew"]


def test_processes_are_known_by_their_command() -> None:
    assert role_of("python -m pipelines.stream --subscription s --runner PrismRunner") == "job and worker"
    assert role_of("/x/prism --job_port 1 --log_level info") == "Prism"
    assert role_of("sh") == "others"
