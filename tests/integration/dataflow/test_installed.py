"""The wheel, installed and run outside the work tree: every job helps, and builds the same graph."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from templates import metadata
from tests.integration.dataflow import launch_all
from tests.integration.dataflow.stand_in import StandIn
from tests.integration.dataflow.submit import Submitted, arguments, launch_file, submitted_as
from tests.integration.wheel.installed import build_wheel, install

JOBS = metadata.jobs()


def name_of(job: str) -> str:
    return f"acervo-{job}-from-the-wheel"


@pytest.fixture(scope="session")
def launched(services: StandIn, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("wheel")
    python = install(build_wheel(folder), folder)
    template = folder / "template"
    template.mkdir()
    launches = [(str(launch_file(job, template)), arguments(job, name_of(job))) for job in JOBS]
    (folder / "launches.json").write_text(json.dumps(launches))
    driver = folder / Path(launch_all.__file__).name
    driver.write_text(Path(launch_all.__file__).read_text())
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [python, driver, folder / "launches.json"]
    done = subprocess.run(command, cwd=folder, env=outside, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    found: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    assert set(found) == set(JOBS)
    assert all(str(folder) in job["from"] for job in found.values()), "the work tree is not what was imported"
    return found


@pytest.mark.parametrize("job", JOBS)
def test_help_names_every_parameter_that_is_not_beams(job: str, launched: dict[str, dict[str, Any]]) -> None:
    assert launched[job]["helped"] == 0
    names = {parameter["name"] for parameter in json.loads(metadata.path_of(job).read_bytes())["parameters"]}
    for name in names.difference(*metadata.PASSED_ON.values()):
        assert f"--{name} " in launched[job]["help"] or f"--{name}\n" in launched[job]["help"], name


def test_graph_is_built_from_the_wheel_as_from_the_work_tree(
    submitted: Submitted, launched: dict[str, dict[str, Any]], services: StandIn
) -> None:
    job = submitted.job
    assert launched[job]["launched"] == 0
    from_the_wheel = submitted_as(job, name_of(job), services)
    assert from_the_wheel.steps() == submitted.steps()
    for transform in from_the_wheel.pipeline.components.transforms.values():
        assert b"runpy" not in transform.spec.payload and b"__main__" not in transform.spec.payload
