from __future__ import annotations

from pathlib import Path

import pytest

from local import demo


@pytest.fixture(autouse=True)
def few_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "FILES", 30)


def test_demo__written_once__then_found(tmp_path: Path) -> None:
    written: list[str] = []
    first = demo.demo(lambda: written.append("now"), tmp_path)
    second = demo.demo(lambda: written.append("again"), tmp_path)
    assert written == ["now"]
    assert first == second
    assert first.expected["files"] == 30
    assert any(first.input.rglob("*.zip"))
    assert [path.name for path in tmp_path.iterdir()] == [first.input.parent.name]


def test_demo__another_run_was_faster__its_archive_is_used(tmp_path: Path) -> None:
    def another_run() -> None:
        demo.demo(folder=tmp_path)

    slower = demo.demo(another_run, tmp_path)
    assert slower.expected["files"] == 30
    assert len(list(tmp_path.iterdir())) == 1


def test_demo__writing_fails__leaves_nothing_that_looks_complete(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(demo, "BROKEN", 2.0)
    with pytest.raises(ValueError, match="chances"):
        demo.demo(folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_demo__asked_for_something_else__is_another_archive(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = demo.demo(folder=tmp_path)
    monkeypatch.setattr(demo, "SEED", 8)
    assert demo.demo(folder=tmp_path).input != first.input
