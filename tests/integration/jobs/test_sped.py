"""A file of the EFD that books a generated archive, compared with it: each seeded difference is found, and no other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from local.stack.discover import LOCAL_PROJECT
from pipelines import sped
from tests import efd_files, views_world
from tests.integration.jobs.stores import Stores
from transforms.efd import compare

Row = dict[str, Any]
OUTSIDER = "11222333000181"
# A complement would be 07; the booking of a cancelled document that comes late is 03.
LATE = {"00": "01", "02": "03"}
FIRST, LAST = date(2024, 1, 1), date(2026, 12, 31)


@dataclass
class Stored:
    """The stores, what companies book of them, and the companies: one file books for all."""

    stores: Stores
    rows: list[Row]
    companies: list[str]

    def compared(self, file: Path, *more: str, without: Collection[str] = ()) -> int:
        others = [company for company in self.companies[1:] if company not in without]
        places = ["--project", LOCAL_PROJECT, "--dataset", self.stores.name]
        return sped.main(["--file", str(file), "--companies", ",".join(others), *places, *more])

    def write(self, file: Path, lines: list[str], **more: Any) -> Path:
        file.write_bytes(efd_files.file_of(efd_files.opening(self.companies[0], FIRST, LAST), lines, **more))
        return file


@pytest.fixture(scope="module")
def stored(running_stack: object, documents: Path) -> Stored:
    stores = Stores("jobs_sped")
    stores.create()
    stores.backfill(documents)
    rows = stores.query("SELECT * FROM sped_documents WHERE environment = 1 ORDER BY access_key, ind_emit, num_doc")
    return Stored(stores, rows, sorted({row["company_id"] for row in rows}))


def bookable(row: Row) -> bool:
    return row["booking"] != "must_not" and row["access_key"] is not None


def test_a_file_that_books_all_differs_in_nothing(
    stored: Stored, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what was issued before the period, what is booked late, and one of two parties that are compared at once."""
    monkeypatch.setattr(sped, "CHUNK", 40)
    booked = [row for row in stored.rows if bookable(row)]
    assert {row["register"] for row in booked} == {"C100", "C500", "C800", "D100"}
    assert {row["cod_sit"] for row in booked} >= {"00", "02"}
    before = [row for row in booked if row["dt_doc"] and row["dt_doc"] < FIRST]
    assert len(before) > sped.CHUNK
    lines = [efd_files.line_of(row | {"cod_sit": LATE.get(row["cod_sit"], row["cod_sit"])}) for row in booked[::2]]
    lines += [efd_files.line_of(row) for row in booked[1::2]]
    file = stored.write(tmp_path / "EFD.txt", lines, signature=b"SBRCAAEPDR0\x00\x01")
    assert stored.compared(file) == 0
    told = capsys.readouterr().out
    assert f"{len(booked)} documents (C100" in told and "No differences to the" in told


def test_each_seeded_difference_is_found_and_no_other(
    stored: Stored, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = Counter(row["access_key"] for row in stored.rows)
    own = stored.companies[0]
    # Two companies are left out: of one a summary is known, and the file books a sale of the other.
    (summary, *_) = stored.stores.query(
        "SELECT access_key, issuer_id FROM keys_known_by_summary WHERE model = '55' AND known_by = 'summary'"
    )
    foreign = next(
        row for row in stored.rows
        if row["cod_mod"] == "65" and bookable(row) and row["company_id"] not in (own, summary["issuer_id"])
    )  # fmt: skip
    left_out = {summary["issuer_id"], foreign["company_id"]}
    rows = [row for row in stored.rows if row["company_id"] not in left_out]
    changed: dict[tuple[str, str], Row | None] = {}
    expected: Counter[tuple[str, str | None]] = Counter()
    taken: set[str] = set()

    def take(wanted: Callable[[Row], bool]) -> Row:
        """A row of the period that must be booked, or as wanted, each once."""
        of_period = (row for row in rows if row["access_key"] and row["dt_doc"] and row["dt_doc"] >= FIRST)
        found = next(row for row in of_period if row["access_key"] not in taken and wanted(row))
        taken.add(found["access_key"])
        return found

    def seed(kind: str, wanted: Callable[[Row], bool], **values: Any) -> None:
        row = take(wanted)
        expected[kind, row["access_key"]] += 1
        changed[row["access_key"], row["ind_emit"]] = row | values if values else None

    def must(row: Row, situation: str, **values: str) -> bool:
        return row["booking"] == "must" and row["cod_sit"] == situation and values.items() <= row.items()

    seed("issued_not_in_file", lambda row: must(row, "00", ind_emit="0"))
    seed("received_not_in_file", lambda row: must(row, "00", ind_emit="1", register="D100"))
    seed("vl_doc_differs", lambda row: must(row, "00"), vl_doc=Decimal("0.01"))
    seed("cod_sit_differs", lambda row: must(row, "02"), cod_sit="00", vl_doc=Decimal("5.00"))
    seed("cod_sit_differs", lambda row: must(row, "00", register="D100"), cod_sit="02")
    alone = {key for key, number in sides.items() if number == 1}
    seed("side_differs", lambda row: must(row, "00") and row["access_key"] in alone, ind_oper="0", ind_emit="1")
    seed("must_not_be_booked", lambda row: row["cod_sit"] is None and row["access_key"] in alone, cod_sit="00")
    lines = []
    for row in rows:
        place = row["access_key"], row["ind_emit"]
        if place in changed:
            lines += [efd_files.line_of(booked) for booked in [changed[place]] if booked is not None]
        elif bookable(row) and (row["booking"] == "must" or row["num_doc"] % 2):
            lines.append(efd_files.line_of(row))

    def add(kind: str, row: Row, **values: Any) -> None:
        lines.append(efd_files.line_of(row | values))
        expected[kind, (row | values)["access_key"]] += 1

    sale = take(lambda row: must(row, "00", register="C100", cod_mod="55", ind_emit="0"))
    voided = next(row for row in rows if row["access_key"] is None)
    issued = next(row for row in rows if bookable(row) and row["company_id"] == own and row["ind_emit"] == "0")
    add("repeated", sale)
    add("not_here", sale, access_key=views_world.key_of(number=4711, issuer=OUTSIDER), num_doc=4711)
    add("not_here", sale, access_key=None, cod_sit="05", num_doc=999_999_999)
    add("cod_sit_differs", issued, access_key=None, cod_sit="05")
    add("must_not_be_booked", voided)
    add("of_others", foreign)
    add("no_document_here", sale, access_key=summary["access_key"], ind_oper="0", ind_emit="1")
    lines.append("|C100|1|0|torn")
    expected["unreadable", None] += 1
    # A sale that is in a line of a device's day, and cannot be told from it.
    sold = take(lambda row: must(row, "00", register="C800"))
    lines.remove(efd_files.line_of(sold))
    lines.append(f"|C860|59|{sold['ser']}|{sold['dt_doc']:%d%m%Y}|{sold['num_doc']}|{sold['num_doc']}|")
    file, out = stored.write(tmp_path / "EFD.txt", lines), tmp_path / "differences.jsonl"

    assert stored.compared(file, "--out", str(out), "--lang", "pt", without=left_out) == 1
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert Counter((one["kind"], one["access_key"]) for one in found) == expected
    told = capsys.readouterr().out
    assert f"{expected.total()} diferenças" in told
    assert "de forma consolidada: 1 documentos daqui, dos modelos 59" in " ".join(told.split())
    assert {kind for kind, _ in expected} == set(compare.KINDS)
    assert all(kind in told for kind in compare.KINDS)
