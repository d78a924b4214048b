"""Workers that are told of the plugin end their bundles at once. Each look is in a process of its own."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

from apache_beam.runners.worker import sdk_worker_main
from apache_beam.runners.worker.statesampler import StateSampler
from apache_beam.utils.counters import CounterFactory

# By then Beam's own sampler sleeps 200 ms at a time.
WORK_SECONDS = 1.5


def _seconds_to_end(plugins: list[str]) -> float:
    """Seconds that some bundles, which began at different moments, take to end in a worker with these plugins."""
    sdk_worker_main._import_beam_plugins(plugins)
    samplers = [StateSampler(f"stage{number}", CounterFactory()) for number in range(6)]
    for sampler in samplers:
        time.sleep(0.03)
        sampler.start()
    time.sleep(WORK_SECONDS)
    began = time.monotonic()
    for sampler in samplers:
        sampler.stop_if_still_running()
    return time.monotonic() - began


def _alone(plugins: list[str]) -> float:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_seconds_to_end, plugins).result()


def test_a_bundle_ends_without_waiting_for_the_sampler() -> None:
    assert _alone(["transforms.bundle_ends"]) < _alone([]) / 2
