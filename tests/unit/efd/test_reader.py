"""Files of the EFD are read line by line; what is damaged is told, and nothing else is lost."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests import efd_files, views_world
from transforms.efd import layout, reader
from transforms.efd.reader import Entry, FileError, Problem, Reader

COMPANY = "11222333000181"
OPENING = efd_files.opening(COMPANY, date(2026, 3, 1), date(2026, 3, 31))
ROW: dict[str, Any] = {
    "register": "C100", "ind_oper": "1", "ind_emit": "0", "cod_mod": "55", "cod_sit": "00", "ser": "001", "num_doc": 7,
    "access_key": views_world.key_of(number=7), "dt_doc": date(2026, 3, 10), "vl_doc": Decimal("1234.56"),
}  # fmt: skip
LINE = efd_files.line_of(ROW)
SOLD = Entry(4, "C100", "1", "0", "55", "00", "001", 7, ROW["access_key"], date(2026, 3, 10), Decimal("1234.56"))


def read(data: bytes) -> tuple[Reader, list[Entry], list[Problem]]:
    made = Reader(io.BytesIO(data))
    found = list(made)
    return made, [one for one in found if isinstance(one, Entry)], [one for one in found if isinstance(one, Problem)]


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("signature", [b"", b"SBRCAAEPDR0\x00\xff\n|C100|\n\xfe" * 100], ids=["unsigned", "signed"])
def test_a_file_is_its_opening_and_its_entries(end: str, signature: bytes) -> None:
    made, entries, problems = read(efd_files.file_of(OPENING, [LINE], end=end, signature=signature))
    assert made.opening == reader.Opening(
        "019", "0", date(2026, 3, 1), date(2026, 3, 31), "EMPRESA DE AÇO LTDA", COMPANY, "SP"
    )
    assert (entries, problems, made.lines, dict(made.entries)) == ([SOLD], [], 6, {"C100": 1})


@pytest.mark.parametrize("model", ["55", "65", "66", "59", "57", "63", "67", "62"])
def test_every_register_is_read_by_its_own_layout(model: str) -> None:
    (name,) = {one.name for one in reader.booking.REGISTERS if model in one.models}
    ser = "000012345" if model == "59" else "001"
    key = "35260311222333000181590000123450000071234560" if model == "59" else views_world.key_of(model, 7)
    row = ROW | {"register": name, "cod_mod": model, "access_key": key, "ser": ser}
    _, (entry,), problems = read(efd_files.file_of(OPENING, [efd_files.line_of(row)]))
    assert entry == SOLD._replace(register=name, cod_mod=model, key=key, ser=ser)
    assert problems == []


def test_fields_of_registers_stand_where_the_guide_has_them() -> None:
    line = "|D100|0|1|P1|57|00|1||55|" + views_world.key_of("57", 55) + "|05032026|06032026|0||1000,00|" + "|" * 8
    _, (entry,), _ = read(efd_files.file_of(OPENING, [line + "3550308|3304557|"]))
    assert entry[1:8] == ("D100", "0", "1", "57", "00", "001", 55)
    assert (entry.dt_doc, entry.vl_doc) == (date(2026, 3, 5), Decimal("1000.00"))
    sale = "|C800|59|02|7||||||000012345|35260311222333000181590000123450000071234560|||||||"
    _, (entry,), _ = read(efd_files.file_of(OPENING, [sale]))
    assert (entry.ind_emit, entry.cod_sit, entry.ser, entry.num_doc) == ("0", "02", "000012345", 7)


def test_a_voided_number_has_no_key_and_what_is_on_paper_is_counted() -> None:
    voided = efd_files.line_of(ROW | {"cod_sit": "05", "access_key": None})
    paper = efd_files.line_of(ROW | {"cod_mod": "01", "access_key": None})
    made, (entry,), problems = read(efd_files.file_of(OPENING, [voided, paper, paper, "|D750|62|001|"]))
    assert entry == SOLD._replace(cod_sit="05", key="", dt_doc=None, vl_doc=None)
    assert (dict(made.papers), made.consolidated, problems) == ({"01": 2}, {"62"}, [])


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        (LINE[:70], "cut_off", ""),
        (LINE.replace("|" * 4, "|"), "fields_missing", "18"),
        ("C100|1|0|", "no_register", "C100|1|0|"),
        (LINE.replace(ROW["access_key"], "3526"), "key", "3526"),
        (LINE.replace(ROW["access_key"], ""), "key", ""),
        (LINE.replace("|55|", "|65|"), "key_of_other_model", ROW["access_key"]),
        (LINE.replace("|55|", "|57|"), "cod_mod", "57"),
        (LINE.replace("|55|", "||"), "cod_mod", ""),
        (LINE.replace("|1|0|", "|7|0|"), "ind_oper", "7"),
        (LINE.replace("|1|0|", "|1||"), "ind_emit", ""),
    ],
)
def test_a_damaged_line_is_told_and_the_next_is_read(line: str, code: str, text: str) -> None:
    _, entries, (problem,) = read(efd_files.file_of(OPENING, [line, LINE]))
    assert entries == [SOLD._replace(line=5)]
    assert problem == Problem(4, "" if code == "no_register" else "C100", code, text)


@pytest.mark.parametrize(
    ("line", "field", "text"),
    [
        (LINE.replace("1234,56", "1.234,56"), "vl_doc", "1.234,56"),
        (LINE.replace("1234,56", "9" * 5000), "vl_doc", "9" * 60),
        (LINE.replace("10032026", "31022026"), "dt_doc", "31022026"),
        (LINE.replace("|00|", "|09|"), "cod_sit", "09"),
        (LINE.replace("|7|", f"|{'7' * 5000}|"), "num_doc", "7" * 60),
    ],
)
def test_of_a_line_with_one_damaged_field_the_rest_is_read(line: str, field: str, text: str) -> None:
    _, (entry,), problems = read(efd_files.file_of(OPENING, [line]))
    assert entry == SOLD._replace(**{field: None})
    assert problems == [Problem(4, "C100", field, text)]


def test_a_line_without_an_end_in_sight_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MOST_BYTES", 400)
    for line in ("|0450|" + "x" * 2000 + "|", "|0450|" + "x" * 394):
        _, entries, problems = read(efd_files.file_of(OPENING, [line, LINE]))
        assert entries == [SOLD._replace(line=5)]
        assert problems == [Problem(4, "", "too_long", "400")]


def test_a_file_that_is_not_whole_says_so() -> None:
    whole = efd_files.file_of(OPENING, [LINE])
    assert read(whole[: whole.index(b"|9999|")])[2] == [Problem(5, "", "not_whole")]
    assert read(whole.replace(b"|9999|6|", b"|9999|60|"))[2] == [Problem(6, "9999", "lines_differ", "60")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no file of SPED"),
        (b"%PDF-1.7\n", "is no file of SPED: it begins with '%PDF-1.7'"),
        (b"PK\x03\x04", "is no file of SPED"),
        (b"|0000|006|0|||01032026|31032026|A|11222333000181|SP|3550308||00|2|\r\n", "is an EFD-Contribui"),
        (b"|0000|LECD|01012026|31122026|A|11222333000181|SP|\r\n", "is an ECD"),
        (b"|0000|LECF|0011|11222333000181|\r\n", "is an ECF"),
        (b"|0000|019|0|99032026|31032026|A|11222333000181||SP|\r\n", "names no period"),
        (b"|0000|019|0|01032026|31032026|A|||SP|\r\n", "names neither CNPJ nor CPF"),
    ],
)
def test_what_is_no_efd_is_refused_by_its_name(data: bytes, message: str) -> None:
    with pytest.raises(FileError, match=message):
        Reader(io.BytesIO(data))


def test_a_mark_of_utf_8_before_the_opening_is_nothing() -> None:
    assert read(b"\xef\xbb\xbf" + efd_files.file_of(OPENING, [LINE]))[1] == [SOLD]


def test_no_register_has_a_field_beyond_its_line() -> None:
    for name, register in layout.REGISTERS.items():
        later = {"key"} if name == "C500" else set()
        assert all(number <= register.least for field, number in register.fields.items() if field not in later), name
        assert len(set(register.fields.values())) == len(register.fields)
