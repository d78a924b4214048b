"""The wheel: what is in it, and what it does in an environment that has nothing else of the project."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import NamedTuple

import pytest

from local.generate import documents, leaves
from local.stack import Stack
from pipelines.command import COMMANDS
from tests.integration.wheel import help_all, parse_all
from tests.integration.wheel.installed import ROOT, build_wheel, install
from transforms.model import RawDocument, Record
from transforms.parse.parser import parse

STORE = "from_the_wheel"
PLACES = ["--bigtable_table", STORE, "--dataset", STORE]


class Installed(NamedTuple):
    wheel: Path
    python: Path
    folder: Path

    def run(self, *command: str | Path, check: bool = True, path: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a program of the environment outside the work tree; modules of the folder ``path`` come first."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment |= {"PYTHONPATH": path} if path else {}
        program = self.python.with_name(str(command[0]))
        done = subprocess.run(
            [program, *command[1:]], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, done.stderr[-5000:]
        return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    wheel = build_wheel(folder)
    outside = folder / "outside"
    outside.mkdir()
    return Installed(wheel, install(wheel, folder), outside)


def test_wheel_holds_the_product_and_nothing_else(installed: Installed) -> None:
    names = {name for name in zipfile.ZipFile(installed.wheel).namelist() if ".dist-info/" not in name}
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "pipelines", "transforms"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    compiled = {name for name in names if name.endswith(".so")}
    assert {name.partition(".")[0] for name in compiled} == {
        "transforms/parse/sax/compiled",
        "transforms/truth/leaves",
        "transforms/views/wire",
    }
    assert names - compiled == {
        name for name in tracked if (ROOT / name).exists() and not name.endswith((".pxi", ".pyx"))
    }
    assert {"pipelines/py.typed", "transforms/py.typed"} <= names


def test_without_a_compiler_it_is_built_and_reads_the_same(installed: Installed, tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, CC="/bin/false")
    pure = tmp_path / "pure"
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".so")]
        archive.extractall(pure)
    folder = tmp_path / "documents"
    folder.mkdir()
    for number, leaf in enumerate(leaf for one in documents(4, 60) for leaf in leaves(one)):
        (folder / f"{number}.xml").write_bytes(leaf.payload)
    compiled = installed.run("python", parse_all.__file__, folder).stdout.partition("\n")
    plain = installed.run("python", parse_all.__file__, folder, path=str(pure)).stdout.partition("\n")
    assert compiled[0].startswith("sax, libxml2 ") and plain[0].startswith("tree, libxml2 ")
    assert compiled[2] == plain[2] and compiled[2].count("Record(") > 50


def test_metadata_is_what_people_and_installers_look_for(installed: Installed) -> None:
    archive = zipfile.ZipFile(installed.wheel)
    [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    found = Parser().parsestr(archive.read(name).decode())
    assert found["Name"] == "acervo" and found["Version"] and found["Summary"]
    assert found["Requires-Python"] == "<3.13,>=3.11"
    assert "Typing :: Typed" in found.get_all("Classifier", [])
    assert set(found.get_all("Provides-Extra", [])) == {"aws", "local", "dev", "kafka", "report"}
    required = [line for line in found.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert any(line.startswith("apache-beam[gcp]") for line in required)
    assert not any(line.startswith(("bqemulator", "duckdb", "pytest", "mypy")) for line in required)
    entry_points = archive.read(name.replace("METADATA", "entry_points.txt")).decode()
    assert "acervo = pipelines.command:main" in entry_points


def test_nothing_of_the_workshop_can_be_imported(installed: Installed) -> None:
    code = "from importlib.util import find_spec as find; print(find('local'), find('templates'))"
    assert installed.run("python", "-c", code).stdout == "None None\n"
    origin = installed.run("python", "-c", "import pipelines; print(pipelines.__file__)").stdout
    assert str(installed.python.parents[1]) in origin


@pytest.mark.slow
def test_every_command_helps(installed: Installed) -> None:
    shown = json.loads(installed.run("python", help_all.__file__).stdout)
    assert set(shown) == set(COMMANDS)
    for name, (status, text) in shown.items():
        assert status == 0 and text.startswith("usage: ") and "--help" in text, name
    assert installed.run("acervo", "--help").stdout.startswith("usage: acervo")
    assert installed.run("acervo", "--version").stdout.startswith("acervo ")


@pytest.mark.slow
def test_a_job_runs_and_its_result_is_found(installed: Installed, local_stack: Stack) -> None:
    folder = installed.folder / "documents"
    folder.mkdir()
    keys = set()
    for number, leaf in enumerate(leaf for one in documents(3, 8) for leaf in leaves(one)):
        (folder / f"{number}.xml").write_bytes(leaf.payload)
        found = parse(RawDocument(leaf.payload, "origin", 0))
        keys |= {record.entry.key for record in found if isinstance(record, Record)}
    installed.run("acervo", "tables", *PLACES)
    installed.run("acervo", "backfill", "--input", folder, "--runner", "FnApiRunner", *PLACES)
    sql = "SELECT access_key FROM document_state"
    rows = json.loads(installed.run("acervo", "query", "--json", "--dataset", STORE, sql).stdout)
    assert {row["access_key"] for row in rows} == keys and len(keys) > 3
    key = min(keys)
    assert json.loads(installed.run("acervo", "lookup", key, "--json", *PLACES).stdout)["key"] == key
    missing = installed.run("acervo", "backfill", "--input", "nowhere/*.zip", check=False)
    assert (missing.returncode, missing.stderr.startswith("error: ")) == (2, True), missing.stderr
