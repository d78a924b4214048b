"""Documentation walked line by line: targets, modules, flags, counters and files that it names are there."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from io import StringIO

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import command_line
from templates import metadata
from tests.unit.templates.documents import (
    ROOT,
    Command,
    commands,
    documents,
    exported,
    gcloud_problems,
    gcloud_tree,
)

NAMES = exported((ROOT / "docs" / "DEPLOY.md").read_text())
TREE = gcloud_tree()
BEAM = {"runner", "region", "temp_location", "project"}


def written(program: str) -> Iterator[tuple[str, Command]]:
    for path in documents():
        for command in commands(path.read_text(), NAMES):
            if command.words[0].endswith(program) and "TARGET" not in command.words:
                yield path.name, command


def cases(program: str) -> list[object]:
    found = {command.words: (name, command) for name, command in written(program)}
    return [pytest.param(command, id=f"{name}: {command.line.strip()[:60]}") for name, command in found.values()]


def make_n(words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in NAMES} | NAMES
    command = ["make", "-n", *words[1:]]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("command", cases("make"))
def test_make_knows_the_target_and_has_all_it_needs(command: Command) -> None:
    done = make_n(command.words)
    assert done.returncode == 0, done.stderr
    # A variable that a recipe does not know is a slip of the pen.
    makefiles = (ROOT / "Makefile").read_text() + (ROOT / "templates" / "gcp.mk").read_text()
    for word in command.words[1:]:
        name, equals, _ = word.partition("=")
        assert not equals or re.search(rf"\b{name}\b", makefiles), name


@pytest.mark.skipif(TREE is None, reason="gcloud is not on this machine")
@pytest.mark.parametrize("command", cases("gcloud"))
def test_gcloud_knows_the_command_and_its_flags(command: Command) -> None:
    assert TREE is not None
    assert gcloud_problems(command.words, TREE) == []


@pytest.mark.skipif(TREE is None, reason="gcloud is not on this machine")
@pytest.mark.parametrize("target", ["image", "run", "template-build"])
def test_gcloud_knows_what_make_would_run(target: str) -> None:
    assert TREE is not None
    targets = ("image",) if target == "image" else tuple(f"{target}-{job}" for job in metadata.jobs())
    done = make_n(("make", *targets, "UPDATE=1", "INPUT=gs://b/c", "KMS_KEY=k", "LABELS=a=b"))
    shown = "\n".join(["```sh", *done.stdout.splitlines(), "```"]).replace("$$", "$")
    found = [command for command in commands(shown + "\n", {}) if command.words[0] == "gcloud"]
    assert len(found) == len(targets), done.stderr
    for command in found:
        assert gcloud_problems(command.words, TREE) == []


def test_gcloud_problems_are_found() -> None:
    tree = {"flags": {"--project": "value"}, "commands": {"a": {"commands": {"b": {"flags": {"--update": "bool"}}}}}}
    assert gcloud_problems(("gcloud", "a", "b", "X", "--project=p", "--no-update"), tree) == []
    assert gcloud_problems(("gcloud", "a", "b", "--updaet"), tree) == ["no flag --updaet"]
    assert gcloud_problems(("gcloud", "a", "c"), tree) != []


@pytest.mark.parametrize("command", cases("python"))
def test_module_is_there_and_knows_its_flags(command: Command) -> None:
    assert command.words[1] == "-m"
    module = command.words[2]
    assert find_spec(module), module
    given = {word.partition("=")[0].removeprefix("--") for word in command.words[3:] if word.startswith("--")}
    unknown = given - {"help"} - known_flags(module)
    assert not unknown, f"{module} knows no --{', --'.join(unknown)}"


@cache
def known_flags(module: str) -> set[str]:
    """From the options of a job, and from what any other command says of itself."""
    job = "extract" if module == "transforms.ingest.postgres.snapshot" else module.removeprefix("pipelines.")
    if job in metadata.jobs():
        # Some a template does not offer: what they ask for is done by the command, not by the job.
        own = command_line.parser(import_module(f"pipelines.{job}"))._actions
        return {action.dest for action in (*own, *metadata.actions(job))} | BEAM
    spec = find_spec(module)
    assert spec, module
    main = import_module(f"{module}.__main__" if spec.submodule_search_locations else module).main
    with redirect_stdout(StringIO()) as shown, pytest.raises(SystemExit):
        main(["--help"])
    return set(re.findall(r"--(\w+)", shown.getvalue()))


def test_beam_knows_its_flags() -> None:
    known = PipelineOptions([f"--{name}=x" for name in BEAM]).get_all_options(retain_unknown_options=False)
    assert set(known) >= BEAM


def test_counters_of_the_runbook_are_counted_somewhere() -> None:
    files = [path for folder in ("transforms", "pipelines") for path in (ROOT / folder).rglob("*.py")]
    source = "\n".join(path.read_text() for path in files)
    runbook = (ROOT / "docs" / "RUNBOOK.md").read_text()
    [table] = re.findall(r"^\| counter \|.*?(?=^$)", runbook, re.MULTILINE | re.DOTALL)
    counters = [name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z_<>]+)`", row.split("|")[1])]
    assert len(counters) >= 10
    for name in counters:
        assert source.count(f'"{name}"') >= 2, f"{name}: in the catalogue and where it is counted"


def test_files_that_are_named_exist() -> None:
    for path in documents():
        text = path.read_text()
        for name in re.findall(r"`((?:tests|transforms|pipelines|templates|docs|local)/[\w./-]+)`", text):
            assert (ROOT / name).exists(), f"{path.name} names {name}"
        for name in re.findall(r"\]\(([\w./-]+\.md)\)", text):
            assert (path.parent / name).exists(), f"{path.name} links to {name}"
