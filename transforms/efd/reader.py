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
from transforms.language import say, tr

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
    """A line that is damaged, and how. ``register`` is empty where it is not known."""

    line: int
    register: str
    message: str


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
                yield Problem(self.lines, "", say("longer than {bytes:,} bytes", bytes=MOST_BYTES))
                continue
            found = _REGISTER.match(line)
            line = line.rstrip(b"\r\n")
            if found is None:
                if line.strip():
                    yield Problem(self.lines, "", say("is no register: {text}", text=repr(_text(line[:40]))))
                continue
            name = found[1].decode("ascii")
            closed = name == layout.CLOSING
            yield from self._read(name, line)
        if not closed:
            yield Problem(self.lines, "", tr("the file ends without its last register, 9999: it is not whole"))

    def _skip(self) -> None:
        """To the end of a line that is too long."""
        while (rest := self._stream.readline(MOST_BYTES)) and not rest.endswith(b"\n"):
            pass

    def _read(self, name: str, line: bytes) -> Iterator[Entry | Problem]:
        if name not in layout.REGISTERS and name not in layout.CONSOLIDATING and name != layout.CLOSING:
            return
        if not line.endswith(_BAR):
            yield Problem(self.lines, name, tr("does not end with |: it is cut off"))
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
            message = say(
                "the file says that it has {said} lines; it has {lines:,}", said=said or repr(""), lines=self.lines
            )
            yield Problem(self.lines, layout.CLOSING, message)

    def _entry(self, name: str, fields: list[str]) -> Iterator[Entry | Problem]:
        register = layout.REGISTERS[name]
        if len(fields) - 1 < register.least:
            message = say("has {found} fields, not {least}", found=len(fields) - 1, least=register.least)
            yield Problem(self.lines, name, message)
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
        faults = list(_faults(name, texts))
        yield from (Problem(self.lines, name, message) for _, message in faults)
        wrong = {field for field, _ in faults}
        by = {"key"} if texts["key"] else {"key", "num_doc"}
        if not wrong & {"cod_mod", "ind_oper", "ind_emit", *by}:
            self.entries[name] += 1
            yield _entry(self.lines, name, texts, wrong)


def _faults(register: str, texts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Fields that cannot be what they should, with what is wrong in words."""
    model, key = texts["cod_mod"], texts["key"].upper()
    if _REGISTER_OF.get(model) != register:
        yield "cod_mod", say("COD_MOD {text} is of no document in {register}", text=repr(model), register=register)
    for field in ("ind_oper", "ind_emit"):
        if not _SIDE.fullmatch(texts[field]):
            yield field, say("{field} {text} is neither 0 nor 1", field=field.upper(), text=repr(texts[field][:20]))
    if not _SITUATION.fullmatch(texts["cod_sit"]):
        yield "cod_sit", say("COD_SIT {text} is not one of 00 to 08", text=repr(texts["cod_sit"][:20]))
    if key or texts["cod_sit"] != booking.VOIDED:
        if not access_key.SEFAZ.has_form(key):
            yield "key", say("its key {text} is no access key of 44 characters", text=repr(key[:60]))
        elif access_key.model_of(key) != model:
            yield "key", say("its key {key} is not of model {model}", key=key, model=model)
    if not _NUMBER.fullmatch(texts["num_doc"]):
        yield "num_doc", say("NUM_DOC {text} is no number", text=repr(texts["num_doc"][:20]))
    if texts["vl_doc"] and _amount(texts["vl_doc"]) is None:
        yield "vl_doc", say("its value {text} is no amount such as 1234,56", text=repr(texts["vl_doc"][:40]))
    if texts["dt_doc"] and _day(texts["dt_doc"]) is None:
        yield "dt_doc", say("DT_DOC {text} is no day such as 31122026", text=repr(texts["dt_doc"][:20]))


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
