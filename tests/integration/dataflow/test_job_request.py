"""What Dataflow would be asked to run, job by job, read from the request itself."""

from __future__ import annotations

import os
import re
from pathlib import Path

from templates import metadata
from tests.integration.dataflow.stand_in import StandIn
from tests.integration.dataflow.submit import IMAGE, Submitted, parameters

STEPS = Path(__file__).parent / "steps"
_STEP = re.compile(r"[A-Z]\w*(\(.*\)|\[\w+\])?")
PRIVATE, BATCH, STREAM = "WORKER_IP_PRIVATE", "JOB_TYPE_BATCH", "JOB_TYPE_STREAMING"


def is_streaming(job: str) -> bool:
    return b'"streaming": true' in metadata.path_of(job).read_bytes()


def test_batch_or_streaming_as_the_template_says(submitted: Submitted) -> None:
    streaming = is_streaming(submitted.job)
    assert submitted.request["type"] == (STREAM if streaming else BATCH)
    assert submitted.environment["version"]["job_type"] == ("FNAPI_STREAMING" if streaming else "FNAPI_BATCH")


def test_runner_v2_and_for_streams_streaming_engine(submitted: Submitted) -> None:
    experiments = set(submitted.environment["experiments"])
    assert {"use_runner_v2", "use_unified_worker", "use_portable_job_submission"} <= experiments
    assert {"use_multiple_sdk_containers"} <= experiments, "one Python process per vCPU"
    assert ("enable_streaming_engine" in experiments) == is_streaming(submitted.job)
    options = submitted.environment.get("serviceOptions", [])
    assert ("enable_streaming_engine_resource_based_billing" in options) == is_streaming(submitted.job)


def test_workers(submitted: Submitted) -> None:
    pool = submitted.pool
    # Eight connections keep two workers of four processes busy.
    start, most = (2, 2) if submitted.job == "extract" else (10, 20)
    assert pool["numWorkers"] == start
    assert pool["autoscalingSettings"]["maxNumWorkers"] == most
    assert "algorithm" not in pool["autoscalingSettings"], "Dataflow's own default: by throughput"
    assert pool["machineType"] == "n2-standard-4"
    assert pool["diskSizeGb"] == 50
    assert pool["numThreadsPerWorker"] == 4
    assert pool["ipConfiguration"] == PRIVATE
    assert pool["subnetwork"] == "regions/southamerica-east1/subnetworks/default"
    assert submitted.environment["serviceAccountEmail"] == "acervo@some-project.iam.gserviceaccount.com"


def test_workers_run_the_image_of_the_launch(submitted: Submitted) -> None:
    assert [image["containerImage"] for image in submitted.pool["sdkHarnessContainerImages"]] == [IMAGE]
    assert submitted.pool["workerHarnessContainerImage"] == IMAGE


def test_nothing_is_staged_that_the_image_should_have(submitted: Submitted) -> None:
    assert submitted.staged == {"pipeline.pb", "submission_environment_dependencies.txt"}


def test_nothing_travels_from_main(submitted: Submitted) -> None:
    """Pickled by value, a function of ``__main__`` would carry the launch's own module to the workers."""
    for transform in submitted.pipeline.components.transforms.values():
        assert b"templates.launch" not in transform.spec.payload, transform.unique_name


def test_display_data_tells_what_the_job_was_given(submitted: Submitted) -> None:
    shown = submitted.shown
    for parameter in parameters(submitted.job):
        name, _, value = parameter.removeprefix("--").partition("=")
        told = shown[name]
        assert told == (True if value == "true" else float(value) if isinstance(told, float) else value)
    assert shown["job_name"] == f"acervo-{submitted.job}"
    assert shown["sdk_container_image"] == IMAGE
    described = [transform for transform in submitted.pipeline.components.transforms.values() if transform.display_data]
    assert described, "steps tell their functions"


def test_steps_keep_their_names(submitted: Submitted) -> None:
    """An update of a running job matches steps by name. Write anew, and say so in the change: ACERVO_WRITE_STEPS=1."""
    path = STEPS / f"{submitted.job}.txt"
    found = submitted.steps()
    if os.environ.get("ACERVO_WRITE_STEPS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"{name}\n" for name in found))
    assert found == path.read_text().splitlines()


def test_steps_are_named_as_beams_are(submitted: Submitted) -> None:
    """In capitals and without blanks, as typed for an update; Beam adds what it made of a function or a tag."""
    odd = [name for name in submitted.steps() if not all(_STEP.fullmatch(part) for part in name.split("/"))]
    assert not odd


def test_every_request_was_understood(submitted: Submitted, services: StandIn) -> None:
    assert services.unknown == []
