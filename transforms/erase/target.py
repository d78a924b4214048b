"""Keys on which a tombstone is put, and what has to be taken out of the stores for each. Pure, no I/O."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from transforms.counting import log
from transforms.counting.recount import days_of
from transforms.language import say
from transforms.model import Change
from transforms.truth import dead_letters, row_keys, rows
from transforms.truth.codec import Codec
from transforms.truth.dead_letters import StoredDeadLetter
from transforms.truth.errors import TruthError
from transforms.truth.read import History
from transforms.truth.rows import Cells
from transforms.truth.tombstones import Tombstone, all_of, tombstone_cells, tombstone_of
from transforms.truth.transaction import Check, Completed, Read, Transaction
from transforms.views.stored import rows_of_history, rows_of_stored_dead_letter

LETTER, KEY = "letter", "key"
_CONTENT = tuple(family for family in rows.FAMILIES if family != rows.STATE)
_LETTER_CONTENT = tuple(family for family in dead_letters.FAMILIES if family != rows.STATE)


class Target(NamedTuple):
    """Something that has a tombstone, at a revision of its row, and content still.

    ``days``: of the counts that it moves. ``runs``: bounded jobs that count it in their sums. ``logged``: row and
    column of each of its cells in the change log.
    """

    kind: str
    key: str
    revision: int
    tombstone: Tombstone
    days: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    logged: tuple[tuple[bytes, bytes], ...] = ()


def bar_key(codec: Codec, key: str, tombstone: Tombstone) -> Transaction:
    """Steps that put a tombstone on the row of a key, whatever it holds; end in ``Target``."""
    row, conflicts = row_keys.row_key(key), 0
    while True:
        found = yield Read(row)
        assert isinstance(found, dict)
        head, there = rows.head_of(found), tombstone_of(found)
        if head is not None and there is not None:
            return Completed(target_of(codec, key, found, head.revision, there), conflicts, 0)
        revision = head.revision + 1 if head else 1
        if (yield Check(row, head.revision if head else None, tombstone_cells(revision, tombstone))):
            return Completed(target_of(codec, key, found, revision, tombstone), conflicts, 0)
        conflicts += 1


def target_of(codec: Codec, key: str, cells: Cells, revision: int, tombstone: Tombstone) -> Target:
    """What has to be taken out for a key, of its row as it was when the tombstone came."""
    changes = list(rows.decode_changes(codec, key, cells))
    return Target(
        KEY,
        key,
        revision,
        tombstone,
        tuple(sorted(set().union(*map(days_of, changes)))),
        tuple(sorted({change.run for change in changes if not change.logged})),
        tuple(_logged(change) for change in changes if change.logged),
    )


def _logged(change: Change) -> tuple[bytes, bytes]:
    row, cell = log.cell_of(change)
    return row, cell.qualifier


def bar_letter(dead_letter_id: str, tombstone: Tombstone) -> Transaction:
    """Steps that put a tombstone on the row of a dead letter; end in ``Target``. All of them have revision 1."""
    yield Check(row_keys.row_key(dead_letter_id), None, tombstone_cells(1, tombstone))
    return Completed(Target(LETTER, dead_letter_id, 1, tombstone), 0, 0)


def remove(target: Target) -> Transaction:
    """Steps that remove all but the tombstone, at once; end in the target. Raises TruthError for a row that somebody
    changed in spite of its tombstone."""
    families = _CONTENT if target.kind == KEY else _LETTER_CONTENT
    cells = tombstone_cells(target.revision, target.tombstone)
    if not (yield Check(row_keys.row_key(target.key), target.revision, cells, all_of((*families, rows.STATE)))):
        raise TruthError(
            say("the row of {key} was changed while it was erased: start the same erasure again", key=target.key)
        )
    return Completed(target, 0, 0)


def size_of(history: History) -> Counter[str]:
    """What is stored of a key, by kind and by table."""
    found = Counter({"keys": 1, "changes_stored": len(history.changes), "arrivals_stored": len(history.arrivals)})
    for record in history.records:
        found[f"{record.entry.kind}s_stored"] += 1
        found["xml_bytes_stored"] += record.xml_bytes
    found.update(f"rows_of_{table}" for table, _ in rows_of_history(history))
    return found


def size_of_letter(stored: StoredDeadLetter) -> Counter[str]:
    """The like of a dead letter."""
    found = Counter({"dead_letters_stored": 1, "dead_letter_bytes_stored": len(stored.letter.payload)})
    found.update(f"rows_of_{table}" for table, _ in rows_of_stored_dead_letter(stored))
    return found
