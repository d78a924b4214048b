"""Submits a job as the Flex Template launcher does, up to the request that Dataflow would get."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apache_beam.portability.api import beam_runner_api_pb2

from templates import launch, metadata
from tests.integration.dataflow.stand_in import StandIn

PROJECT, REGION, BUCKET, INPUT = "some-project", "southamerica-east1", "some-bucket", "2025/documents.zip"
SUBSCRIPTION, TOPICS = "documents", ("documents", "changes", "dead-letters")
IMAGE = "southamerica-east1-docker.pkg.dev/some-project/images/acervo:1"
# What each job cannot start without; a new job begins with nothing.
PARAMETERS = {
    "backfill": ["--input=gs://some-bucket/2025/"],
    "extract": [
        "--postgres_dsn=dbname=postgres user=postgres",
        "--postgres_table=public.documents",
        "--postgres_xml_column=xml",
    ],
    "erase": ["--subjects=00000000000191", "--confirm=1"],
    "reconcile": ["--output=gs://some-bucket/differences.jsonl"],
    "stream": [f"--subscription={SUBSCRIPTION}", "--changes_topic=changes", "--dead_letters_topic=dead-letters"],
}
ENVIRONMENT = [
    "--runner=DataflowRunner",
    f"--project={PROJECT}",
    f"--region={REGION}",
    f"--staging_location=gs://{BUCKET}/staging",
    f"--temp_location=gs://{BUCKET}/temp",
    "--service_account_email=acervo@some-project.iam.gserviceaccount.com",
    "--num_workers=10",
    "--max_num_workers=20",
    "--machine_type=n2-standard-4",
    "--subnetwork=regions/southamerica-east1/subnetworks/default",
    "--no_use_public_ips",
    "--number_of_worker_harness_threads=4",
    "--disk_size_gb=50",
]
STREAMING = [
    "--enable_streaming_engine",
    "--dataflow_service_options=enable_streaming_engine_resource_based_billing",
]


@dataclass(frozen=True)
class Submitted:
    """A request to create a job, and the pipeline that was staged with it."""

    job: str
    request: dict[str, Any]
    pipeline: beam_runner_api_pb2.Pipeline
    staged: frozenset[str]

    @property
    def environment(self) -> dict[str, Any]:
        """The request's settings."""
        found: dict[str, Any] = self.request["environment"]
        return found

    @property
    def pool(self) -> dict[str, Any]:
        """The settings of the workers."""
        [found] = self.environment["workerPools"]
        return dict(found)

    @property
    def shown(self) -> dict[str, Any]:
        """Display data of the job: name -> value."""
        return {item["key"]: item["value"] for item in self.environment["sdkPipelineOptions"]["display_data"]}

    def steps(self) -> list[str]:
        """Full names of the steps that Dataflow runs, which an update matches with those of the running job."""
        transforms = self.pipeline.components.transforms.values()
        return sorted(transform.unique_name for transform in transforms if not transform.subtransforms)


def launch_file(job: str, folder: Path) -> Path:
    """What the launcher runs, as the image has it."""
    file = folder / f"{job}.py"
    shutil.copy(Path(launch.__file__), file)
    (folder / launch.IMAGE).write_text(f"{IMAGE}\n")
    return file


def parameters(job: str) -> list[str]:
    """What a person gives the job: what it cannot start without, and a switch where it has one."""
    return [*PARAMETERS.get(job, []), *(["--strict=true"] if "strict" in _known(job) else [])]


def _known(job: str) -> set[str]:
    return {parameter["name"] for parameter in json.loads(metadata.path_of(job).read_bytes())["parameters"]}


def arguments(job: str, name: str) -> list[str]:
    """What the launcher passes on, of a launch under this name. Dataflow refuses what the template does not name."""
    streaming = b'"streaming": true' in metadata.path_of(job).read_bytes()
    given = parameters(job)
    assert {parameter.partition("=")[0].removeprefix("--") for parameter in given} <= _known(job)
    # The launcher has the request written there, and sends it when the launch file ends well.
    service = [f"--template_location=gs://{_place(name)}", f"--job_name={name}"]
    return [*ENVIRONMENT, *service, *(STREAMING if streaming else []), *given]


def submit(job: str, services: StandIn, folder: Path) -> Submitted:
    """Runs the job's launch file with the arguments of a launcher."""
    name = f"acervo-{job}"
    if status := launch.main(launch_file(job, folder), arguments(job, name)):
        raise AssertionError(f"{job} was not launched: exit status {status}")
    return submitted_as(job, name, services)


def submitted_as(job: str, name: str, services: StandIn) -> Submitted:
    """What a launch under this name left at the stand-in."""
    request = json.loads(services.objects[_place(name)])
    staged = {path: content for path, content in services.objects.items() if f"/staging/{name}." in path}
    [proto] = [content for path, content in staged.items() if path.endswith("/pipeline.pb")]
    pipeline = beam_runner_api_pb2.Pipeline.FromString(proto)
    return Submitted(job, request, pipeline, frozenset(path.rpartition("/")[2] for path in staged))


def _place(name: str) -> str:
    return f"{BUCKET}/staging/template_launches/{name}/job_object"
