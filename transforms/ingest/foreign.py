"""Files that are no fiscal XML and hold none: what each is, so that they are not taken for damaged XML.

A kind is a row here: its code, what people are told, and how it is known. Names are asked only where the content alone
does not tell (a table as text, an old Office file).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from transforms.language import mark

PDF = "pdf_file"
SPREADSHEET = "spreadsheet_file"
OFFICE = "office_file"
IMAGE = "image_file"
TEXT_TABLE = "text_table_file"
OUTLOOK_MESSAGE = "outlook_message"
PROGRAM = "program_file"

CODES: dict[str, str] = {
    PDF: mark("a PDF, such as a DANFE; the XML that it shows is another file"),
    SPREADSHEET: mark("a spreadsheet"),
    OFFICE: mark("an office file"),
    IMAGE: mark("an image"),
    TEXT_TABLE: mark("a table as text: CSV, SPED or a bank's statement"),
    OUTLOOK_MESSAGE: mark("an Outlook message, which is not read; save it as .eml and send that"),
    PROGRAM: mark("a program, or a shortcut to one"),
}


class _Rule(NamedTuple):
    code: str
    begins: re.Pattern[bytes]
    named: tuple[str, ...] = ()


def _rule(code: str, begins: bytes, *named: str) -> _Rule:
    return _Rule(code, re.compile(begins, re.DOTALL), named)


_OLE = rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ODF = rb"PK\x03\x04.{26}mimetype.{0,64}?application/vnd\.(?:oasis\.opendocument|sun\.xml)\."
# The first that fits decides.
_RULES = (
    _rule(PDF, rb"\s*%PDF-"),
    _rule(IMAGE, rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|II\*\0|MM\0\*|RIFF.{4}WEBP|BM.{4}\0\0\0\0"),
    _rule(IMAGE, rb".{4}ftyp(?:heic|heix|mif1|avif)"),
    _rule(SPREADSHEET, _OLE, ".xls", ".xlt", ".xla", ".xlsb", ".xlsx"),
    _rule(OUTLOOK_MESSAGE, _OLE, ".msg"),
    _rule(OFFICE, _OLE),
    _rule(SPREADSHEET, _ODF + rb"(?:spreadsheet|calc)"),
    _rule(OFFICE, _ODF),
    _rule(OFFICE, rb"\{\\rtf"),
    _rule(TEXT_TABLE, rb"\|0000\||OFXHEADER"),
    _rule(PROGRAM, rb"L\0\0\0\x01\x14\x02\0"),
    _rule(PROGRAM, rb"MZ", ".exe", ".dll", ".msi", ".scr"),
    _rule(TEXT_TABLE, rb"[^\0]+\Z", ".csv", ".tsv"),
)


def code_of(head: bytes, name: str) -> str | None:
    """The code of a file that begins with ``head``, which is no XML, and has this name; None where nothing tells."""
    lowered = name.lower()
    for rule in _RULES:
        if (not rule.named or lowered.endswith(rule.named)) and rule.begins.match(head):
            return rule.code
    return None


def why_not(head: bytes, name: str) -> tuple[str, str]:
    """Code and message of a file whose code is not None."""
    code = code_of(head, name)
    assert code
    return code, message(code)


def message(code: str) -> str:
    """What people are told of it."""
    return f"it is {CODES[code]}; no fiscal XML is in it"
