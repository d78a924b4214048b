"""What a job on Flink is given, and how one is cancelled there."""

from __future__ import annotations

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import command_line, flink, stream
from pipelines.launch import LaunchError
from transforms.ingest.queue.reader import Bounds

PLACE = ["--project=some-project", "--subscription=s"]


def options_of(*given: str) -> PipelineOptions:
    return command_line.options_of([*PLACE, *given], stream.StreamOptions)


@pytest.mark.parametrize("runner", ["flink", "FlinkRunner", "PortableRunner"])
def test_a_stream_on_flink_has_checkpoints_and_short_bundles(runner: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = options_of(f"--runner={runner}")
    flink.settle_stream(options)
    given = options.view_as(flink.FlinkOptions)
    assert (given.checkpointing_interval, given.max_bundle_time_mills) == (3_000, 100)
    assert flink.bounds_of(options).idle_seconds == flink.sweeping_of(options) == 5.0
    assert capsys.readouterr().err == ""


def test_what_is_given_stays(capsys: pytest.CaptureFixture[str]) -> None:
    options = options_of(
        "--runner=flink", "--checkpointing_interval=60000", "--max_bundle_time_mills=7", "--parallelism=4"
    )
    flink.settle_stream(options)
    sent = options.get_all_options(drop_default=True)
    assert (sent["checkpointing_interval"], sent["max_bundle_time_mills"], sent["parallelism"]) == (60_000, 7, 4)
    assert capsys.readouterr().err == "", "these are known"


def test_other_runners_are_given_nothing_of_it() -> None:
    options = options_of("--runner=PrismRunner")
    flink.settle_stream(options)
    assert "checkpointing_interval" not in options.get_all_options(drop_default=True)
    assert flink.bounds_of(options) == Bounds() and flink.sweeping_of(options) == 0


def test_a_slip_of_the_pen_and_a_wrong_value_are_refused() -> None:
    with pytest.raises(LaunchError, match="Did you mean --checkpointing_interval"):
        options_of("--runner=flink", "--checkpoint_interval=3000")
    with pytest.raises(LaunchError, match="checkpointing_interval: invalid int value"):
        options_of("--runner=flink", "--checkpointing_interval=often")


def test_it_is_told_where_a_job_may_go_on() -> None:
    assert "--flink_master=HOST:PORT" in flink.cancel(options_of("--runner=flink"), "BeamApp-1_2")
    said = flink.cancel(options_of("--runner=flink", "--flink_master=127.0.0.1:9"), "BeamApp-1_2")
    assert "was not cancelled on 127.0.0.1:9" in said and "refused" in said
