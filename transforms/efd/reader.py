"""A file of the EFD ICMS/IPI as entries, one a document, line by line: its size does not matter.

A line that is damaged is told with its number, and reading goes on. Behind the closing register stands the signature,
which is no text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import BinaryIO, NamedTuple

from transforms import access_key
from transforms.efd import layout
from transforms.errors import AcervoError
from transforms.families import booking
from transforms.language import mark, say, tr

MOST_BYTES = 1 << 20  # of a line
_BAR, _MARK = b"|", b"\xef\xbb\xbf"
_REGISTER = re.compile(rb"\|([0-9A-Z]{4})\|")
_DAY = re.compile(r"(\d{2})(\d{2})(\d{4})")
_AMOUNT = re.compile(r"(\d{1,19})(?:,(\d{1,6}))?")
_NUMBER = re.compile(r"\d{1,9}")
_SIDE = re.compile(r"[01]")
_SITUATION = re.compile(r"0[0-8]")
_DIGITS = {model: one.digits for one in booking.REGISTERS for model in one.models}
_REGISTER_OF = {model: one.name for one in booking.REGISTERS for model in one.models}


# Codes of what is wrong with a line, and what they mean. Codes are stable; where one names a field, the rest is read.
NO_REGISTER, CUT_OFF, TOO_LONG, FIELDS = "no_register", "cut_off", "too_long", "fields_missing"
NOT_WHOLE, LINES, OTHER_MODEL = "not_whole", "lines_differ", "key_of_other_model"
PROBLEMS = {
    NO_REGISTER: mark("is no register: {text}"),
    CUT_OFF: mark("does not end with |: it is cut off"),
    TOO_LONG: mark("is longer than {text} bytes"),
    FIELDS: mark("has too few fields: {text}"),
    NOT_WHOLE: mark("is the last, and not register 9999: the file is not whole"),
    LINES: mark("is the last, and the file says that it has {text} lines"),
    OTHER_MODEL: mark("its key {text} is not of its COD_MOD"),
    "cod_mod": mark("COD_MOD {text} is of no document in this register"),
    "ind_oper": mark("IND_OPER {text} is neither 0 nor 1"),
    "ind_emit": mark("IND_EMIT {text} is neither 0 nor 1"),
    "cod_sit": mark("COD_SIT {text} is not one of 00 to 08"),
    "key": mark("its key {text} is no access key of 44 characters"),
    "num_doc": mark("NUM_DOC {text} is no number"),
    "vl_doc": mark("its value {text} is no amount such as 1234,56"),
    "dt_doc": mark("DT_DOC {text} is no day such as 31122026"),
}
_MOST_TEXT = 60


class FileError(AcervoError):
    """The file is no EFD ICMS/IPI; the message says what it is."""


class Opening(NamedTuple):
    """Whose bookkeeping it is, and of which days. ``company_id``: CNPJ, or CPF."""

    version: str
    purpose: str
    first_day: date
    last_day: date
    name: str
    company_id: str
    uf: str


class Entry(NamedTuple):
    """A document as it is booked. ``key`` is empty for a voided number; None: not said, or it cannot be read."""

    line: int
    register: str
    ind_oper: str
    ind_emit: str
    cod_mod: str
    cod_sit: str | None
    ser: str
    num_doc: int | None
    key: str
    dt_doc: date | None
    vl_doc: Decimal | None


class Problem(NamedTuple):
    """A line that is damaged: the code of what is wrong, and the text that is. ``register`` is empty where unknown."""

    line: int
    register: str
    code: str
    text: str = ""


class Reader:
    """Reads one file, opened as bytes. Iterating gives its entries and problems; then the counts are complete."""

    def __init__(self, stream: BinaryIO) -> None:
        """Raises FileError."""
        self._stream = stream
        self.lines = 1
        self.entries: Counter[str] = Counter()
        """Entries by register."""
        self.papers: Counter[str] = Counter()
        """Documents of models that are not electronic, which no XML tells of."""
        self.consolidated: set[str] = set()
        """Models that are booked many in a line."""
        self.opening = _opening(stream.readline(MOST_BYTES).removeprefix(_MARK))

    def __iter__(self) -> Iterator[Entry | Problem]:
        closed = False
        while not closed and (line := self._stream.readline(MOST_BYTES)):
            self.lines += 1
            whole = line.endswith(b"\n") or len(line) < MOST_BYTES
            if not whole:
                self._skip()
                yield Problem(self.lines, "", TOO_LONG, str(MOST_BYTES))
                continue
            found = _REGISTER.match(line)
            line = line.rstrip(b"\r\n")
            if found is None:
                if line.strip():
                    yield Problem(self.lines, "", NO_REGISTER, _text(line[:_MOST_TEXT]))
                continue
            name = found[1].decode("ascii")
            closed = name == layout.CLOSING
            yield from self._read(name, line)
        if not closed:
            yield Problem(self.lines, "", NOT_WHOLE)

    def _skip(self) -> None:
        """To the end of a line that is too long."""
        while (rest := self._stream.readline(MOST_BYTES)) and not rest.endswith(b"\n"):
            pass

    def _read(self, name: str, line: bytes) -> Iterator[Entry | Problem]:
        if name not in layout.REGISTERS and name not in layout.CONSOLIDATING and name != layout.CLOSING:
            return
        if not line.endswith(_BAR):
            yield Problem(self.lines, name, CUT_OFF)
            return
        fields = _text(line).split(layout.SEPARATOR)[:-1]  # by their numbers: before the first bar is nothing
        if name in layout.CONSOLIDATING:
            self.consolidated.add(fields[layout.CONSOLIDATING[name]].strip() if len(fields) > 2 else "")
        elif name == layout.CLOSING:
            yield from self._close(fields)
        else:
            yield from self._entry(name, fields)

    def _close(self, fields: list[str]) -> Iterator[Problem]:
        said = fields[layout.LINES_OF_CLOSING].strip() if len(fields) > layout.LINES_OF_CLOSING else ""
        if said != str(self.lines):
            yield Problem(self.lines, layout.CLOSING, LINES, said[:_MOST_TEXT])

    def _entry(self, name: str, fields: list[str]) -> Iterator[Entry | Problem]:
        register = layout.REGISTERS[name]
        if len(fields) - 1 < register.least:
            yield Problem(self.lines, name, FIELDS, str(len(fields) - 1))
            return
        texts = {
            field: fields[number].strip() if number < len(fields) else "" for field, number in register.fields.items()
        }
        if register.own:
            texts |= {"ind_oper": "1", "ind_emit": "0"}
        model = texts["cod_mod"]
        if model in register.papers:
            self.papers[model] += 1
            return
        faults = dict(_faults(name, texts))
        yield from (Problem(self.lines, name, code, texts[field][:_MOST_TEXT]) for field, code in faults.items())
        wrong = set(faults)
        by = {"key"} if texts["key"] else {"key", "num_doc"}
        if not wrong & {"cod_mod", "ind_oper", "ind_emit", *by}:
            self.entries[name] += 1
            yield _entry(self.lines, name, texts, wrong)


def _faults(register: str, texts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Fields that cannot be what they should, with the code of what is wrong."""
    model, key = texts["cod_mod"], texts["key"].upper()
    is_right = {
        "cod_mod": _REGISTER_OF.get(model) == register,
        "ind_oper": _SIDE.fullmatch(texts["ind_oper"]),
        "ind_emit": _SIDE.fullmatch(texts["ind_emit"]),
        "cod_sit": _SITUATION.fullmatch(texts["cod_sit"]),
        "key": access_key.SEFAZ.has_form(key) or (not key and texts["cod_sit"] == booking.VOIDED),
        "num_doc": _NUMBER.fullmatch(texts["num_doc"]),
        "vl_doc": not texts["vl_doc"] or _amount(texts["vl_doc"]) is not None,
        "dt_doc": not texts["dt_doc"] or _day(texts["dt_doc"]) is not None,
    }
    yield from ((field, field) for field, right in is_right.items() if not right)
    if key and is_right["key"] and is_right["cod_mod"] and access_key.model_of(key) != model:
        yield "key", OTHER_MODEL


