"""Sentences are folded at words on a terminal, and commands never."""

from __future__ import annotations

import io

import pytest

from pipelines import prose

SENTENCE = "There is no table documents_of_2025 in the database fiscal. Did you mean public.documents_of_2026?"


def test_a_sentence_is_folded_at_words_under_its_indent() -> None:
    assert prose.folded(f"  {SENTENCE}", 60) == (
        "  There is no table documents_of_2025 in the database\n  fiscal. Did you mean public.documents_of_2026?"
    )
    assert max(map(len, prose.folded(SENTENCE, 40).splitlines())) <= 40
    assert prose.folded(SENTENCE, 40).split() == SENTENCE.split()


@pytest.mark.parametrize(
    "line",
    [
        "    .venv/bin/python -m pipelines.query 'SELECT * FROM ingestion_health ORDER BY hour DESC LIMIT 3'",
        "Run: acervo tables --project my-project-of-a-long-name --dataset fiscal_documents_of_the_company",
        "no credentials: Run: gcloud auth application-default login; or start the local stack of this folder",
        "https://console.cloud.google.com/dataflow/jobs/southamerica-east1/2026-11-29?project=a",
        "short",
        "",
    ],
)
def test_what_is_copied_stays_on_its_line(line: str) -> None:
    assert prose.folded(line, 60) == line


def test_lines_stay_lines_and_a_long_word_stays_whole() -> None:
    assert prose.folded(f"{'a' * 90}\n\n- b", 60) == f"{'a' * 90}\n\n- b"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_only_a_terminal_gets_folded_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    piped, terminal = io.StringIO(), Terminal()
    prose.tell(SENTENCE, piped)
    prose.tell(SENTENCE, terminal)
    assert piped.getvalue() == f"{SENTENCE}\n"
    assert terminal.getvalue() == f"{prose.folded(SENTENCE, 40)}\n"
