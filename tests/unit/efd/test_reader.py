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


def said(*lines: str) -> list[tuple[int, str]]:
    """What is told of lines that stand behind those of a whole file."""
    return [(problem.line, problem.message) for problem in read(efd_files.file_of(OPENING, lines))[2]]


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
    ("line", "message"),
    [
        (LINE[:70], "does not end with |: it is cut off"),
        (LINE.replace("|" * 4, "|"), "has 18 fields, not 29"),
        ("C100|1|0|", "is no register: 'C100|1|0|'"),
        (LINE.replace(ROW["access_key"], "3526"), "its key '3526' is no access key of 44 characters"),
        (LINE.replace("|55|", "|65|"), f"its key {ROW['access_key']} is not of model 65"),
        (LINE.replace("|55|", "|57|"), "COD_MOD '57' is of no document in C100"),
        (LINE.replace("|1|0|", "|7|0|"), "IND_OPER '7' is neither 0 nor 1"),
        ("|C100|" + "|" * 28, "COD_MOD '' is of no document in C100"),
    ],
)
def test_a_damaged_line_is_told_and_the_next_is_read(line: str, message: str) -> None:
    _, entries, problems = read(efd_files.file_of(OPENING, [line, LINE]))
    assert entries == [SOLD._replace(line=5)]
    assert (problems[0].line, problems[0].message) == (4, message)


@pytest.mark.parametrize(
    ("line", "message", "field"),
    [
        (LINE.replace("1234,56", "1.234,56"), "its value '1.234,56' is no amount such as 1234,56", "vl_doc"),
        (LINE.replace("1234,56", "9" * 5000), f"its value '{'9' * 40}", "vl_doc"),
        (LINE.replace("10032026", "31022026"), "DT_DOC '31022026' is no day such as 31122026", "dt_doc"),
        (LINE.replace("|00|", "|09|"), "COD_SIT '09' is not one of 00 to 08", "cod_sit"),
        (LINE.replace("|7|", "|" + "7" * 5000 + "|"), "NUM_DOC '77777777777777777777' is no number", "num_doc"),
    ],
)
def test_of_a_line_with_one_damaged_field_the_rest_is_read(line: str, message: str, field: str) -> None:
    _, (entry,), (problem,) = read(efd_files.file_of(OPENING, [line]))
    assert entry == SOLD._replace(**{field: None})
    assert problem.message.startswith(message)


def test_a_line_without_an_end_in_sight_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MOST_BYTES", 400)
    assert said("|0450|" + "x" * 2000 + "|", LINE) == [(4, "longer than 400 bytes")]
    assert said("|0450|" + "x" * 394, LINE) == [(4, "longer than 400 bytes")]


def test_a_file_that_is_not_whole_says_so() -> None:
    whole = efd_files.file_of(OPENING, [LINE])
    assert [one.message for one in read(whole[: whole.index(b"|9999|")])[2]] == [
        "the file ends without its last register, 9999: it is not whole"
    ]
    assert [one.message for one in read(whole.replace(b"|9999|6|", b"|9999|60|"))[2]] == [
        "the file says that it has 60 lines; it has 6"
    ]


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
