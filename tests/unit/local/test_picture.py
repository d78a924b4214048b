"""The picture of docs/ARCHITECTURE.md is that of the code."""

from __future__ import annotations

from graphlib import CycleError
from pathlib import Path

import pytest

from local import picture


def test_the_document_has_the_picture_of_the_code() -> None:
    assert picture.picture() in picture.DOCUMENT.read_text("utf-8"), "run: python -m local.picture --write"


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    imports = [
        ("local.a", "pipelines.b"), ("pipelines.b", "transforms.truth.c"), ("local.a", "transforms.truth.c"),
        ("transforms.truth.c", "transforms.truth.d"), ("transforms.truth.c", "transforms.model"),
    ]  # fmt: skip
    drawn = picture.mermaid(picture.reduced(picture.arrows_of(imports)))
    assert drawn.splitlines()[2:-1] == ["    local --> pipelines", "    pipelines --> transforms.truth"]


def test_a_circle_is_not_drawn() -> None:
    with pytest.raises(CycleError):
        picture.reduced({"a": {"b"}, "b": {"a"}})


def test_another_picture_is_told_and_then_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "ARCHITECTURE.md"
    document.write_text("before\n```mermaid\nflowchart TD\n```\nafter\n")
    monkeypatch.setattr(picture, "DOCUMENT", document)
    assert picture.main([]) == 1 and "--write" in capsys.readouterr().err
    assert picture.main(["--write"]) == 0
    assert document.read_text() == f"before\n{picture.picture()}after\n"
    assert picture.main([]) == 0
