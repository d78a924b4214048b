"""No stage of a document's way through the job costs more CPU than it did, and the guard that says so can fail."""

from __future__ import annotations

import time

import pytest

from local.bench import guard
from local.bench.guard import Work
from transforms.parse import sax

pytestmark = pytest.mark.skipif(bool(sax.MISSING), reason=sax.MISSING)


@pytest.fixture(scope="module")
def slices() -> list[dict[str, Work]]:
    return guard.works()


def twice_as_slow(work: Work) -> Work:
    def slowed() -> None:
        started = time.thread_time()
        work()
        until = started + (time.thread_time() - started) * 2
        while time.thread_time() < until:
            pass

    return slowed


def test_no_stage_costs_more_than_it_did(slices: list[dict[str, Work]]) -> None:
    assert list(guard.slower(slices)) == []


@pytest.mark.parametrize("stage", ["varied", "parse", "compress_xml", "transact", "encode_rows"])
def test_a_stage_that_takes_twice_as_long_is_told(slices: list[dict[str, Work]], stage: str) -> None:
    slowed = [{**works, stage: twice_as_slow(works[stage])} for works in slices]
    told = guard.slower(slowed, rounds=10, most=20)
    # So few rounds beside other tests may tell of another stage too.
    assert any(line.startswith(f"{stage}: ") for line in told)
