"""Which options of a command line are refused, and which are passed on."""

from __future__ import annotations

import pytest
from apache_beam.options.pipeline_options import FlinkRunnerOptions

from pipelines import backfill, command_line, rebuild, reconcile, redrive, reparse, selecting, stream
from pipelines.launch import LaunchError
from transforms.ingest.postgres.options import PostgresOptions

PLACE = ["--project=some-project", "--runner=FnApiRunner"]
FAMILIES = [
    (backfill.BackfillOptions,),
    (PostgresOptions,),
    (stream.StreamOptions,),
    (redrive.RedriveOptions,),
    (reparse.ReparseOptions, selecting.SelectionOptions),
    (reconcile.ReconcileOptions, selecting.SelectionOptions),
    (rebuild.RebuildOptions, selecting.SelectionOptions),
]
# Options of Flink's and Spark's runners that Python does not know: their job servers do.
OF_RUNNERS = [
    "checkpointing_mode",
    "checkpoint_timeout_millis",
    "min_pause_between_checkpoints",
    "num_concurrent_checkpoints",
    "tolerable_checkpoint_failure_number",
    "finish_bundle_before_checkpointing",
    "unaligned_checkpoint_enabled",
    "number_of_execution_retries",
    "execution_retry_delay",
    "object_reuse",
    "operator_chaining",
    "state_backend",
    "state_backend_storage_path",
    "externalized_checkpoints_enabled",
    "max_bundle_size",
    "shutdown_sources_after_idle_ms",
    "latency_tracking_interval",
    "auto_watermark_interval",
    "execution_mode_for_batch",
    "allow_non_restored_state",
    "faster_copy",
    "attached_mode",
    "disable_metrics",
    "file_inputs_split_size_mb",
    "flink_conf_dir",
    "jar",
    "spark_master",
    "storage_level",
    "batch_interval_millis",
    "checkpoint_dir",
    "bundle_size",
]


@pytest.mark.parametrize("families", FAMILIES)
def test_options_that_only_a_runner_or_a_later_launcher_knows_are_passed_on_with_a_note(
    families: tuple[type, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    given = [*(f"--{name}=1" for name in OF_RUNNERS), "--some_day_the_launcher_sends", "--with-hyphens", "x"]
    options = command_line.options_of([*PLACE, "--parallelism=3", *given], *families)
    assert options.view_as(FlinkRunnerOptions).parallelism == 3
    passed = options.get_all_options(retain_unknown_options=True)
    assert all(passed[name] == "1" for name in OF_RUNNERS)
    assert passed["some_day_the_launcher_sends"] is True and passed["with_hyphens"] == "x"
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith("note: ") and "--state_backend" in said and "Passed on" in said
    assert "--parallelism" not in said, "Beam knows it"


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("--subscriptoin=x", "--subscription"),
        ("--strickt", "--strict"),
        ("--rnu=x", "--run"),
        ("--max-in-flight=9", "--max_in_flight"),
        ("--Subscription=x", "--subscription"),
        ("--changes_topics=x", "--changes_topic"),
    ],
)
def test_a_slip_of_the_pen_in_a_name_of_the_job_is_refused(slip: str, meant: str) -> None:
    with pytest.raises(LaunchError, match=f"unknown option {slip.partition('=')[0]}. Did you mean {meant}"):
        command_line.options_of([*PLACE, slip], stream.StreamOptions)


def test_values_may_look_like_anything(capsys: pytest.CaptureFixture[str]) -> None:
    options = command_line.options_of([*PLACE, "--subscription=the-run-of-strict--run"], stream.StreamOptions)
    assert options.view_as(stream.StreamOptions).subscription == "the-run-of-strict--run"
    assert capsys.readouterr().err == ""
