"""What is left of what was erased, so that nothing brings it back. Pure.

A *tombstone* is in the row of the key itself, since Bigtable is atomic within a row: it takes the place of the row's
revision, by which every writer's condition fails, and the read that follows shows it. It says when and by which job,
and nothing of the document; the key is there because it is the row's own.

A *bar* keeps out records of a subject that were never seen. It is a digest with a secret of the table of the subject's
id and the part that the subject has in the record: who has neither the table nor the id learns nothing of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from transforms import access_key
from transforms.model import Entry
from transforms.truth import rows
from transforms.truth.requests import Column
from transforms.truth.rows import Cell, Cells

ERASED = b"erased"
BARS_ROW = b"~bars"
SALT, BAR = b"salt", b"bar/"
SALT_BYTES = 32

ISSUER, RECIPIENT = "issuer", "recipient"
ROLES = (ISSUER, RECIPIENT)
# Fields that name who has a document made, and all others that have a part in it.
PARTS = {
    ISSUER: ("issuer_id", "provider_id"),
    RECIPIENT: (
        "recipient_id", "payer_id", "sender_id", "dispatcher_id", "receiver_id", "carrier_id", "intermediary_id",
        "author_id", "agent_id",
    ),
}  # fmt: skip
_ROOT = 8
_CNPJ = 14


class Tombstone(NamedTuple):
    """When something was erased (micros), and by which job."""

    at: int
    job: str


def tombstone_of(row: Cells) -> Tombstone | None:
    """The tombstone of a row as read."""
    stored = row.get(rows.STATE, {}).get(ERASED)
    return Tombstone(*orjson.loads(stored)) if stored else None


def tombstone_cells(revision: int, tombstone: Tombstone) -> tuple[Cell, ...]:
    """What a row with a tombstone holds, and nothing else once its content is removed."""
    return (
        Cell(rows.STATE, rows.REVISION, 0, rows.pack_int(revision)),
        Cell(rows.STATE, rows.SIZE, 0, rows.pack_int(0)),
        Cell(rows.STATE, ERASED, 0, orjson.dumps(list(tombstone))),
    )


def has_content(row: Cells) -> bool:
    """Whether a row with a tombstone holds anything besides it."""
    return any(family != rows.STATE for family in row) or set(row.get(rows.STATE, ())) > _LEFT


_LEFT = {rows.REVISION, rows.SIZE, ERASED}


def all_of(families: Iterable[str]) -> tuple[Column, ...]:
    """What deletes everything in the families."""
    return tuple(Column(family, None) for family in families)


def parts_of(entries: Iterable[Entry], key: str = "") -> dict[str, set[str]]:
    """Ids (CNPJ, CPF) by the part that they have in records, and as issuer the one in the key."""
    found: dict[str, set[str]] = {role: set() for role in ROLES}
    if access_key.is_access_key(key):
        found[ISSUER].add(access_key.split(key).issuer_id)
    for entry in entries:
        for role, names in PARTS.items():
            found[role].update(str(entry.fields[name]) for name in names if entry.fields.get(name))
    return found


def with_root(ids: Iterable[str]) -> Iterator[str]:
    """The ids, and the root of each CNPJ among them."""
    for one in ids:
        yield one
        if len(one) == _CNPJ:
            yield one[:_ROOT]


class Bars(NamedTuple):
    """The secret of a table, and the digests of who is barred from it."""

    salt: bytes = b""
    digests: frozenset[bytes] = frozenset()

    def holds(self, entry: Entry) -> bool:
        """Whether a record is barred."""
        if not self.digests:
            return False
        return any(
            digest_of(self.salt, role, one) in self.digests
            for role, ids in parts_of((entry,), entry.key).items()
            for one in with_root(ids)
        )


NO_BARS = Bars()


def digest_of(salt: bytes, role: str, subject: str) -> bytes:
    """Digest of a subject in a role."""
    return hashlib.blake2b(f"{role}\0{subject}".encode(), key=salt, digest_size=16).digest()


def bar_qualifier(salt: bytes, role: str, subject: str) -> bytes:
    """Column of a bar."""
    return BAR + digest_of(salt, role, subject).hex().encode()


def bars_of(row: Cells) -> Bars:
    """The bars in their row."""
    found = row.get(rows.STATE, {})
    digests = (bytes.fromhex(name[len(BAR) :].decode()) for name in found if name.startswith(BAR))
    return Bars(found.get(SALT, b""), frozenset(digests))
