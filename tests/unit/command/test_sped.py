"""What ``acervo sped`` refuses before it asks anything, and what it writes and shows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from pipelines import sped, sped_screen
from transforms.efd import compare
from transforms.efd.compare import Difference
from transforms.efd.reader import PROBLEMS, Problem

EFD = b"|0000|019|0|01032026|31032026|A|11222333000181||SP|1|3550308|||A|1|\r\n|9999|2|\r\n"
CONTRIBUTIONS = b"|0000|006|0|||01032026|31032026|A|11222333000181|SP|3550308||00|2|\r\n"


@pytest.mark.parametrize(
    ("data", "options", "reason"),
    [
        (None, (), "cannot be read: No such file"),
        (CONTRIBUTIONS, (), "EFD.txt is an EFD-Contribui"),
        (b"\x1f\x8b", (), "EFD.txt is no file of SPED"),
        (EFD, ("--companies", "11222333000199"), "--companies: 11222333000199 is neither a CNPJ nor a CPF"),
        (EFD, ("--out", "x.parquet"), "differences are written as csv, json, jsonl"),
        (EFD, ("--out", "x.txt"), "its name does not say how to write it"),
    ],
)
def test_what_cannot_be_compared_is_told_with_status_2(
    data: bytes | None, options: tuple[str, ...], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "EFD.txt"
    if data is not None:
        file.write_bytes(data)
    assert sped.main(["--file", str(file), *options]) == 2
    assert reason in capsys.readouterr().err


def test_a_formula_in_a_file_is_none_in_a_spreadsheet(tmp_path: Path) -> None:
    out = tmp_path / "differences.csv"
    found = Difference(compare.NOT_HERE, 4, "C100", ser="=1+1", num_doc=7, vl_doc_in_file=Decimal("1.50"))
    sped._write(iter([found]), out, "csv")
    header, line = out.read_text().splitlines()
    assert header.split(",") == list(Difference._fields)
    assert line.startswith("not_here,4,C100,,,,'=1+1,7,,,,,1.50,")


def test_a_tally_counts_all_and_keeps_some() -> None:
    tally = sped.Tally(1)
    found = [Difference(compare.NOT_HERE, line, "C100", vl_doc_in_file=Decimal(line)) for line in (1, 2, 3)]
    assert list(tally.over(iter(found))) == found
    assert (tally.counts, tally.amounts) == ({compare.NOT_HERE: 3}, {compare.NOT_HERE: 6})
    assert tally.examples[compare.NOT_HERE] == found[:1]


def test_every_problem_of_a_line_is_told_in_words_and_nothing_of_it_moves_the_terminal() -> None:
    for code in PROBLEMS:
        told = sped_screen._told(compare.unreadable(Problem(1_234, "C100", code, "\x1b[2J")))
        assert told.startswith("line 1,234 C100: ")
        assert "\x1b" not in told
    assert sped_screen._printable("A\x1b[2JÇ\x9b") == "A?[2JÇ?"
