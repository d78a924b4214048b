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
WEB_PAGE = "web_page"
TEXT = "text_file"
CERTIFICATE = "certificate_file"
MEDIA = "media_file"
DATABASE = "database_file"

CODES: dict[str, str] = {
    PDF: mark("a PDF, such as a DANFE; the XML that it shows is another file"),
    SPREADSHEET: mark("a spreadsheet"),
    OFFICE: mark("an office file"),
    IMAGE: mark("an image"),
    TEXT_TABLE: mark("a table as text: CSV, SPED or a bank's statement"),
    OUTLOOK_MESSAGE: mark("an Outlook message, which is not read; save it as .eml and send that"),
    PROGRAM: mark("a program, or a shortcut to one"),
    WEB_PAGE: mark("a web page, such as a service's error page saved in the place of the XML"),
    TEXT: mark("a text without XML"),
    CERTIFICATE: mark("a certificate or a key"),
    MEDIA: mark("a sound or a film"),
    DATABASE: mark("a database"),
}


class _Rule(NamedTuple):
    code: str
    begins: re.Pattern[bytes]
    named: tuple[str, ...] = ()


def _rule(code: str, begins: bytes, *named: str) -> _Rule:
    return _Rule(code, re.compile(begins, re.DOTALL), named)


_OLE = rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ODF = rb"PK\x03\x04.{26}mimetype.{0,64}?application/vnd\.(?:oasis\.opendocument|sun\.xml)\."
_TEXT_NAMES = (
    ".txt", ".md", ".log", ".vcf", ".ics", ".ini", ".cfg", ".sql", ".sh", ".bat", ".py", ".url", ".yaml", ".yml",
)  # fmt: skip
# The first that fits decides.
_RULES = (
    _rule(PDF, rb"(?:\xef\xbb\xbf)?\s*%PDF-"),
    _rule(IMAGE, rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|II\*\0|MM\0\*|RIFF.{4}WEBP|BM.{4}\0\0\0\0"),
    _rule(IMAGE, rb".{4}ftyp(?:heic|heix|mif1|avif)"),
    _rule(MEDIA, rb".{4}ftyp|ID3[\x02-\x04]|OggS\0|RIFF.{4}(?:WAVE|AVI )|\x1aE\xdf\xa3"),
    _rule(DATABASE, rb"SQLite format 3\0|.{4}Standard (?:Jet|ACE) DB"),
    _rule(DATABASE, rb"[\x03\x30\x83\x8b\xf5].[\x01-\x0c][\x01-\x1f]", ".dbf"),
    _rule(SPREADSHEET, _OLE, ".xls", ".xlt", ".xla", ".xlsb", ".xlsx"),
    _rule(OUTLOOK_MESSAGE, _OLE, ".msg"),
    # TNEF, winmail.dat: MS-OXTNEF 2.1.3.1.
    _rule(OUTLOOK_MESSAGE, rb"\x78\x9f\x3e\x22"),
    _rule(OFFICE, _OLE),
    _rule(SPREADSHEET, _ODF + rb"(?:spreadsheet|calc)"),
    _rule(OFFICE, _ODF),
    _rule(OFFICE, rb"\{\\rtf"),
    _rule(TEXT_TABLE, rb"\|0000\||OFXHEADER"),
    _rule(PROGRAM, rb"L\0\0\0\x01\x14\x02\0"),
    _rule(PROGRAM, rb"MZ", ".exe", ".dll", ".msi", ".scr"),
    _rule(TEXT_TABLE, rb"[^\0]+\Z", ".csv", ".tsv"),
    _rule(TEXT_TABLE, rb"\xff\xfe[^<]|\xfe\xff\0[^<]", ".csv", ".tsv"),
    _rule(CERTIFICATE, rb"\xfe\xed\xfe\xed|-----BEGIN [A-Z ]*(?:CERTIFICATE|KEY)"),
    _rule(CERTIFICATE, rb"0[\x80-\x84]", ".pfx", ".p12", ".cer", ".crt", ".der"),
    _rule(TEXT, rb"[^\0<]+\Z|\xff\xfe[^<]|\xfe\xff\0[^<]", *_TEXT_NAMES),
)
# Roots that no fiscal message has, behind a prolog. Looked for in what looks like XML.
_ROOTS = (
    (WEB_PAGE, re.compile(rb"[\xef\xbb\xbf\s]*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)),
    (IMAGE, re.compile(rb"[\xef\xbb\xbf\s]*(?:<\?xml[^>]*>\s*)?(?:<!doctype\s+svg[^>]*>\s*)?<svg[\s>]", re.IGNORECASE)),
)
_LOOKED_AT = 512


def code_of(head: bytes, name: str) -> str | None:
    """The code of a file that begins with ``head``, which is no XML, and has this name; None where nothing tells."""
    lowered = name.lower()
    for rule in _RULES:
        if (not rule.named or lowered.endswith(rule.named)) and rule.begins.match(head):
            return rule.code
    return None


def code_of_markup(head: bytes) -> str | None:
    """The code of a file that looks like XML and is a web page or an image; None for all else."""
    begin = head[:_LOOKED_AT].lower()
    if b"html" not in begin and b"<svg" not in begin:
        return None
    return next((code for code, root in _ROOTS if root.match(begin)), None)


def why_not(head: bytes, name: str) -> tuple[str, str]:
    """Code and message of a file whose code is not None."""
    code = code_of_markup(head) or code_of(head, name)
    assert code
    return code, message(code)


def message(code: str) -> str:
    """What people are told of it."""
    return f"it is {CODES[code]}; no fiscal XML is in it"
