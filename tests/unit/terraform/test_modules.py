"""The modules as Terraform sees them: form, every name checked against the providers' schema, and what people read."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.unit.terraform.extract import MODULES, PACKAGES, used
from tests.unit.terraform.provider import schema
from tests.unit.terraform.running import Terraform

FILES = sorted(MODULES.rglob("*.tf"))
BLOCK = re.compile(r'^(variable|output) "(\w+)" \{(.*?)^\}', re.MULTILINE | re.DOTALL)


def test_every_file_is_formatted(terraform: Terraform) -> None:
    done = terraform("fmt", "-check", "-recursive", "-diff", "-no-color")
    assert done.returncode == 0, done.stdout


def test_terraform_finds_them_valid(terraform: Terraform) -> None:
    done = terraform("validate", "-no-color")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def altered(terraform: Terraform, tmp_path: Path) -> Path:
    """A copy of the modules to make mistakes in."""
    return Path(shutil.copytree(MODULES, tmp_path / "modules"))


MISTAKES = [
    ("network", "private_ip_google_access", "private_ip_google_acces", "Unsupported argument"),
    ("bigtable", "autoscaling_config {", "autoscaling_configuration {", "Unsupported block type"),
    ("bigtable", "  cluster_id   = local.cluster\n", "", "Missing required argument"),
    ("queue", 'resource "google_pubsub_topic"', 'resource "google_pubsub_topics"', "Invalid resource type"),
    ("monitoring", "this.id\n", "this.identity\n", "Unsupported attribute"),
    ("storage", "= var.force_destroy", "= var.force", "Reference to undeclared"),
    ("warehouse", "= var.labels", '= ["fiscal"]', "Incorrect attribute value type"),
]


@pytest.mark.parametrize(("module", "right", "wrong", "told"), MISTAKES, ids=[mistake[3] for mistake in MISTAKES])
def test_a_mistake_is_found(
    terraform: Terraform, altered: Path, module: str, right: str, wrong: str, told: str
) -> None:
    file = altered / "modules" / module / "main.tf"
    text = file.read_text()
    assert right in text
    file.write_text(text.replace(right, wrong, 1))
    done = terraform("validate", "-no-color", modules=altered)
    assert done.returncode != 0
    assert told in " ".join((done.stdout + done.stderr).split())


def test_schema_is_of_what_is_used_and_of_the_version_that_is_asked_for() -> None:
    published = schema()
    asked = dict(re.findall(r'source  = "hashicorp/([\w-]+)"\s+version = "~> ([\d.]+)"', read("versions.tf")))
    for provider in PACKAGES:
        assert published[provider]["version"].startswith(asked[provider] + ".")
    for section, kind in (("resources", "resource"), ("data", "data")):
        for provider, name in used(kind):
            assert name in published[provider][section], f"{name}: run {published['made by']}"


def test_provider_of_two_resources_is_beta_and_of_no_other() -> None:
    beta = {name for provider, name in used("resource") if provider == "google-beta"}
    assert beta == {"google_dataflow_flex_template_job", "google_project_service_identity"}


def test_every_variable_has_a_type_and_every_variable_and_output_a_description() -> None:
    for path in FILES:
        for kind, name, body in BLOCK.findall(path.read_text()):
            assert re.search(r'^  description\s+= "[A-Z].*\."$|^  description\s+= "[A-Z].*"$', body, re.MULTILINE), name
            assert kind == "output" or re.search(r"^  type\s+= ", body, re.MULTILINE), name


def test_what_people_fill_in_are_variables() -> None:
    given = set(re.findall(r"^(?:# )?([a-z_]+)\s+= ", read("terraform.tfvars.example"), re.MULTILINE))
    variables = {name for kind, name, _ in BLOCK.findall(read("variables.tf")) if kind == "variable"}
    required = {name for _, name, body in BLOCK.findall(read("variables.tf")) if "default" not in body}
    assert required == {"project", "region", "zone"} <= given <= variables


def test_files_are_short() -> None:
    for path in FILES:
        assert len(path.read_text().splitlines()) <= 300, path


def test_neither_image_nor_package_holds_them() -> None:
    ignored = (MODULES.parents[1] / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert not any(line.startswith("!") and ("terraform" in line or line == "!templates") for line in ignored)
    assert '"templates' not in (MODULES.parents[1] / "setup.py").read_text()


def read(name: str) -> str:
    return (MODULES / name).read_text()
