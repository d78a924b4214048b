"""Which records of a stored row are read again, and what the parser makes of them. Pure, except for fetching the
XML."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from transforms.errors import AcervoError
from transforms.language import mark, say, tr
from transforms.model import Entry, RawDocument, Record, record_id_of
from transforms.parse import codes
from transforms.parse.parser import DEFAULTS, ParseOptions, parse
from transforms.parse.registry import LAYOUTS
from transforms.truth import rows
from transforms.truth.codec import Codec
from transforms.truth.reparse import stored_entries
from transforms.truth.rows import Cells

# What documents are in that say UTF-8 and are not. It has all that ISO-8859-1 has, and letters besides.
_FALLBACK_ENCODING = "windows-1252"

FindXml = Callable[[], Mapping[bytes, bytes]]


class ChoiceError(AcervoError, ValueError):
    """A choice of records that can take none; the message says why."""


class Choice(NamedTuple):
    """Which records of the selected keys are read again: those of layouts, with findings, and read by a parser older
    than ``older_than``. Nothing given: all."""

    layouts: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    older_than: int = 0

    def check(self) -> Choice:
        """The choice itself. Raises ChoiceError for layouts and findings that do not exist."""
        _check(self.layouts, LAYOUTS, mark("{name!r} is not a layout; the layouts are: {known}"))
        _check(self.findings, codes.FINDINGS, mark("{name!r} is not a finding; the findings are: {known}"))
        if self.older_than < 0:
            raise ChoiceError(tr("parsers are numbered from 1: give one of their numbers with --older_than"))
        return self

    @property
    def needs_most_xml(self) -> bool:
        """Whether the XML of most rows is read: then it is read with the row."""
        return not (self.layouts or self.findings)

    def takes(self, stored: Entry, parser: int) -> bool:
        """Whether a record is chosen, given the number of the parser that read it last."""
        return (
            (not self.layouts or stored.layout in self.layouts)
            and (not self.findings or any(code in self.findings for code in stored.findings))
            and (not self.older_than or parser < self.older_than)
        )


def _check(given: Iterable[str], known: Collection[str], refusal: str) -> None:
    for name in given:
        if name not in known:
            raise ChoiceError(say(refusal, name=name, known=", ".join(sorted(known))))


class ReadAgain(NamedTuple):
    """What was made of a row: of each record chosen its reading, None where it gives none any more; records inside of
    them that the row does not hold, with origins below ``#``; and records whose XML cannot be read, with the reason."""

    readings: dict[str, Entry | None]
    found: tuple[Record, ...]
    damaged: tuple[str, ...]


def read_again(codec: Codec, key: str, cells: Cells, choice: Choice, find_xml: FindXml) -> ReadAgain:
    """Reads the chosen records of a row. ``find_xml`` gives the stored XML by record, and is asked if any is chosen."""
    chosen = _chosen(codec, key, cells, choice)
    known = {qualifier.hex() for qualifier in cells.get(rows.FIELDS, {})}
    stored_xml = find_xml() if chosen else {}
    readings: dict[str, Entry | None] = {}
    found: list[Record] = []
    damaged: list[str] = []
    for stored in chosen:
        name = stored.record_id
        try:
            xml = codec.decode_xml(stored_xml[bytes.fromhex(name)])
        except (KeyError, AcervoError) as error:
            damaged.append(f"{name}: {error!r}")
            continue
        if record_id_of(xml) != name:
            damaged.append(f"{name}: the XML is not what was stored")
            continue
        records = _records(xml, stored)
        readings[name] = next((one.entry for one in records if _is(one.entry, stored)), None)
        found += _inside(codec, key, cells, name, [one for one in records if one.entry.record_id not in known])
    return ReadAgain(readings, tuple(found), tuple(damaged))


def _chosen(codec: Codec, key: str, cells: Cells, choice: Choice) -> list[Entry]:
    stored = [one.entry for one in stored_entries(codec, key, cells)]
    if not choice.older_than:
        return [one for one in stored if choice.takes(one, one.parser)]
    by = rows.read_by(cells)
    covered = _applied_until(codec, key, cells, by.revision)
    return [one for one in stored if choice.takes(one, max(one.parser, by.parser if one.record_id in covered else 0))]


def _applied_until(codec: Codec, key: str, cells: Cells, revision: int) -> Collection[str]:
    """Records of the row that were there at a revision."""
    changes = rows.decode_changes(codec, key, cells)
    return {change.record_id for change in changes if change.revision <= revision}


def _records(xml: bytes, stored: Entry) -> list[Record]:
    """The records in an XML. Limits and strictness do not apply: it was accepted when it came."""
    raw = RawDocument(xml, "", 0)
    options = DEFAULTS._replace(max_bytes=max(len(xml), DEFAULTS.max_bytes))
    found = _parsed(raw, options)
    if not found and codes.ENCODING_MISMATCH in stored.findings:
        found = _parsed(raw, options._replace(fallback_encoding=_FALLBACK_ENCODING))
    return found


def _parsed(raw: RawDocument, options: ParseOptions) -> list[Record]:
    return [one for one in parse(raw, options) if isinstance(one, Record)]


def _inside(codec: Codec, key: str, cells: Cells, container: str, found: list[Record]) -> Iterator[Record]:
    """Records found inside of one that is stored, as if they had come with it."""
    if found:
        changes = rows.decode_changes(codec, key, cells)
        first = next(one for one in changes if one.record_id == container and not one.cause)
        for record in found:
            raw = record.raw._replace(origin=f"{first.origin}{record.raw.origin}", received_at=first.received_at)
            yield record._replace(raw=raw)


def _is(read: Entry, stored: Entry) -> bool:
    return (read.record_id, read.kind, read.key) == (stored.record_id, stored.kind, stored.key)
