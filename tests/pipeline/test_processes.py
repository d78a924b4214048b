"""A pipeline in two worker processes: all work is done, both take part, and the death of one ends the job."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import processes, tallies
from transforms import metrics


def touch(number: int, folder: str) -> int:
    """Leaves a file that tells who did it."""
    Path(folder, f"{os.getpid()}-{number}").touch()
    metrics.counter("inputs").inc()
    return number


def die(number: int) -> int:
    """Ends the process as the system does where memory runs out."""
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def of_two(tmp_path: Path) -> beam.Pipeline:
    return processes.pipeline(PipelineOptions(["--job_name", str(tmp_path.name)]), 2)


def test_work_is_shared_out_and_counted(tmp_path: Path) -> None:
    pipeline = of_two(tmp_path)
    _ = pipeline | beam.Create(range(200)) | beam.Reshuffle() | beam.Map(touch, str(tmp_path))
    result = pipeline.run()
    done = [path.name.split("-") for path in tmp_path.iterdir()]
    assert sorted(int(number) for _, number in done) == list(range(200))
    by_process = {pid: sum(other == pid for other, _ in done) for pid, _ in done}
    assert len(by_process) == 2 and os.getpid() not in map(int, by_process)
    assert min(by_process.values()) > 50
    counted = result.metrics().query()["counters"]
    assert sum(one.result for one in counted if one.key.metric.name == "inputs") == 200


@pytest.mark.timeout(240)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # connections that were cut
def test_a_worker_that_is_killed_ends_the_job_and_says_so(tmp_path: Path) -> None:
    pipeline = of_two(tmp_path)
    _ = pipeline | beam.Create(range(20)) | beam.Reshuffle() | beam.Map(die)
    with pytest.raises(RuntimeError, match="SIGKILL"):
        pipeline.run()


def test_what_other_processes_counted_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics.counter("inputs").inc(2)
    before = tallies.tally()["inputs"]
    monkeypatch.setenv(tallies.FOLDER, str(tmp_path))
    (tmp_path / "1.json").write_text('{"inputs": 5}')
    (tmp_path / "2.json").write_text('{"inputs": 6, "retries": 1}')
    assert tallies.tally()["inputs"] == before + 11


def test_a_process_whose_launcher_is_gone_stops_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tallies.FOLDER, str(tmp_path))
    tallies.write_below(parent=-1)
