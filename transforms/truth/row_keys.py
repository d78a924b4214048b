"""Row keys of the table of records: salted keys, ranges of them, and reserved rows. Pure."""

from __future__ import annotations

import zlib

from transforms import access_key
from transforms.language import say, tr
from transforms.truth.errors import SelectionError

SALTS = 64
SALT_LENGTH = 2
RESERVED = b"~"
DICTIONARY_ROWS = b"~dictionary/"
CERTIFICATE_KEYS = "~certificate/"


def row_key(key: str) -> bytes:
    """Row key of an access key, of a voided range's Id, or of a dead letter's id."""
    return b"%02x%b" % (zlib.crc32(key.encode()) % SALTS, access_key.to_row(key).encode())


def key_of(row: bytes) -> str:
    """The key in a row key."""
    return access_key.from_row(row[SALT_LENGTH:].decode())


def is_reserved(row: bytes) -> bool:
    """Whether the row is reserved, and holds no history: dictionaries, certificates, jobs that completed."""
    return row.startswith(RESERVED) or row.startswith(RESERVED, SALT_LENGTH)


def key_prefix(uf: str, year_month: str = "", issuer: str = "") -> str:
    """Prefix of the keys in rows: of a state (``SP`` or ``35``), of a month in it (``2503``), of an issuer in that.

    Raises SelectionError for an unknown state, or an issuer without a month: the key orders them so.
    """
    code = access_key.CODE_OF_UF.get(uf, uf)
    if code not in access_key.UF_OF_CODE:
        raise SelectionError(
            say("{state!r} is not a Brazilian state: use its two letters (SP) or its code (35)", state=uf)
        )
    if issuer and len(year_month) != 4:
        raise SelectionError(
            tr("keys are ordered by state, month, issuer: to select an issuer, give the month too (YYMM)")
        )
    return code + year_month + issuer


def scan_ranges(prefix: str = "") -> list[tuple[bytes, bytes]]:
    """Row ranges, start closed and end open, that hold all keys with the prefix: one per salt, in order.

    Reserved rows are in none of them: those of a salt follow all of its keys.
    """
    encoded = prefix.encode()
    starts = [b"%02x%b" % (salt, encoded) for salt in range(SALTS)]
    if not encoded:
        return [(start, start + RESERVED) for start in starts]
    return [(start, start[:-1] + bytes((start[-1] + 1,))) for start in starts]


def dictionary_row(dictionary_id: int) -> bytes:
    """Reserved row that keeps a dictionary."""
    return DICTIONARY_ROWS + str(dictionary_id).encode()


def certificate_row(digest: bytes) -> bytes:
    """Reserved row that keeps a certificate. It is never collected: any document may refer to it.

    Salted as the keys are: a backfill writes thousands of them from every process, and without a salt they would all be
    on one tablet.
    """
    return row_key(CERTIFICATE_KEYS + digest.hex())
