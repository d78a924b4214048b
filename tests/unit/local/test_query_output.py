from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from rich.text import Text

from local.stack import discover
from pipelines import query, writing

NAMES = ["day", "instant", "value", "items", "raw", "nothing"]
ROW = [
    date(2026, 3, 1),
    datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC),
    Decimal("1E+3"),
    [{"ncm": "0101", "value": Decimal("0.10")}],
    b"\xff\x00",
    None,
]


def test_json__every_type__is_exact_and_valid() -> None:
    out = io.StringIO()
    writing.write_json(NAMES, iter([ROW, ROW]), out)
    rows = json.loads(out.getvalue())
    assert len(rows) == 2
    assert rows[0] == {
        "day": "2026-03-01",
        "instant": "2026-03-01T12:00:00.000005Z",
        "value": "1000",
        "items": [{"ncm": "0101", "value": "0.10"}],
        "raw": "/wA=",
        "nothing": None,
    }


def test_json__no_rows__is_an_empty_array() -> None:
    out = io.StringIO()
    writing.write_json(NAMES, iter([]), out)
    assert json.loads(out.getvalue()) == []


def test_csv__commas_quotes_and_null__read_back_the_same() -> None:
    out = io.StringIO()
    writing.write_csv(["a", "b", "c"], iter([['x,"y"\nz', None, True]]), out)
    assert list(csv.reader(io.StringIO(out.getvalue()))) == [["a", "b", "c"], ['x,"y"\nz', "", "true"]]


@pytest.mark.parametrize(
    "text", ["=HYPERLINK(A1)", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1+1"]
)
def test_csv__a_formula__is_defused_and_counted_unless_kept(text: str) -> None:
    out = io.StringIO()
    assert writing.write_csv(["name"], iter([[text]]), out) == 1
    assert list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1] == [f"'{text}"]
    out = io.StringIO()
    assert writing.write_csv(["name"], iter([[text]]), out, keep_formulas=True) == 0
    assert list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1] == [text]


def test_csv__numbers_and_common_texts__are_left_alone() -> None:
    row = [Decimal("-1.50"), -3, "-12", "+5511999990000", "LOJA = CIA", "1-2", None, date(2026, 3, 1), [{"a": "=1"}]]
    out = io.StringIO()
    assert writing.write_csv([str(at) for at in range(len(row))], iter([row]), out) == 0


def test_json_lines__each_line_is_an_object() -> None:
    out = io.StringIO()
    writing.write_lines(["a", "b"], iter([["x\ny", None], ["=1", Decimal("1.10")]]), out)
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"a": "x\ny", "b": None},
        {"a": "=1", "b": "1.10"},
    ]


def test_file__a_failure__leaves_no_half_and_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "rows.csv"
    target.write_text("old")
    with pytest.raises(RuntimeError), writing.opened(target) as out:
        out.write(b"half")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"] and target.read_text() == "old"


@pytest.mark.parametrize(("name", "told"), [("rows.xls", "--format"), ("no/rows.csv", "cannot be written")])
def test_file__a_name_that_cannot_be__is_told(name: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(writing.WritingError, match=told):
        writing.format_of(tmp_path / name)
        with writing.opened(tmp_path / name):
            pass


def test_table__markup_in_a_value__is_shown_as_it_is() -> None:
    out = io.StringIO()
    query.write_table(["name"], iter([["[red]LOJA[/red]"]]), out, max_rows=10)
    assert "[red]LOJA[/red]" in out.getvalue()
    assert "1 row" in out.getvalue()


def test_table__more_rows_than_shown__says_so() -> None:
    out = io.StringIO()
    query.write_table(["n"], iter([[1], [2], [3]]), out, max_rows=2)
    assert "the first 2 rows" in out.getvalue()
    assert "3" not in out.getvalue().splitlines()[-2]


def test_table__wide_values_into_a_pipe__are_not_folded() -> None:
    out = io.StringIO()
    query.write_table(["xml"], iter([["x" * 500]]), out, max_rows=2)
    assert "x" * 500 in out.getvalue()


def test_main__no_stack_and_no_project__says_make_stack(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    for variable in (*discover.VARIABLES, "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("ACERVO_STACK_FILE", f"{tmp_path}/none.json")
    assert query.main(["SELECT 1"]) == 2
    assert "make stack" in capsys.readouterr().err


def test_main__emulator_is_gone__says_so_soon(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(query, "RETRY_SECONDS", 0.5)
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "acervo-local")
    assert query.main(["SELECT 1"]) == 2
    assert "Nothing answers at http://127.0.0.1:9" in capsys.readouterr().err


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("columns", "vertical"), [(80, True), (140, False)])
def test_table__too_wide_for_the_terminal__is_a_line_a_column(
    columns: int, vertical: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    out = _Terminal()
    names = ["access_key", "issuer", "recipient"]
    query.write_table(names, iter([["1" * 44, "2" * 14, "x" * 30]]), out, max_rows=2)
    shown = Text.from_ansi(out.getvalue()).plain
    assert ("row 1\n" in shown) == vertical and "1" * 44 in shown and "x" * 30 in shown
    assert all(len(line) <= columns for line in shown.splitlines())
