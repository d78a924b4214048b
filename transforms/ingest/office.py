"""Modern office files are zip archives: telling them from archives of documents."""

from __future__ import annotations

from itertools import islice

from transforms.ingest import zips
from transforms.ingest.foreign import OFFICE, SPREADSHEET
from transforms.ingest.limits import Unreadable
from transforms.ingest.streams import Seekable

# What every one has, and what their archives begin with.
_TYPES = "[Content_Types].xml"
_RELATIONS = "_rels/.rels"
_BEGINS = (_TYPES, "_rels/", "docProps/", "xl/", "word/", "ppt/", "customXml/")
_BEGINS_RAW = tuple(name.encode() for name in _BEGINS)
# An office file has some dozens; one with thousands has pictures behind the parts that tell what it is.
_LOOKED_AT = 10_000


def code_of(head: bytes, file: Seekable) -> str | None:
    """The code of an office file, by the names of its entries; None for other zip archives. One that is cut is told by
    the entry that begins it. ``head``: of the file, asked first, so that few archives are looked through twice."""
    try:
        directory = zips.find_directory(file)
        return _code_by_names([entry.name for entry in islice(zips.entries(file, directory), _LOOKED_AT)])
    except Unreadable:
        return OFFICE if head.startswith(_BEGINS_RAW[0], zips.LOCAL.size) else None


def may_be_office(head: bytes) -> bool:
    """Whether a zip archive with this beginning may be an office file, so that its names should be checked."""
    return head.startswith(_BEGINS_RAW, zips.LOCAL.size)


def _code_by_names(names: list[str]) -> str | None:
    """Other archives lack one of the two names, or have more: an archive of invoices is never taken for an office
    file."""
    if _TYPES not in names or _RELATIONS not in names:
        return None
    if any("/" not in name and name != _TYPES for name in names):
        return None
    return SPREADSHEET if any(name.startswith("xl/") for name in names) else OFFICE
