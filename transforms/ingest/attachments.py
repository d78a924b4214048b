"""What is attached to e-mails, alone or in a mailbox: each attachment is opened as an entry of an archive is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from email.message import Message
from typing import Protocol

from transforms.ingest import mail
from transforms.ingest.limits import CORRUPT_ARCHIVE, ENTRY_TOO_LARGE, MAIL_WITHOUT_ATTACHMENT, Limits, Unreadable
from transforms.ingest.names import EntryNames
from transforms.ingest.spool import Held
from transforms.ingest.streams import ByteReader
from transforms.model import DeadLetter, Expanded


class Opener(Protocol):
    """What opens entries, and makes dead letters of what cannot be opened."""

    limits: Limits

    def entry(
        self, contents: ByteReader, size: int, name: str, special: str | None, target: str, origin: str, depth: int
    ) -> Iterator[Expanded]: ...

    def refused(self, error: Unreadable, origin: str, seen: bytes) -> DeadLetter: ...

    def dead(self, code: str, message: str, origin: str, data: bytes, size: int, truncated: bool) -> DeadLetter: ...


def of_mailbox(opener: Opener, reader: ByteReader, origin: str, depth: int) -> Iterator[Expanded]:
    """The attachments of all mails. Mails without any are skipped, unless no mail has one."""
    found = False
    for each in mail.mails(reader, opener.limits.max_parsed_bytes):
        place = f"{origin}#@{each.offset}"
        try:
            if each.oversize:
                message = f"the e-mail at byte {each.offset} has more than {opener.limits.max_parsed_bytes} bytes"
                raise Unreadable(ENTRY_TOO_LARGE, message, cut=True)
            for outcome in of_mail(opener, each.data, place, depth):
                found = True
                yield outcome
        except Unreadable as error:
            if error.code == MAIL_WITHOUT_ATTACHMENT:
                continue
            found = True
            kept, size, cut = Held(each.data, io.BytesIO(), opener.limits).kept()
            yield opener.dead(error.code, error.message, place, kept, size, error.cut or cut)
    if not found:
        raise Unreadable(MAIL_WITHOUT_ATTACHMENT, "no mail of the mailbox has an attachment, so no fiscal XML is in it")


def of_mail(opener: Opener, data: bytes, origin: str, depth: int) -> Iterator[Expanded]:
    """The attachments of one e-mail. Raises Unreadable when it has none, or when it is truncated."""
    message = mail.parsed(data, opener.limits.max_parsed_bytes)
    found = False
    for outcome in _attachments(opener, message, origin, depth):
        found = True
        yield outcome
    cut = mail.why_cut(message)
    if cut:
        raise Unreadable(CORRUPT_ARCHIVE, cut)
    if not found:
        raise Unreadable(MAIL_WITHOUT_ATTACHMENT, "the e-mail has no attachment, so no fiscal XML is in it")


def _attachments(opener: Opener, message: Message, origin: str, depth: int) -> Iterator[Expanded]:
    names = EntryNames()
    for name, data in mail.attachments(message):
        place = f"{origin}#{names.distinct(name)}"
        try:
            yield from opener.entry(io.BytesIO(data), len(data), name, None, "", place, depth)
        except Unreadable as error:
            yield opener.refused(error, place, data)