def _entry(line: int, register: str, texts: dict[str, str], wrong: set[str]) -> Entry:
    model = texts["cod_mod"]
    return Entry(
        line,
        register,
        texts["ind_oper"],
        texts["ind_emit"],
        model,
        None if "cod_sit" in wrong else texts["cod_sit"],
        texts["ser"].zfill(_DIGITS[model]),
        None if "num_doc" in wrong else int(texts["num_doc"]),
        texts["key"].upper(),
        _day(texts["dt_doc"]),
        _amount(texts["vl_doc"]),
    )


def _opening(line: bytes) -> Opening:
    fields = _text(line.rstrip(b"\r\n")).split(layout.SEPARATOR)
    if not line.startswith(b"|0000|") or len(fields) < 3:
        raise FileError(
            say("is no file of SPED: it begins with {text} and not with |0000|", text=repr(_text(line[:20].strip())))
        )
    if (book := layout.OTHER_BOOKS.get(fields[2])) is not None:
        raise FileError(say("is an {book}; only the EFD ICMS/IPI books documents", book=book))
    texts = {name: fields[number].strip() if number < len(fields) else "" for name, number in layout.OPENING.items()}
    first, last = _day(texts["first_day"]), _day(texts["last_day"])
    if first is None or last is None:
        others = (fields[number] if number < len(fields) else "" for number in layout.CONTRIBUTIONS.values())
        if all(_day(text) for text in others):
            raise FileError(tr("is an EFD-Contribuições; the EFD ICMS/IPI is meant"))
        raise FileError(tr("is damaged: its first register, 0000, names no period"))
    company_id = (texts["cnpj"] or texts["cpf"]).upper()
    if not company_id.isalnum() or len(company_id) not in (11, 14):
        raise FileError(tr("is damaged: its first register, 0000, names neither CNPJ nor CPF"))
    return Opening(texts["version"], texts["purpose"], first, last, texts["name"], company_id, texts["uf"])


def _text(line: bytes) -> str:
    return line.decode(layout.ENCODING)


def _day(text: str) -> date | None:
    found = _DAY.fullmatch(text)
    try:
        return date(int(found[3]), int(found[2]), int(found[1])) if found else None
    except ValueError:
        return None


def _amount(text: str) -> Decimal | None:
    found = _AMOUNT.fullmatch(text)
    return Decimal(f"{found[1]}.{found[2] or 0}") if found else None
