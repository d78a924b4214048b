"""Terraform, offline."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.unit.terraform.extract import MODULES

ROOT = MODULES.parents[1]


VARIABLES = {
    "project": "some-project",
    "region": "southamerica-east1",
    "zone": "southamerica-east1-b",
    "labels": {"team": "fiscal", "env": "test"},
    "kms_key": "projects/some-project/locations/southamerica-east1/keyRings/acervo/cryptoKeys/acervo",
    "archive_buckets": ["some-archives"],
    "publishers": ["serviceAccount:billing@some-project.iam.gserviceaccount.com"],
    "postgres": True,
    "data_boost": True,
    "deployers": ["group:deployers@example.com"],
    "on_call": ["group:on-call@example.com"],
    "tag": "0123456789ab",
    "stream": {},
    "reconcile": {},
}


class Terraform:
    """Runs terraform, with Google's providers as ``provider.py`` serves them."""

    def __init__(self, program: str, folder: Path, reattach: dict[str, Any]) -> None:
        self._program = program
        self._folder = folder
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_DATA_DIR": str(folder / "data"),
            "TF_REATTACH_PROVIDERS": json.dumps({f"hashicorp/{name}": value for name, value in reattach.items()}),
        }

    def __call__(self, *words: str, modules: Path = MODULES) -> subprocess.CompletedProcess[str]:
        """A command in the folder of the modules."""
        command = [self._program, f"-chdir={modules}", *words]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False, timeout=300)

    def plan(self, modules: Path = MODULES, **variables: Any) -> dict[str, Any]:
        """The plan for an empty project, as ``terraform show -json`` tells it."""
        values = self._folder / "values.tfvars.json"
        values.write_text(json.dumps(variables))
        out = f"-out={self._folder / 'plan'}"
        done = self("plan", "-input=false", "-no-color", "-lock=false", f"-var-file={values}", out, modules=modules)
        if done.returncode:
            raise PlanError(done.stdout + done.stderr)
        shown = self("show", "-json", str(self._folder / "plan"), modules=modules)
        return dict(json.loads(shown.stdout))


class PlanError(Exception):
    """Terraform refuses; its own words."""


def resources(planned: dict[str, Any], kind: str | None = None) -> list[dict[str, Any]]:
    """Resources of a plan, from all modules; data sources left out."""
    found, modules = [], [planned["planned_values"]["root_module"]]
    while modules:
        module = modules.pop()
        managed = [one for one in module.get("resources", []) if one["mode"] == "managed"]
        found += [one for one in managed if kind in (None, one["type"])]
        modules += module.get("child_modules", [])
    return found
