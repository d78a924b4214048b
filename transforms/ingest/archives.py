"""From a file to the documents in it: archives within archives, compressed files, many documents in one file.

The content decides what a file is, and its name only where the content is ambiguous. Nothing is ever written to a path
that an entry names, memory is bounded by the limit of one document, and every file in an archive becomes a RawDocument
or a DeadLetter (directories are not files, and an archive without entries has none).

Origins: ``<file>#<entry>`` for an entry, ``<file>#<archive>#<entry>`` deeper down; an entry whose name an earlier one
had gets an ordinal, ``<file>#x.xml~2``; a compressed single file is its own origin, ``x.xml.gz``, because it holds one
input and the name inside is often missing or wrong; of many documents in one file each has the byte where it begins,
``<file>#@1024``. An attachment of an e-mail is ``<mail>#<attachment>``, a mail of a mailbox ``<mailbox>#@<byte>``; what
a signed container holds has the container's origin.

A file that neither is nor holds fiscal XML becomes a dead letter that says what it is (``foreign``), an office file a
single one, not one for each of its parts; system files (``litter``) are reported to ``on_litter``, and dropped.

A dead letter holds the bytes as received: of a damaged archive the archive's, of an encrypted or damaged entry those
in the archive, compressed as they are; where that is more than one document may have, the beginning.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO

from transforms.ingest import attachments, foreign, office, signed, sniff, split, tars, zips
from transforms.ingest.limits import (
    ARCHIVE_TOO_DEEP,
    DEFAULT,
    ENCRYPTED_ENTRY,
    ENTRY_TOO_LARGE,
    STAGE,
    UNSAFE_ENTRY_NAME,
    UNSAFE_ENTRY_TYPE,
    ZIP_BOMB,
    Budget,
    ExpansionExceeded,
    Limits,
    Unreadable,
)
from transforms.ingest.names import EntryNames, why_unsafe
from transforms.ingest.salvage import entries_by_their_headers
from transforms.ingest.sniff import Kind
from transforms.ingest.spool import Held
from transforms.ingest.streams import (
    CHUNK,
    ByteReader,
    CountedFile,
    Decompressed,
    Prefixed,
    Seekable,
    Window,
    read_up_to,
    read_what_comes,
)
from transforms.model import DeadLetter, Expanded, RawDocument


def uncounted() -> None:
    """An ``on_litter`` that does not count system files."""


def expand(
    stream: BinaryIO,
    origin: str,
    received_at: int,
    limits: Limits = DEFAULT,
    on_litter: Callable[[], None] = uncounted,
) -> Iterator[Expanded]:
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
) -> Iterator[Expanded]:
    """The documents in one message or row: itself, or what it holds when it is an archive."""
    yield from Expansion(received_at, limits, on_litter).file(io.BytesIO(payload), origin)


class Expansion:
    """Reads one file. ``budget`` is shared by all its levels."""

    def __init__(self, received_at: int, limits: Limits, on_litter: Callable[[], None] = uncounted) -> None:
        self.received_at = received_at
        self.limits = limits
        self.budget = Budget(limits)
        self.on_litter = on_litter

    def file(self, stream: BinaryIO, origin: str) -> Iterator[Expanded]:
        source = CountedFile(stream, self.budget)
        head = b""
        try:
            head = source.read(CHUNK)
            yield from self.content(head, source, origin, 0)
        except Unreadable as error:
            yield self.refused(error, origin, head)
        except ExpansionExceeded as error:
            kept = Held(head, source, self.limits).kept() if source.seekable() else (head, len(head), True)
            yield self.dead(ZIP_BOMB, f"{error}; the rest of it is not read", origin, *kept)

    def zip_range(
        self, stream: BinaryIO, directory: zips.Directory, start: int, end: int, renamed: dict[int, str], origin: str
    ) -> Iterator[Expanded]:
        """The entries in a range of a zip archive's directory (bytes), exactly as reading all of it gives them."""
        source = CountedFile(stream, self.budget)
        try:
            for place, entry in enumerate(zips.entries(source, directory, start, end)):
                if not entry.is_directory:
                    name = renamed.get(place, entry.name)
                    yield from self.zip_entry(source, directory.shift, entry, f"{origin}#{name}", 1)
        except Unreadable as error:
            yield self.refused(error, origin, b"")
        except ExpansionExceeded as error:
            yield self.dead(ZIP_BOMB, f"{error}; the rest of it is not read", origin, b"", 0, True)

    def content(
        self, head: bytes, rest: ByteReader, origin: str, depth: int, name: str | None = None
    ) -> Iterator[Expanded]:
        """What a file or an entry that begins with ``head`` holds.

        Raises Unreadable where the fault is not in an archive of its own: the caller has the bytes as received.
        """
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
                raise Unreadable(*foreign.why_not(head[: sniff.SNIFFED], name))
            if kind is Kind.ZIP:
                self._refuse_office(head, held)
            if depth >= self.limits.max_depth:
                raise Unreadable(ARCHIVE_TOO_DEEP, f"archives within archives: the limit is {self.limits.max_depth}")
            yield from self._archive(kind, held, origin, depth + 1)
        except Unreadable as error:
            yield self.dead(error.code, error.message, origin, *held.kept())
        finally:
            held.close()

    def _archive(self, kind: Kind, held: Held, origin: str, depth: int) -> Iterator[Expanded]:
        if kind is Kind.ZIP:
            yield from self._zip(held.seekable(), origin, depth)
        elif kind is Kind.TAR:
            yield from self._tar(held.stream(), origin, depth)
        elif kind is Kind.MAILBOX:
            yield from attachments.of_mailbox(self, held.stream(), origin, depth)
        elif kind is Kind.MAIL:
            yield from attachments.of_mail(self, self._whole(held), origin, depth)
        elif kind is Kind.SIGNED:
            inner_content = signed.content_of(self._whole(held), self.limits.max_parsed_bytes)
            yield from self.content(inner_content, io.BytesIO(), origin, depth, signed.inner_name(origin))
        elif kind in sniff.DECOMPRESSORS:
            name, new_decompressor, magic = sniff.DECOMPRESSORS[kind]
            inner = Decompressed(held.stream(), new_decompressor, self.limits, self.budget, name, magic)
            head = read_up_to(inner, sniff.SNIFFED)
            if sniff.kind_of(head, sniff.unpacked_name(origin)) is Kind.TAR:
                yield from self._tar(Prefixed(head, inner), origin, depth)
            else:
                yield from self.content(head, inner, origin, depth)
        else:
            raise Unreadable(*sniff.why_not(kind))

    def _whole(self, held: Held) -> bytes:
        return read_up_to(held.stream(), self.limits.max_parsed_bytes + 1)

    def _refuse_office(self, head: bytes, held: Held) -> None:
        """Raises Unreadable for an office file, which is a zip archive: it is one file, not its parts."""
        code = office.may_be_office(head) and office.code_of(head, held.seekable())
        if code:
            raise Unreadable(code, foreign.message(code))

    def _zip(self, file: Seekable, origin: str, depth: int) -> Iterator[Expanded]:
        names = EntryNames()
        shift = 0
        try:
            directory = zips.find_directory(file)
        except Unreadable as error:
            entries = entries_by_their_headers(file, self.limits, self.budget, error.message)
        else:
            shift = directory.shift
            entries = zips.entries(file, directory)
        for entry in entries:
            if not entry.is_directory:
                yield from self.zip_entry(file, shift, entry, f"{origin}#{names.distinct(entry.name)}", depth)

    def zip_entry(self, file: Seekable, shift: int, entry: zips.Member, origin: str, depth: int) -> Iterator[Expanded]:
        """What one entry of a zip archive holds."""
        stored: Window | None = None
        try:
            stored = zips.stored_bytes(file, shift, entry)
            if entry.is_encrypted:
                raise Unreadable(ENCRYPTED_ENTRY, "the entry is encrypted; pack it again without a password")
            contents = zips.contents(stored, entry, self.limits, self.budget)
            yield from self.entry(contents, entry.size, entry.name, entry.special_type, "", origin, depth)
        except Unreadable as error:
            if error.kept is not None or stored is None:
                yield self.refused(error, origin, b"")
                return
            stored.rewind()
            whole = entry.compressed <= self.limits.max_entry_bytes
            data, _ = read_what_comes(stored, entry.compressed if whole else self.limits.kept_bytes)
            yield self.dead(error.code, error.message, origin, data, entry.compressed, len(data) < entry.compressed)

    def _tar(self, reader: ByteReader, origin: str, depth: int) -> Iterator[Expanded]:
        names = EntryNames()
        for entry, data in tars.entries(reader):
            entry_origin = f"{origin}#{names.distinct(entry.name)}"
            try:
                yield from self.entry(
                    data, entry.size, entry.name, entry.special_type, entry.target, entry_origin, depth
                )
            except Unreadable as error:
                if error.code not in (ENTRY_TOO_LARGE, UNSAFE_ENTRY_NAME, UNSAFE_ENTRY_TYPE):
                    raise  # the archive's own stream is at fault, not this entry
                yield self.refused(error, entry_origin, b"")

    def entry(
        self, contents: ByteReader, size: int, name: str, special: str | None, target: str, origin: str, depth: int
    ) -> Iterator[Expanded]:
        unsafe = why_unsafe(name)
        if unsafe or special:
            data = read_up_to(contents, self.limits.max_entry_bytes + 1)
            cut = len(data) > self.limits.max_entry_bytes
            kept = data[: self.limits.kept_bytes] if cut else data
            if special:
                where = f" to {target!r}" if target else ""
                raise Unreadable(UNSAFE_ENTRY_TYPE, f"the entry is {special}{where}, not a file", kept, len(data), cut)
            raise Unreadable(UNSAFE_ENTRY_NAME, f"the entry's name {name!r} is refused: {unsafe}", kept, len(data), cut)
        # One byte more than it claims to have, so that the end is seen, and checked, at once.
        head = read_up_to(contents, max(sniff.SNIFFED, min(size, self.limits.max_entry_bytes) + 1))
        yield from self.content(head, contents, origin, depth)

    def _documents(self, head: bytes, rest: ByteReader, origin: str) -> Iterator[Expanded]:
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
                yield self.dead(ENTRY_TOO_LARGE, message, place, kept, len(piece.data), True)
            else:
                yield RawDocument(piece.data, place, self.received_at)

    def _single(self, data: bytes, error: Unreadable | None, origin: str) -> Expanded:
        if error:
            raise error
        limit = self.limits.max_entry_bytes
        if len(data) > limit:
            raise Unreadable(
                ENTRY_TOO_LARGE,
                f"it has more than {limit} bytes; what follows those is not read",
                data[: self.limits.kept_bytes],
                len(data),
                cut=True,
            )
        return RawDocument(data, origin, self.received_at)

    def refused(self, error: Unreadable, origin: str, seen: bytes) -> DeadLetter:
        data = seen if error.kept is None else error.kept
        size = max(error.size, len(data))
        return self.dead(error.code, error.message, origin, data, size, error.cut or len(data) < size)

    def dead(self, code: str, message: str, origin: str, data: bytes, size: int, truncated: bool) -> DeadLetter:
        return DeadLetter(code, f"{origin}: {message}", STAGE, origin, data, self.received_at, size, truncated)
