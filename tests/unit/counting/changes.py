"""Changes of generated histories, and what they count."""

from __future__ import annotations

from decimal import Decimal

from transforms.counting.contributions import Amount, CountKey, add, contributions
from transforms.history.fold import fold
from transforms.model import Change, Entry


def changes_of(history: list[Entry]) -> list[Change]:
    """The changes that the records make when they are applied in the given order."""
    changes = []
    before = None
    for revision, entry in enumerate(history, 1):
        after = fold(history[:revision])
        changes.append(
            Change(
                entry.key,
                revision,
                entry.record_id,
                "run",
                "origin",
                "job",
                0,
                0,
                before.state if before else None,
                after.state,
                before.dimensions if before else None,
                after.dimensions,
            )  # fmt: skip
        )
        before = after
    return changes


def counted(changes: list[Change]) -> dict[CountKey, Amount]:
    counts: dict[CountKey, Amount] = {}
    for change in changes:
        for key, amount in contributions(change):
            counts[key] = add(counts.get(key, Amount(0, Decimal(0))), amount)
    return {key: amount for key, amount in counts.items() if amount != (0, 0)}
