from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import discover


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


def test_remove_state__leaves_the_file_of_another_stack(emulator: str) -> None:
    discover.write_state(announced(emulator))
    state = json.loads(discover.state_file().read_text())
    discover.state_file().write_text(json.dumps(state | {"pid": 1}))
    discover.remove_state()
    assert discover.state_file().exists()
    discover.write_state(announced(emulator))
    discover.remove_state()
    assert not discover.state_file().exists()
