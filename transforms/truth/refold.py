"""What is derived of a history, its state and its changes' ends, made anew from its records. Pure, no I/O.

Records are what was received and stay as they are. A change that says what was known at its time stays too; but the
last one must end in the fold of all records, and each must begin where the one before it ended, or counts, which are
sums over changes, do not add up.
"""

from __future__ import annotations

from typing import NamedTuple

from transforms.history.fold import Folded, fold
from transforms.history.head import head_of
from transforms.model import Change, Fields
from transforms.truth import row_keys, rows
from transforms.truth.codec import Codec
from transforms.truth.read import History, decode_history
from transforms.truth.transaction import Check, Completed, Read, Transaction


class Refold(NamedTuple):
    """What a history must say; ``changes`` are those that say something else now."""

    folded: Folded
    state_differs: bool
    changes: tuple[Change, ...]

    @property
    def needed(self) -> bool:
        """Whether anything has to be written."""
        return self.state_differs or bool(self.changes)


class Refolded(NamedTuple):
    """What became of a key: whether its state was written anew, and how many of its changes."""

    key: str
    state: bool
    changes: int


def folded_of(history: History) -> Folded:
    """The fold of all records of a history."""
    return fold(record.entry for record in history.records)


def head_of_history(history: History, folded: Folded | None = None) -> Fields | None:
    """What is known of the document that speaks for the key of a history; ``folded`` is its fold."""
    headline = (folded or folded_of(history)).headline
    if headline is None:
        return None
    (first,) = (one.change for one in history.records if one.entry.record_id == headline.record_id)
    return head_of(headline, first.received_at)


def refold_of(history: History) -> Refold:
    """What has to be written for a history that has all its changes to agree with its records."""
    folded = folded_of(history)
    changes = []
    before: Change | None = None
    for change in history.changes:
        right = change._replace(
            before=before.after if before else None, dimensions_before=before.dimensions_after if before else None
        )
        if change.revision == history.revision:
            head = head_of_history(history, folded)
            right = right._replace(after=folded.state, dimensions_after=folded.dimensions, head=head)
        if right != change:
            changes.append(right)
        before = right
    return Refold(folded, history.state != folded.state, tuple(changes))


def has_all_changes(history: History) -> bool:
    """Whether there is a change for each revision, and no other."""
    return [change.revision for change in history.changes] == list(range(1, history.revision + 1))


def refold(codec: Codec, key: str) -> Transaction:
    """Steps that mend the row of a key as one mutation, again when another writer was first; ends in ``Refolded``."""
    row = row_keys.row_key(key)
    conflicts = 0
    while True:
        cells = yield Read(row)
        assert isinstance(cells, dict)
        history, head = decode_history(codec, key, cells), rows.head_of(cells)
        plan = refold_of(history) if history and has_all_changes(history) else None
        if head is None or plan is None or not plan.needed:
            return Completed(Refolded(key, False, 0), conflicts, 0)
        written = (
            *rows.state_cells(codec, head.revision, plan.folded, head.size),
            *(rows.change_cell(codec, change) for change in plan.changes),
        )
        if (yield Check(row, head.revision, written)):
            result = Refolded(key, plan.state_differs, len(plan.changes))
            return Completed(result, conflicts, rows.stored_bytes(written))
        conflicts += 1
