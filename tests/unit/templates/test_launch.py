from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions, WorkerOptions

from pipelines import backfill, command_line
from pipelines.options import IngestOptions
from templates import launch

SWITCHES = launch.switches(PipelineOptions.__subclasses__())
# What the launcher adds to the parameters of a template, from the environment of the launch.
FROM_THE_LAUNCHER = [
    "--runner=DataflowRunner",
    "--project=some-project",
    "--region=southamerica-east1",
    "--job_name=acervo-backfill-1",
    "--template_location=gs://bucket/staging/template_launches/1/job_object",
    "--staging_location=gs://bucket/staging",
    "--temp_location=gs://bucket/temp",
    "--service_account_email=acervo@some-project.iam.gserviceaccount.com",
    '--labels={"goog-dataflow-provided-template-type": "flex"}',
    "--num_workers=10",
    "--max_num_workers=20",
    "--machine_type=n2-standard-4",
    "--subnetwork=regions/southamerica-east1/subnetworks/default",
    "--no_use_public_ips",
    "--dataflow_kms_key=projects/p/locations/l/keyRings/r/cryptoKeys/k",
    "--experiments=one",
    "--dataflow_service_options=enable_streaming_engine_resource_based_billing",
    "--sdk_container_image=registry/image:1",
    "--update",
]


def test_boolean_parameter_becomes_a_switch() -> None:
    assert launch.arguments(["--strict=true", "--run=true"], SWITCHES, None) == ["--strict", "--run=true"]
    assert launch.arguments(["--strict=True"], SWITCHES, None) == ["--strict"]
    assert launch.arguments(["--strict=false", "--dataset=d"], SWITCHES, None) == ["--dataset=d"]
    assert launch.arguments(["--no_use_public_ips=true"], SWITCHES, None) == ["--no_use_public_ips"]


def test_boolean_parameter_as_dataflow_passes_it_is_refused_by_beam_itself(capsys: Any) -> None:
    """Why the launch rewrites it; once Beam accepts it, the rewriting can go."""
    with pytest.raises(SystemExit):
        PipelineOptions(["--strict=true"]).view_as(IngestOptions)
    assert "ignored explicit argument" in capsys.readouterr().err


def test_boolean_parameter_that_is_neither_is_refused() -> None:
    with pytest.raises(SystemExit, match="--strict is true or false, not 'yes'"):
        launch.arguments(["--strict=yes"], SWITCHES, None)


def test_values_with_equals_signs_and_commas_pass_unchanged() -> None:
    given = ["--input=gs://b/a=1/*.zip,gs://b/c", '--labels={"a": "b=c"}']
    assert launch.arguments(given, SWITCHES, None) == given


def test_workers_run_the_image_of_the_launch_unless_told_otherwise() -> None:
    options = PipelineOptions(launch.arguments(["--run=x"], SWITCHES, "registry/acervo-backfill:1"))
    assert options.view_as(WorkerOptions).sdk_container_image == "registry/acervo-backfill:1"
    given = ["--sdk_container_image=registry/other:2"]
    assert launch.arguments(given, SWITCHES, "registry/acervo-backfill:1") == given


def test_job_knows_every_flag_of_the_launcher() -> None:
    given = launch.arguments([*FROM_THE_LAUNCHER, "--strict=true", "--input=gs://b/x"], SWITCHES, "registry/image:1")
    options = command_line.options_of(given, backfill.BackfillOptions)
    assert options.view_as(IngestOptions).strict
    assert options.view_as(SetupOptions).save_main_session is False


def test_launches_the_job_that_its_file_is_named_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    file = tmp_path / "backfill.py"
    file.write_text(Path(launch.__file__).read_text())
    (tmp_path / launch.IMAGE).write_text("registry/acervo-backfill:1\n")
    assert launch.main(file, ["--project=some-project", "--strict=true"]) == 2
    assert "give --input" in capsys.readouterr().err
