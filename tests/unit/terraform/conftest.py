"""Terraform, and a plan of the project's modules made by it without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.unit.terraform.extract import PACKAGES
from tests.unit.terraform.provider import serving
from tests.unit.terraform.running import ROOT, VARIABLES, Terraform


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    program = ROOT / ".venv" / "bin" / "terraform"
    found = str(program) if program.exists() else shutil.which("terraform")
    if found is None:
        pytest.skip("terraform is not on this machine: make terraform builds it, with Go")
    with ExitStack() as stack:
        reattach = {name: stack.enter_context(serving(name)) for name in PACKAGES}
        ready = Terraform(found, tmp_path_factory.mktemp("terraform"), reattach)
        done = ready("init", "-backend=false", "-input=false", "-no-color")
        assert done.returncode == 0, done.stdout + done.stderr
        yield ready


@pytest.fixture(scope="session")
def plan(terraform: Terraform) -> dict[str, Any]:
    return terraform.plan(**VARIABLES)
