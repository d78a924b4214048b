from __future__ import annotations

import ast
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.auth.exceptions import DefaultCredentialsError

from local.stack import discover
from pipelines import command_line, launching, lookup
from pipelines import discover as installed
from pipelines.launch import LaunchError

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def no_stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    before = dict(os.environ)
    for variable in (*discover.VARIABLES, "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("ACERVO_STACK_FILE", str(tmp_path / "stack.json"))
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def emulator() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def announced(emulator: str) -> dict[str, str]:
    return {
        "GOOGLE_CLOUD_PROJECT": "acervo-local",
        "BIGTABLE_EMULATOR_HOST": emulator,
        "BIGQUERY_EMULATOR_HOST": f"http://{emulator}",
    }


def project_of(*argv: str) -> str | None:
    given = command_line.options_of(argv).get_all_options()["project"]
    return None if given is None else str(given)


def test_adopt__nothing_announced() -> None:
    assert discover.adopt() is False
    assert not discover.emulated()


def test_adopt__running_stack__its_environment_becomes_ours(emulator: str) -> None:
    discover.write_state(announced(emulator))
    assert discover.adopt() is True
    assert os.environ["BIGTABLE_EMULATOR_HOST"] == emulator
    assert os.environ["BIGQUERY_EMULATOR_HOST"] == f"http://{emulator}"
    assert os.environ["GOOGLE_CLOUD_PROJECT"] == "acervo-local"


def test_adopt__stack_that_was_killed__is_not_running() -> None:
    discover.write_state(announced("127.0.0.1:9"))
    assert discover.running() is None
    assert discover.adopt() is False


def test_adopt__one_of_two_emulators_died__is_not_running(emulator: str) -> None:
    discover.write_state(announced(emulator) | {"BIGTABLE_EMULATOR_HOST": "127.0.0.1:9"})
    assert discover.running() is None


def test_adopt__environment_names_another_emulator__is_left_alone(
    emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    discover.write_state(announced(emulator))
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", "elsewhere:1")
    assert discover.adopt() is True
    assert os.environ["BIGTABLE_EMULATOR_HOST"] == "elsewhere:1"
    assert "BIGQUERY_EMULATOR_HOST" not in os.environ


def test_adopt__real_project__ignores_the_running_stack(emulator: str) -> None:
    discover.write_state(announced(emulator))
    assert discover.adopt("company-prod") is False
    assert "BIGTABLE_EMULATOR_HOST" not in os.environ
    assert discover.adopt("acervo-local") is True


@pytest.mark.parametrize("content", ["", "{", "[]", '{"environment": 3}', '{"environment": {}}'])
def test_running__state_file_is_broken__is_no_stack(content: str) -> None:
    discover.state_file().write_text(content)
    assert discover.running() is None


def test_running__variables_that_are_no_emulators__are_not_taken_over(emulator: str) -> None:
    discover.write_state(announced(emulator) | {"PATH": "/elsewhere"})
    assert discover.running() == announced(emulator)


def test_an_installed_command_finds_the_stack_of_the_current_folder(
    emulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACERVO_STACK_FILE")
    monkeypatch.setattr(installed, "__file__", str(tmp_path / "site-packages" / "pipelines" / "discover.py"))
    monkeypatch.chdir(tmp_path)
    assert installed.running() is None
    (tmp_path / ".stack.json").write_text(json.dumps({"pid": 1, "environment": announced(emulator)}))
    assert installed.running() == announced(emulator)


def test_finding_a_stack_imports_nothing_but_the_standard_library() -> None:
    code = "import sys, pipelines.discover; print({name.partition('.')[0] for name in sys.modules})"
    clean = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(ROOT)!r}); {code}"]
    imported = subprocess.run(clean, capture_output=True, text=True, check=True).stdout
    assert ast.literal_eval(imported) - sys.stdlib_module_names == {"__main__", "pipelines", "transforms"}


def test_remove_state__leaves_the_file_of_another_stack(emulator: str) -> None:
    discover.write_state(announced(emulator))
    state = json.loads(discover.state_file().read_text())
    discover.state_file().write_text(json.dumps(state | {"pid": 1}))
    discover.remove_state()
    assert discover.state_file().exists()
    discover.write_state(announced(emulator))
    discover.remove_state()
    assert not discover.state_file().exists()


def test_a_job_finds_the_running_stack_without_any_option(emulator: str) -> None:
    discover.write_state(announced(emulator))
    assert project_of() == "acervo-local"
    assert os.environ["BIGTABLE_EMULATOR_HOST"] == emulator


@pytest.mark.parametrize("argv", [["--project=company-prod"], ["--project=acervo-local", "--runner=DataflowRunner"]])
def test_a_job_that_is_not_of_the_running_stack_leaves_it_alone(emulator: str, argv: list[str]) -> None:
    discover.write_state(announced(emulator))
    assert f"--project={project_of(*argv)}" == argv[0]
    assert not discover.emulated()


def test_a_job_without_project_and_stack_is_told_of_both() -> None:
    with pytest.raises(LaunchError, match=r"--project.*make stack"):
        command_line.options_of([])


def test_emulator_of_the_environment_that_is_down_is_told_at_once(
    emulator: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in discover.STORES:
        monkeypatch.setenv(name, emulator)
    assert discover.unreachable() is None
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", "127.0.0.1:9")
    with pytest.raises(LaunchError, match=r"127\.0\.0\.1:9 .*make stack"):
        command_line.options_of([])
    assert lookup.main(["3" * 44]) == 2
    assert "make stack" in capsys.readouterr().err


def test_without_credentials_jobs_and_lookup_say_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DefaultCredentialsError("there are none")

    monkeypatch.setattr(lookup, "HistoryReader", refuse)
    for status in (launching.main(refuse, []), lookup.main(["3" * 44, "--project", "company-prod"])):  # type: ignore[arg-type]
        assert status == 2
    told = capsys.readouterr().err
    assert told.count("gcloud auth application-default login") == 2 and "Traceback" not in told
