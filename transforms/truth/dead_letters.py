"""Rows and cells of the table of dead letters. Pure.

A row per dead letter: ``m:meta`` says what it is and who met it last, ``p:<number>`` holds its bytes in pieces, ``a``
has an arrival per run, ``m:redrive`` says what a redrive made of it.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from transforms.language import say
from transforms.model import DeadLetter
from transforms.truth import row_keys, rows
from transforms.truth.codec import Codec
from transforms.truth.errors import TruthError
from transforms.truth.rows import Cell, Cells
from transforms.truth.tombstones import tombstone_of
from transforms.truth.transaction import Barred, Check, Completed, Transaction, Write, storable

META, PAYLOAD, ARRIVALS = "m", "p", "a"
# The last is for a tombstone alone.
FAMILIES = (META, PAYLOAD, ARRIVALS, rows.STATE)
_META = b"meta"
_REDRIVE = b"redrive"

# What became of a dead letter that a redrive took: it began with it, made a record of it, or found it dead again.
BEGUN, DONE, FAILED = "begun", "done", "failed"

# Bytes of payload in a cell: compressed they fit into one, also where they do not shrink.
CHUNK_BYTES = 8_000_000


class DeadLetterArrival(NamedTuple):
    """That a run met a dead letter: the job of its last attempt, and when (micros). ``applied_at``, when it was stored,
    is 0 where it was not kept."""

    run: str
    job: str
    received_at: int
    applied_at: int = 0


class Redrive(NamedTuple):
    """The last redrive that took a dead letter: its run and job, when (micros), and what became of it."""

    run: str
    job: str
    at: int
    state: str


class StoredDeadLetter(NamedTuple):
    """A dead letter as read back, with every run that met it, and the redrive that took it, if any."""

    dead_letter_id: str
    letter: DeadLetter
    run: str
    job: str
    arrivals: tuple[DeadLetterArrival, ...]
    redrive: Redrive | None = None


def store(codec: Codec, letter: DeadLetter, run: str, job: str, at: int = 0) -> Transaction:
    """Steps that write a dead letter, at ``at`` (micros); the same one written again takes its own place.

    ``meta`` goes with the last piece: a row without it is a write that was cut off, and will be done again whole. Ends
    in ``Barred`` where the row has a tombstone, which is all that has a revision there.
    """
    row = row_keys.row_key(letter.dead_letter_id)
    *earlier, last = _payload_cells(codec, letter)
    for cell in earlier:
        if not (yield Check(row, None, (cell,))):
            return Completed(Barred(""), 0, 0)
    arrival = _arrival_cell(codec, DeadLetterArrival(run, job, letter.received_at, at))
    if not (yield Check(row, None, (last, arrival, _meta_cell(codec, letter, run, job, len(earlier))))):
        return Completed(Barred(""), 0, 0)
    return Completed(letter, 0, rows.stored_bytes([*earlier, last]))


def _payload_cells(codec: Codec, letter: DeadLetter) -> list[Cell]:
    starts = range(0, len(letter.payload) or 1, CHUNK_BYTES)
    chunks = (letter.payload[start : start + CHUNK_BYTES] for start in starts)
    return [Cell(PAYLOAD, b"%05d" % number, 0, codec.encode_xml(chunk)) for number, chunk in enumerate(chunks)]


def _meta_cell(codec: Codec, letter: DeadLetter, run: str, job: str, earlier: int) -> Cell:
    value = letter._asdict()
    del value["payload"]
    value |= {"origin": storable(letter.origin), "message": storable(letter.message)}
    value |= {"run": run, "job": job, "pieces": earlier + 1}
    return Cell(META, _META, 0, codec.encode_json(value))


def mark(codec: Codec, stored: StoredDeadLetter) -> Transaction:
    """Steps that write the ``redrive`` of a dead letter, in the place of the one before."""
    if stored.redrive is None:
        raise ValueError(f"dead letter {stored.dead_letter_id} was taken by no redrive")
    cell = Cell(META, _REDRIVE, 0, codec.encode_json(stored.redrive._asdict()))
    yield Write(row_keys.row_key(stored.dead_letter_id), (cell,))
    return Completed(stored, 0, 0)


def _arrival_cell(codec: Codec, arrival: DeadLetterArrival) -> Cell:
    qualifier = hashlib.sha256(arrival.run.encode()).digest()[:16]
    return Cell(ARRIVALS, qualifier, 0, codec.encode_json(arrival._asdict()))


def decode(codec: Codec, row: bytes, cells: Cells) -> StoredDeadLetter | None:
    """A dead letter from its row, None where its write was cut off, and where it was erased.

    Raises TruthError when pieces of it are missing.
    """
    return None if tombstone_of(cells) else decode_content(codec, row, cells)


def decode_content(codec: Codec, row: bytes, cells: Cells) -> StoredDeadLetter | None:
    """The like, also where a tombstone says that it is being erased."""
    stored = cells.get(META, {}).get(_META)
    if stored is None:
        return None
    meta = codec.decode_json(stored)
    run, job, pieces = meta.pop("run"), meta.pop("job"), meta.pop("pieces")
    found = cells.get(PAYLOAD, {})
    chunks = [codec.decode_xml(found[qualifier]) for qualifier in sorted(found)]
    if len(chunks) < pieces:
        raise TruthError(
            say(
                "dead letter {id} has {found} of its {pieces} pieces: restore its row",
                id=row_keys.key_of(row),
                found=len(chunks),
                pieces=pieces,
            )
        )
    letter = DeadLetter(payload=b"".join(chunks[:pieces]), **meta)
    arrivals = sorted(DeadLetterArrival(**codec.decode_json(value)) for value in cells.get(ARRIVALS, {}).values())
    marked = cells[META].get(_REDRIVE)
    redrive = Redrive(**codec.decode_json(marked)) if marked else None
    return StoredDeadLetter(row_keys.key_of(row), letter, run, job, tuple(arrivals), redrive)
