"""The vocabulary that every stage shares, as immutable values.

Nothing here knows of Beam, Bigtable or BigQuery. Field values are JSON values (``str``, ``int``, ``bool``,
``list``, ``dict``); amounts are exact decimal text (``"1234.50"``, BRL unless a unit field says otherwise), never
floats; instants are RFC 3339 text in UTC (``"2026-03-01T12:00:00Z"``), dates are ``YYYY-MM-DD``. So one
representation travels unchanged from the parser to Bigtable, to BigQuery and back.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

DOCUMENT = "document"
EVENT = "event"
VOIDED_RANGE = "voided_range"
KINDS = (DOCUMENT, EVENT, VOIDED_RANGE)

NEW = "new"
RESUMED = "resumed"
DUPLICATE = "duplicate"

Fields = dict[str, Any]


class RawDocument(NamedTuple):
    """One input as it was received: the bytes, a stable identity, and when they came (micros since the epoch).

    ``origin`` names the same input every time it is read: ``gs://b/a.zip#x/1.xml``,
    ``pubsub:<project>/<subscription>/<message id>``, ``postgres:<table>/<key>``.
    """

    payload: bytes
    origin: str
    received_at: int


class Entry(NamedTuple):
    """What one XML says: an entry in the history of its key.

    ``key`` is the access key (44 characters, of an NFS-e 50), or the ``Id`` of a DPS or voided range. ``layout`` names
    the layout that read it (``nfe``), ``form`` how complete it is (``transforms.parse.layout`` lists the forms).
    ``fields`` are the columns of the table of its kind. ``findings`` are sorted stable codes of what is odd in it.
    ``parser`` is the number of the parser that read it so; 0 for those before parsers had numbers.
    """

    record_id: str
    kind: str
    key: str
    layout: str
    form: str
    fields: Fields
    findings: tuple[str, ...]
    parser: int = 0


class Record(NamedTuple):
    """One parsed XML: what it says, and the document that it was read from."""

    entry: Entry
    raw: RawDocument


class DeadLetter(NamedTuple):
    """An input that cannot become a Record, with its bytes.

    ``code`` is stable (analysts group by it), ``message`` is for people and says where the problem is, ``stage`` is one
    of ``ingest``, ``parse``, ``truth``, ``views``. ``payload`` holds the bytes as received; where an entry was larger
    than could be kept, its beginning, with ``truncated`` set and ``size`` (bytes) giving the whole length (or as much
    as was read).
    """

    code: str
    message: str
    stage: str
    origin: str
    payload: bytes
    received_at: int
    size: int
    truncated: bool = False

    @property
    def dead_letter_id(self) -> str:
        """Hex digest of origin and payload: the same dead input is the same dead letter."""
        digest = hashlib.sha256(self.origin.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
        digest.update(self.payload)
        return digest.hexdigest()


# Clocks of machines may differ by half of this (micros).
CLOCKS = 600_000_000

# Why a change was made, where no arrival made it: a record that is stored was read again, and otherwise.
REPARSE = "reparse"
# The finding of a record of which a later parser makes none, or one of another key.
NO_LONGER_READ = "no_longer_read"


# What reading an input gives: documents, and what could not be read.
Expanded = RawDocument | DeadLetter


class Change(NamedTuple):
    """What one record did to the state of its key, as stored with it and as emitted, always the same.

    ``before`` and ``after`` are folded states (``None`` before the first record), ``dimensions_before`` and
    ``dimensions_after`` what counting groups by. ``run`` and ``origin`` tell who wrote it; ``received_at`` and
    ``applied_at`` are micros since the epoch. ``logged``: it is counted by way of the change log, as a stream's changes
    are; otherwise in the partial sums of its run. ``cause`` is empty where the record's arrival made the change. A
    reparse's names it (REPARSE); ``was`` is then what takes the record back to what it said before (see
    ``transforms.truth.patch``), ``run`` and ``job`` are the reparse's, and ``origin`` and ``received_at`` those of the
    record's first arrival. ``head`` is what is known of the document that speaks for the key after the change (see
    ``transforms.history.head``), None where there is none, and in changes that were stored without it.
    """

    key: str
    revision: int
    record_id: str
    run: str
    origin: str
    job: str
    received_at: int
    applied_at: int
    before: Fields | None
    after: Fields
    dimensions_before: Fields | None
    dimensions_after: Fields
    logged: bool = False
    cause: str = ""
    was: Fields | None = None
    head: Fields | None = None


class Arrival(NamedTuple):
    """One input's coming to the source of truth: who brought it, from where, when (micros), and what became of it.

    ``outcome`` is NEW (this attempt wrote its record), RESUMED (an earlier attempt of the same run and origin wrote
    it) or DUPLICATE (somebody else had).
    """

    run: str
    origin: str
    job: str
    received_at: int
    applied_at: int
    outcome: str


class Applied(NamedTuple):
    """What became of one Record at the source of truth.

    ``change`` is set where the outcome of ``arrival`` is NEW or RESUMED. ``entry`` is the stored one, so that a
    RESUMED record is served exactly as it is stored. ``reading`` is the change of the last reparse that read the record
    otherwise, None where there was none. ``current_at``: an instant (micros) at which the change was the last one of
    its key, None where a later one was met.
    """

    entry: Entry
    arrival: Arrival
    change: Change | None
    reading: Change | None = None
    current_at: int | None = None


def record_id_of(payload: bytes) -> str:
    """Hex SHA-256 of the bytes as received: same bytes, same record."""
    return hashlib.sha256(payload).hexdigest()
