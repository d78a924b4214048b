"""From a file to the documents in it: archives within archives, compressed files, many documents in one file.

What a file is, its content says; its name decides only where the content does not. Nothing is written where an entry
names it, nothing is held in memory beyond the limit of one document, and every file in an archive becomes a
RawDocument or a DeadLetter (directories are no files, an archive without entries has none).

Origins: ``<file>#<entry>`` for an entry, ``<file>#<archive>#<entry>`` deeper down; an entry whose name an earlier one
had gets an ordinal, ``<file>#x.xml~2``; a compressed single file is its own origin, ``x.xml.gz``, because it holds one
input and the name inside is often missing or wrong; of many documents in one file each has the byte where it begins,
``<file>#@1024``. An attachment of an e-mail is ``<mail>#<attachment>``, a mail of a mailbox ``<mailbox>#@<byte>``; what
a signed container holds has the container's origin.

What is no fiscal XML and holds none is a dead letter that says what it is (``foreign``), an office file one and not its
parts; files of systems (``litter``) are told to ``on_litter`` and are nothing else.

A dead letter holds the bytes as received: of a damaged archive the archive's, of an encrypted or damaged entry those
in the archive, compressed as they are; where that is more than one document may have, the beginning.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from email.message import Message
from typing import BinaryIO

from transforms.ingest import foreign, mail, office, signed, sniff, split, tars, zips
from transforms.ingest.limits import (
    ARCHIVE_TOO_DEEP,
    CORRUPT_ARCHIVE,
    DEFAULT,
    ENCRYPTED_ENTRY,
    ENTRY_TOO_LARGE,
    MAIL_WITHOUT_ATTACHMENT,
    STAGE,
    UNSAFE_ENTRY_NAME,
    UNSAFE_ENTRY_TYPE,
    ZIP_BOMB,
    Budget,
    ExpansionExceeded,
    Limits,
    Refused,
)
from transforms.ingest.names import EntryNames, why_unsafe
from transforms.ingest.salvage import entries_by_their_headers
from transforms.ingest.sniff import Kind
from transforms.ingest.spool import Held
from transforms.ingest.streams import (
    CHUNK,
    Decompressed,
    Prefixed,
    Reader,
    Seekable,
    Source,
    Window,
    read_up_to,
    read_what_comes,
)
from transforms.model import DeadLetter, RawDocument

Outcome = RawDocument | DeadLetter


def uncounted() -> None:
    """For those who do not count system files."""


def expand(
    stream: BinaryIO,
    origin: str,
    received_at: int,
    limits: Limits = DEFAULT,
    on_litter: Callable[[], None] = uncounted,
) -> Iterator[Outcome]:
    """The documents in one file, which may or may not be seekable, and what could not be read of it.

    ``received_at`` is the file's own time (micros), never the time of reading. Raises what the stream raises when
    reading it fails (OSError); what is wrong with its content becomes dead letters.
    """
    yield from Expansion(received_at, limits, on_litter).file(stream, origin)


def expand_bytes(
    payload: bytes,
    origin: str,
    received_at: int,
    limits: Limits = DEFAULT,
    on_litter: Callable[[], None] = uncounted,
) -> Iterator[Outcome]:
    """The documents in one message or row: itself, or what it holds when it is an archive."""
    yield from Expansion(received_at, limits, on_litter).file(io.BytesIO(payload), origin)


class Expansion:
    """Reads one file. ``budget`` is shared by all its levels."""

    def __init__(self, received_at: int, limits: Limits, on_litter: Callable[[], None] = uncounted) -> None:
        self.received_at = received_at
        self.limits = limits
        self.budget = Budget(limits)
        self.on_litter = on_litter

    def file(self, stream: BinaryIO, origin: str) -> Iterator[Outcome]:
        source = Source(stream, self.budget)
        head = b""
        try:
            head = source.read(CHUNK)
            yield from self.content(head, source, origin, 0)
        except Refused as error:
            yield self._refused(error, origin, head)
        except ExpansionExceeded as error:
            kept = Held(head, source, self.limits).kept() if source.seekable() else (head, len(head), True)
            yield self._dead(ZIP_BOMB, f"{error}; the rest of it is not read", origin, *kept)

    def zip_range(
        self, stream: BinaryIO, directory: zips.Directory, start: int, end: int, renamed: dict[int, str], origin: str
    ) -> Iterator[Outcome]:
        """The entries in a range of a zip archive's directory (bytes), exactly as reading all of it gives them."""
        source = Source(stream, self.budget)
        try:
            for place, entry in enumerate(zips.entries(source, directory, start, end)):
                if not entry.is_directory:
                    name = renamed.get(place, entry.name)
                    yield from self.zip_entry(source, directory.shift, entry, f"{origin}#{name}", 1)
        except Refused as error:
            yield self._refused(error, origin, b"")
        except ExpansionExceeded as error:
            yield self._dead(ZIP_BOMB, f"{error}; the rest of it is not read", origin, b"", 0, True)

    def content(self, head: bytes, rest: Reader, origin: str, depth: int, name: str | None = None) -> Iterator[Outcome]:
        """What a file or an entry that begins with ``head`` holds. Raises Refused where the fault is not in an archive
        of its own, so that the caller knows the bytes as received."""
        name = origin if name is None else name
        kind = sniff.kind_of(head, name)
        if kind is Kind.LITTER:
            self.on_litter()
            return
        if kind is Kind.DOCUMENTS:
            yield from self._documents(head, rest, origin)
            return
        held = Held(head, rest, self.limits)
        try:
            if kind is Kind.FOREIGN:
                raise Refused(*foreign.why_not(head[: sniff.SNIFFED], name))
            if kind is Kind.ZIP:
                self._refuse_office(head, held)
            if depth >= self.limits.max_depth:
                raise Refused(ARCHIVE_TOO_DEEP, f"archives within archives: the limit is {self.limits.max_depth}")
            yield from self._archive(kind, held, origin, depth + 1)
        except Refused as error:
            yield self._dead(error.code, error.message, origin, *held.kept())
        finally:
            held.close()

    def _archive(self, kind: Kind, held: Held, origin: str, depth: int) -> Iterator[Outcome]:
        if kind is Kind.ZIP:
            yield from self._zip(held.seekable(), origin, depth)
        elif kind is Kind.TAR:
            yield from self._tar(held.stream(), origin, depth)
        elif kind is Kind.MAILBOX:
            yield from self._mailbox(held.stream(), origin, depth)
        elif kind is Kind.MAIL:
            yield from self._mail(self._whole(held), origin, depth)
        elif kind is Kind.SIGNED:
            inner_content = signed.content_of(self._whole(held), self.limits.max_parsed_bytes)
            yield from self.content(inner_content, io.BytesIO(), origin, depth, signed.inner_name(origin))
        elif kind in sniff.CODECS:
            name, new_codec, magic = sniff.CODECS[kind]
            inner = Decompressed(held.stream(), new_codec, self.limits, self.budget, name, magic)
            head = read_up_to(inner, sniff.SNIFFED)
            if sniff.kind_of(head, sniff.unpacked_name(origin)) is Kind.TAR:
                yield from self._tar(Prefixed(head, inner), origin, depth)
            else:
                yield from self.content(head, inner, origin, depth)
        else:
            raise Refused(*sniff.why_not(kind))

    def _whole(self, held: Held) -> bytes:
        return read_up_to(held.stream(), self.limits.max_parsed_bytes + 1)

    def _refuse_office(self, head: bytes, held: Held) -> None:
        """Raises Refused for an office file, which is a zip archive: it is one file, not its parts."""
        code = office.may_be_office(head) and office.code_of(head, held.seekable())
        if code:
            raise Refused(code, foreign.message(code))

    def _mailbox(self, reader: Reader, origin: str, depth: int) -> Iterator[Outcome]:
        """The attachments of all mails. Mails without any are passed over, unless all are."""
        found = False
        for each in mail.mails(reader, self.limits.max_parsed_bytes):
            place = f"{origin}#@{each.offset}"
            try:
                if each.oversize:
                    message = f"the e-mail at byte {each.offset} has more than {self.limits.max_parsed_bytes} bytes"
                    raise Refused(ENTRY_TOO_LARGE, message, cut=True)
                for outcome in self._mail(each.data, place, depth):
                    found = True
                    yield outcome
            except Refused as error:
                if error.code == MAIL_WITHOUT_ATTACHMENT:
                    continue
                found = True
                kept, size, cut = Held(each.data, io.BytesIO(), self.limits).kept()
                yield self._dead(error.code, error.message, place, kept, size, error.cut or cut)
        if not found:
            raise Refused(
                MAIL_WITHOUT_ATTACHMENT, "no mail of the mailbox has an attachment, so no fiscal XML is in it"
            )

    def _mail(self, data: bytes, origin: str, depth: int) -> Iterator[Outcome]:
        message = mail.parsed(data, self.limits.max_parsed_bytes)
        found = False
        for outcome in self._attachments(message, origin, depth):
            found = True
            yield outcome
        cut = mail.why_cut(message)
        if cut:
            raise Refused(CORRUPT_ARCHIVE, cut)
        if not found:
            raise Refused(MAIL_WITHOUT_ATTACHMENT, "the e-mail has no attachment, so no fiscal XML is in it")

    def _attachments(self, message: Message, origin: str, depth: int) -> Iterator[Outcome]:
        names = EntryNames()
        for name, data in mail.attachments(message):
            place = f"{origin}#{names.distinct(name)}"
            try:
                yield from self._entry(io.BytesIO(data), len(data), name, None, "", place, depth)
            except Refused as error:
                yield self._refused(error, place, data)

    def _zip(self, file: Seekable, origin: str, depth: int) -> Iterator[Outcome]:
        names = EntryNames()
        shift = 0
        try:
            directory = zips.find_directory(file)
        except Refused as error:
            entries = entries_by_their_headers(file, self.limits, self.budget, error.message)
        else:
            shift = directory.shift
            entries = zips.entries(file, directory)
        for entry in entries:
            if not entry.is_directory:
                yield from self.zip_entry(file, shift, entry, f"{origin}#{names.distinct(entry.name)}", depth)

    def zip_entry(self, file: Seekable, shift: int, entry: zips.Entry, origin: str, depth: int) -> Iterator[Outcome]:
        """What one entry of a zip archive holds."""
        stored: Window | None = None
        try:
            stored = zips.stored_bytes(file, shift, entry)
            if entry.is_encrypted:
                raise Refused(ENCRYPTED_ENTRY, "the entry is encrypted; pack it again without a password")
            contents = zips.contents(stored, entry, self.limits, self.budget)
            yield from self._entry(contents, entry.size, entry.name, entry.special_type, "", origin, depth)
        except Refused as error:
            if error.kept is not None or stored is None:
                yield self._refused(error, origin, b"")
                return
            stored.rewind()
            whole = entry.compressed <= self.limits.max_entry_bytes
            data, _ = read_what_comes(stored, entry.compressed if whole else self.limits.kept_bytes)
            yield self._dead(error.code, error.message, origin, data, entry.compressed, len(data) < entry.compressed)

    def _tar(self, reader: Reader, origin: str, depth: int) -> Iterator[Outcome]:
        names = EntryNames()
        for entry, data in tars.entries(reader):
            entry_origin = f"{origin}#{names.distinct(entry.name)}"
            try:
                yield from self._entry(
                    data, entry.size, entry.name, entry.special_type, entry.target, entry_origin, depth
                )
            except Refused as error:
                if error.code not in (ENTRY_TOO_LARGE, UNSAFE_ENTRY_NAME, UNSAFE_ENTRY_TYPE):
                    raise  # the archive's own stream is at fault, not this entry
                yield self._refused(error, entry_origin, b"")

    def _entry(
        self, contents: Reader, size: int, name: str, special: str | None, target: str, origin: str, depth: int
    ) -> Iterator[Outcome]:
        unsafe = why_unsafe(name)
        if unsafe or special:
            data = read_up_to(contents, self.limits.max_entry_bytes + 1)
            cut = len(data) > self.limits.max_entry_bytes
            kept = data[: self.limits.kept_bytes] if cut else data
            if special:
                where = f" to {target!r}" if target else ""
                raise Refused(UNSAFE_ENTRY_TYPE, f"the entry is {special}{where}, not a file", kept, len(data), cut)
            raise Refused(UNSAFE_ENTRY_NAME, f"the entry's name {name!r} is refused: {unsafe}", kept, len(data), cut)
        # One byte more than it claims to have, so that the end is seen, and checked, at once.
        head = read_up_to(contents, max(sniff.SNIFFED, min(size, self.limits.max_entry_bytes) + 1))
        yield from self.content(head, contents, origin, depth)

    def _documents(self, head: bytes, rest: Reader, origin: str) -> Iterator[Outcome]:
        limit = self.limits.max_entry_bytes
        data, error = head, None
        if sniff.SNIFFED <= len(head) <= limit:
            more, error = read_what_comes(rest, limit + 1 - len(head))
            data = head + more if more else head
        mode = split.mode_of(data)
        if mode is None:
            yield self._single(data, error, origin)
            return

        def read(size: int) -> bytes:
            if error:
                raise error
            return rest.read(size)

        for piece in split.pieces(data, read, limit, mode):
            place = f"{origin}#@{piece.offset}"
            if piece.oversize:
                message = f"the document that begins at byte {piece.offset} has more than {limit} bytes"
                kept = piece.data[: self.limits.kept_bytes]
                yield self._dead(ENTRY_TOO_LARGE, message, place, kept, len(piece.data), True)
            else:
                yield RawDocument(piece.data, place, self.received_at)

    def _single(self, data: bytes, error: Refused | None, origin: str) -> Outcome:
        if error:
            raise error
        limit = self.limits.max_entry_bytes
        if len(data) > limit:
            raise Refused(
                ENTRY_TOO_LARGE,
                f"it has more than {limit} bytes; what follows those is not read",
                data[: self.limits.kept_bytes],
                len(data),
                cut=True,
            )
        return RawDocument(data, origin, self.received_at)

    def _refused(self, error: Refused, origin: str, seen: bytes) -> DeadLetter:
        data = seen if error.kept is None else error.kept
        size = max(error.size, len(data))
        return self._dead(error.code, error.message, origin, data, size, error.cut or len(data) < size)

    def _dead(self, code: str, message: str, origin: str, data: bytes, size: int, truncated: bool) -> DeadLetter:
        return DeadLetter(code, f"{origin}: {message}", STAGE, origin, data, self.received_at, size, truncated)
