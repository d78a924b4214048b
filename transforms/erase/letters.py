"""Dead letters that an erasure takes. Pure, but for the keys that it has looked up.

A dead letter has no key: what its bytes say decides, unpacked where they are an archive. It goes with an erased key
that it names, and with a subject that it names, unless it names keys of other issuers only: then it may be a document
of theirs, which is kept as long as such a document is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from transforms import access_key, instants
from transforms.erase.choice import REMOVE, Choice, Verdict, keys_in, subjects_in
from transforms.ingest.archives import expand_bytes
from transforms.ingest.limits import STAGE, Limits
from transforms.model import DeadLetter, RawDocument
from transforms.truth.tombstones import ISSUER, RECIPIENT, with_root

_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")


def text_of(letter: DeadLetter) -> str:
    """All that a dead letter says: its bytes in the usual encodings, what is in it where it is an archive, origin and
    message."""
    parts = [letter.payload]
    if letter.stage == STAGE and letter.payload:
        found = expand_bytes(letter.payload, letter.origin, letter.received_at, Limits())
        parts += [one.payload for one in found if isinstance(one, RawDocument) and one.payload != letter.payload]
    texts = [part.decode(name, "replace") for part in parts for name in _encodings(part)]
    return "\n".join([letter.origin, letter.message, *texts])


def _encodings(part: bytes) -> tuple[str, ...]:
    return _ENCODINGS if b"\0" in part[:4_000] else _ENCODINGS[:1]


def verdict_of(letter: DeadLetter, choice: Choice, is_erased: Callable[[str], bool]) -> Verdict | None:
    """What becomes of a dead letter. ``is_erased``: whether a key is erased, or is to be."""
    text = text_of(letter)
    keys = keys_in(text)
    issuers = {access_key.split(key).issuer_id for key in keys}
    named = set(subjects_in(text, choice.subjects)) | (set(with_root(issuers)) & choice.subjects)
    parts = {ISSUER: set(issuers), RECIPIENT: set(named)}
    if named and (not keys or set(with_root(issuers)) & named):
        parts[ISSUER] |= named
    models = {access_key.split(key).model for key in keys} & choice.long_models
    day = _day(letter, keys)
    verdict = choice.decide({letter.dead_letter_id, *keys}, parts, day, next(iter(models), ""))
    if verdict is None and any(is_erased(key) for key in keys):
        return Verdict(REMOVE)
    return verdict


def _day(letter: DeadLetter, keys: set[str]) -> date | None:
    months = [month for key in keys if (month := access_key.split(key).month)]
    return date.fromisoformat(max(months)) if months else instants.datetime_of(letter.received_at).date()
