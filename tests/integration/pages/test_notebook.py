"""The notebook of docs runs as it stands, against a dataset in the emulator."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from local import notebook
from local.stack.discover import LOCAL_PROJECT
from tests.integration.jobs.stores import Stores


def test_every_question_is_answered_and_drawn(filled: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACERVO_DATASET", filled.name)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", LOCAL_PROJECT)
    found = notebook.executed(notebook.NOTEBOOK)
    questions = [cell for cell in found.cells if cell.cell_type == "markdown" and cell.source.startswith("## ")]
    assert len(questions) == 12
    shown = [output for cell in found.cells for output in cell.get("outputs", [])]
    assert sum("image/svg+xml" in output.get("data", {}) for output in shown) >= 11
    assert not [output for output in shown if output.output_type == "error"]


def test_what_is_kept_is_of_a_whole_run_and_small() -> None:
    kept = nbformat.read(notebook.NOTEBOOK, as_version=4)
    codes = [cell for cell in kept.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in codes] == list(range(1, len(codes) + 1))
    assert all(cell.outputs for cell in codes[1:])
    assert Path(notebook.NOTEBOOK).stat().st_size <= notebook.MOST_BYTES
