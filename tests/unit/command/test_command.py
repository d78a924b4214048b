"""``acervo``: one table of commands, quick help, and errors told in one place."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.auth.exceptions import DefaultCredentialsError

from pipelines import command
from pipelines.guard import guarded
from pipelines.launch import LaunchError
from templates import metadata
from transforms.errors import AcervoError
from transforms.parse import ways

ROOT = Path(__file__).parents[3]


def test_every_command_is_a_module_and_every_job_is_a_command() -> None:
    assert list(command.GROUPS["Jobs"]) and set(command.GROUPS["Jobs"]) == set(metadata.jobs())
    for name in command.COMMANDS:
        assert find_spec(f"pipelines.{name}"), name


def test_every_module_that_can_be_run_is_a_command() -> None:
    runnable = {path.stem for path in (ROOT / "pipelines").glob("*.py") if "\ndef main(" in path.read_text()}
    assert runnable - {"command", "launching", "worker"} == set(command.COMMANDS)


def test_help_names_every_command_with_a_line_under_its_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--help"]) == 0
    shown = capsys.readouterr().out.splitlines()
    for group, commands in command.GROUPS.items():
        assert f"{group}:" in shown
        for name, summary in commands.items():
            assert any(line.split(maxsplit=1) == [name, summary] for line in shown), name
    assert max(map(len, shown)) <= 100


def test_help_imports_nothing_that_is_not_of_the_standard_library() -> None:
    code = "import sys; from pipelines import command; command.main(['--help']); print(*sys.modules, file=sys.stderr)"
    clean = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(ROOT)!r}); {code}"]
    imported = {name.partition(".")[0] for name in subprocess.run(clean, capture_output=True).stderr.decode().split()}
    assert imported - sys.stdlib_module_names == {"__main__", "pipelines", "transforms"}


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["bakfill"], "error: bakfill is not a command of acervo. Did you mean backfill?\n"),
        (["lockup", "3" * 44], "error: lockup is not a command of acervo. Did you mean lookup?\n"),
        (["zzz"], "error: zzz is not a command of acervo. See acervo --help.\n"),
        ([], f"{command.usage()}\n"),
    ],
)
def test_a_command_that_is_none(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(argv) == 2
    assert capsys.readouterr() == ("", said)


def test_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert command.main(["--version"]) == 0
    assert capsys.readouterr().out == f"acervo {version}\nparser: {ways.told()}\n"


@pytest.mark.parametrize("entry", [["pipelines", "refold"], ["pipelines.refold"]])
def test_both_ways_to_start_a_job_tell_the_same_error(entry: list[str]) -> None:
    code = ["-m", *entry, "--project=company-prod", "--runner=DirectRunner", "--statez=SP"]
    ended = subprocess.run([sys.executable, *code], capture_output=True, text=True, cwd=ROOT)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[-1].startswith("error: unknown option --statez. Did you mean --states")


def test_help_of_a_job_shows_its_own_options_under_the_name_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["reconcile", "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: acervo reconcile ") and "--bucket_characters" in shown
    assert "--strict" not in shown, "reconcile reads no documents"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AcervoError("the message"), "error: the message\n"),
        (LaunchError("no input"), "error: no input\n"),
        (GoogleAPICallError("away"), "error: None away\n"),
        (
            DefaultCredentialsError("none found"),
            "error: no credentials: none found\n"
            "Run: gcloud auth application-default login; or start the local stack with: make stack\n",
        ),
    ],
)
def test_errors_of_people_are_told_and_end_with_status_2(
    error: Exception, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> int:
        raise error

    assert guarded(fail)([]) == 2
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize("error", [ValueError("of the code"), KeyError("field"), BrokenPipeError()])
def test_faults_of_the_code_keep_their_traceback(error: Exception) -> None:
    def fail(_: object) -> int:
        raise error

    with pytest.raises(type(error)):
        guarded(fail)([])


# Caught where they are raised for, and told to nobody.
OF_THE_CODE = {"NotThereError", "_TooLargeError"}


def test_errors_told_to_people_have_one_base() -> None:
    seen = set()
    for folder in ("pipelines", "transforms"):
        for path in (ROOT / folder).rglob("*.py"):
            for name in re.findall(r"^class (\w+Error)\(", path.read_text(), re.MULTILINE):
                module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
                assert issubclass(getattr(module, name), AcervoError) != (name in OF_THE_CODE), name
                seen.add(name)
    assert seen >= {"InputError", "TruthError", "CatalogError", "LaunchError", *OF_THE_CODE}
