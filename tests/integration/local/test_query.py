from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet
import pytest
from google.cloud import bigquery

from local.stack import Stack
from pipelines import query

DATASET = "query_command"


@pytest.fixture(scope="module")
def dataset(local_stack: Stack) -> Iterator[str]:
    client = query.connect(None)
    client.create_dataset(DATASET)
    client.create_table(
        bigquery.Table(
            f"{client.project}.{DATASET}.notes",
            [bigquery.SchemaField("uf", "STRING"), bigquery.SchemaField("total", "NUMERIC")],
        )
    )
    client.query(f"INSERT INTO {DATASET}.notes VALUES ('SP', NUMERIC '10.10'), ('RJ', NULL)").result()
    view = bigquery.Table(f"{client.project}.{DATASET}.by_uf")
    view.view_query = f"SELECT uf, COUNT(*) AS notes FROM `{client.project}.{DATASET}.notes` GROUP BY uf"
    client.create_table(view)
    yield DATASET


def test_query__table_and_view_without_dataset__are_found(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT n.uf, n.total, v.notes FROM notes AS n JOIN by_uf AS v USING (uf) ORDER BY n.uf"
    assert query.main(["--dataset", dataset, "--json", sql]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["uf"], row["notes"]) for row in rows] == [("RJ", 1), ("SP", 1)]
    assert rows[0]["total"] is None
    assert float(rows[1]["total"]) == 10.1


def test_query__files__hold_the_same_rows(dataset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT uf, total, CONCAT('=', uf) AS formula FROM notes ORDER BY uf"
    for form in ("csv", "jsonl", "parquet"):
        assert query.main(["--dataset", dataset, "--out", str(tmp_path / f"rows.{form}"), sql]) == 0
    assert (tmp_path / "rows.csv").read_text() == "uf,total,formula\nRJ,,'=RJ\nSP,10.100000000,'=SP\n"
    told = capsys.readouterr()
    assert told.out == "" and "2 texts begin as formulas do" in told.err
    lines = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [line["formula"] for line in lines] == ["=RJ", "=SP"]
    table = pyarrow.parquet.read_table(tmp_path / "rows.parquet")
    assert table.to_pylist() == [
        {"uf": "RJ", "total": None, "formula": "=RJ"},
        {"uf": "SP", "total": Decimal("10.1"), "formula": "=SP"},
    ]
    assert pyarrow.types.is_decimal(table.schema.field("total").type)


def test_query__parquet_of_no_rows__has_their_columns(dataset: str, tmp_path: Path) -> None:
    target = tmp_path / "rows.parquet"
    assert query.main(["--dataset", dataset, "--out", str(target), "SELECT uf FROM notes WHERE uf = 'AC'"]) == 0
    table = pyarrow.parquet.read_table(target)
    assert table.column_names == ["uf"] and table.num_rows == 0


def test_query__syntax_error__is_one_clear_line(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert query.main(["--dataset", dataset, "SELECT uf FRM notes n"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Syntax error" in captured.err
    assert captured.err.count("Syntax error") == 1


@pytest.mark.parametrize(
    "sql", ["DELETE FROM notes WHERE TRUE", "SELECT 1; DELETE FROM notes WHERE TRUE", "/* a */ DROP TABLE notes"]
)
def test_query__what_writes__is_refused_unless_asked_for(
    dataset: str, sql: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert query.main(["--dataset", dataset, sql]) == 2
    assert "--write" in capsys.readouterr().err
    assert query.main(["--dataset", dataset, "--csv", "SELECT COUNT(*) AS n FROM notes"]) == 0
    assert capsys.readouterr().out == "n\n2\n"


def test_query__writes_when_asked_to(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    for sql in ("INSERT INTO notes VALUES ('AC', NULL)", "DELETE FROM notes WHERE uf = 'AC'"):
        assert query.main(["--dataset", dataset, "--write", sql]) == 0
    capsys.readouterr()
    assert query.main(["--dataset", dataset, "--csv", "SELECT COUNT(*) AS n FROM notes"]) == 0
    assert capsys.readouterr().out == "n\n2\n"


def test_query__tables_and_columns_are_listed(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert query.main(["--dataset", dataset, "--csv", "--tables"]) == 0
    assert capsys.readouterr().out == "name,type,description\nby_uf,view,\nnotes,table,\n"
    assert query.main(["--dataset", dataset, "--csv", "--describe", "notes"]) == 0
    assert capsys.readouterr().out == "column,type,description\nuf,STRING,\ntotal,NUMERIC,\n"
    assert query.main(["--dataset", dataset, "--describe", "document_stat"]) == 2
    assert "Did you mean document_state" in capsys.readouterr().err


def test_query__a_name_that_is_nearly_one__is_asked_for(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert query.main(["--dataset", dataset, "SELECT * FROM document_states"]) == 2
    assert "Did you mean document_state" in capsys.readouterr().err


def test_query__empty__is_no_query(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert query.main(["--dataset", dataset, " "]) == 2
    assert "empty" in capsys.readouterr().err


def test_query__unknown_column__names_it(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert query.main(["--dataset", dataset, "SELECT colour FROM notes"]) == 2
    assert "colour" in capsys.readouterr().err


@pytest.mark.parametrize("missing", [["--dataset", "nowhere"], ["--dataset", DATASET]])
def test_query__missing_table_or_dataset__says_how_to_create_them(
    dataset: str, missing: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert query.main([*missing, "SELECT * FROM no_such_table"]) == 2
    assert "acervo tables" in capsys.readouterr().err


def test_query__from_standard_input(
    dataset: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT COUNT(*) AS n\nFROM notes -- a comment\n"))
    assert query.main(["--dataset", dataset, "--csv", "-"]) == 0
    assert capsys.readouterr().out == "n\n2\n"
