"""What the source of truth and the tables must agree on, as short texts that both sides can make. Pure.

A *fact* is what a row says, as far as it is compared: which key, which row of it, and a text of its main columns, as
``fact_columns`` lists them for SQL and for here. Facts are summed up by bucket (the last characters of the
key) so that two sides of any size are compared by a few sums, and only buckets that differ are looked into.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from transforms import access_key
from transforms.reconcile.fact_columns import FACT_COLUMNS, FactColumn, amount_text
from transforms.truth.dead_letters import DONE, StoredDeadLetter
from transforms.truth.read import History
from transforms.truth.refold import folded_of, has_all_changes
from transforms.views import schema
from transforms.views.stored import rows_of_history

MISSING_ROW = "missing_row"
SURPLUS_ROW = "surplus_row"
WRONG_ROW = "wrong_row"
DOUBLED_ROW = "doubled_row"
WRONG_COUNT = "wrong_count"
STATE_IS_NOT_FOLD = "state_is_not_fold"
BROKEN_CHANGES = "broken_changes"

_REBUILD = "python -m pipelines.rebuild"
_REFOLD = "python -m pipelines.refold"
_RESTORE = "no job can make lost changes again: restore the row from a backup"


class Fact(NamedTuple):
    """What one row says. ``identity`` tells the rows of a key apart; ``day`` is known to the source of truth alone."""

    table: str
    key: str
    identity: str
    text: str
    day: str = ""


class Digest(NamedTuple):
    """Sums over the distinct facts of a bucket; equal for equal sets, in whatever order."""

    facts: int
    first: int
    second: int


class Difference(NamedTuple):
    """One thing that is wrong, and what mends it."""

    what: str
    table: str
    key: str
    identity: str
    day: str
    issuer: str
    detail: str
    mend: str


def facts_of_history(history: History) -> Iterator[Fact]:
    """A fact for each row that the tables must have of a key."""
    day = _day(history)
    for table, row in rows_of_history(history):
        if "moved_to_month" in row:
            continue
        yield fact_of_row(table, row)._replace(day=day)


def _day(history: History) -> str:
    changes = history.changes
    return changes[-1].dimensions_after.get("day", "") if changes else ""


def fact_of_dead_letter(stored: StoredDeadLetter) -> Fact:
    """The fact of a dead letter: that it is there, and whether a redrive made a record of it."""
    redriven_at = stored.redrive.at if stored.redrive is not None and stored.redrive.state == DONE else None
    return fact_of_row(schema.DEAD_LETTERS, {"dead_letter_id": stored.dead_letter_id, "redriven_at": redriven_at})


def fact_of_row(table: str, row: Mapping[str, Any]) -> Fact:
    """The fact of a row of a table."""
    compared = FACT_COLUMNS[table]
    key, identity = row[compared.key], _joined(compared.identity, row)
    return Fact(table, key, identity, "|".join((key, identity, _joined(compared.said, row))))


def _joined(parts: Iterable[FactColumn], row: Mapping[str, Any]) -> str:
    return "|".join(part.of_row(row) for part in parts)


def count_text(key: tuple[str, ...], documents: int, total: str) -> str:
    """What a count says; ``total`` in BRL as decimal text. ``queries`` has the same in SQL."""
    return "|".join((*key, str(documents), amount_text(total)))


def count_bucket(key: tuple[str, ...], characters: int) -> str:
    """The bucket of a count: the first characters of its key's digest, as the end of a key tells nothing of a count."""
    return hashlib.sha256("|".join(key).encode()).hexdigest()[:characters]


def bucket_of(key: str, characters: int) -> str:
    """The bucket of a key."""
    return key[-characters:]


def digest_of(text: str) -> Digest:
    """The digest of a single fact."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Digest(1, int(digest[:8], 16), int(digest[8:16], 16))


def add(digests: Iterable[Digest]) -> Digest:
    """The digest of the union of disjoint sets."""
    facts = first = second = 0
    for digest in digests:
        facts, first, second = facts + digest[0], first + digest[1], second + digest[2]
    return Digest(facts, first, second)


def compare(stored: Iterable[Fact], served: Iterable[Fact]) -> Iterator[Difference]:
    """What differs of one row: ``stored`` are the facts that the source of truth has of it, ``served`` its rows'."""
    wanted = {fact.text: fact for fact in stored}
    found = {fact.text: fact for fact in served}
    wrong = [fact for text, fact in found.items() if text not in wanted]
    if wanted and not found:
        fact = next(iter(wanted.values()))
        part = fact.table != schema.DEAD_LETTERS
        mend = f"{_REBUILD} --keys {fact.key}" if part else _REBUILD
        yield difference(MISSING_ROW, fact, "Bigtable has it, BigQuery has not", mend)
    elif found and not wanted:
        fact = next(iter(found.values()))
        yield difference(SURPLUS_ROW, fact, f"BigQuery has it, Bigtable has not: {fact.text}", _REBUILD)
    elif wrong:
        fact = next(iter(wanted.values()))
        what = WRONG_ROW if len(found) == len(wrong) else DOUBLED_ROW
        yield difference(what, fact, f"BigQuery says {wrong[0].text}, Bigtable {fact.text}", _REBUILD)


def doubled(table: str, key: str, identity: str, contents: int) -> Difference:
    """The difference that a row exists with several contents."""
    fact = Fact(table, key, identity, "")
    return difference(DOUBLED_ROW, fact, f"{contents} rows of one id, each with another content", _REBUILD)


def wrong_count(key: tuple[str, ...], expected: str, view: str, bigtable: str) -> Difference:
    """A count that is not what the changes add up to; amounts as ``documents/total``."""
    dimension, value, model, environment, status, day, month, *codes = key
    identity = "/".join((dimension, value, model, environment, status, day or month, *codes))
    detail = f"changes add up to {expected}, BigQuery says {view}, Bigtable {bigtable}"
    issuer = value if dimension == "issuer" else ""
    return Difference(WRONG_COUNT, schema.COUNTS, "", identity, day or month, issuer, detail, _REBUILD)


def check_history(history: History) -> Iterator[Difference]:
    """Whether the row of a key agrees with itself: its state with its records, its changes with its revision."""
    fact = Fact(
        "", history.key, "", "", history.records[-1].change.dimensions_after.get("day", "") if history.records else ""
    )
    if not has_all_changes(history):
        detail = f"revision {history.revision}, but changes {[change.revision for change in history.changes]}"
        yield difference(BROKEN_CHANGES, fact, detail, _RESTORE)
        return
    state_alone = f"{_REFOLD} --keys {history.key}"
    with_changes = f"{state_alone} && {_REBUILD}"
    folded, last = folded_of(history), history.changes[-1]
    said = (
        ("state", history.state, folded.state, state_alone),
        ("last change", last.after, folded.state, with_changes),
        ("last change's dimensions", last.dimensions_after, folded.dimensions, with_changes),
    )
    for name, found, right, mend in said:
        if found != right:
            detail = f"the {name} says {_shown(found, right)}, its records {_shown(right, found)}"
            yield difference(STATE_IS_NOT_FOLD, fact._replace(identity=name), detail, mend)
    for before, after in zip((None, *history.changes), history.changes, strict=False):
        ended = (before.after, before.dimensions_after) if before else (None, None)
        if (after.before, after.dimensions_before) != ended:
            one = fact._replace(identity=str(after.revision))
            detail = f"change {after.revision} does not begin where the one before it ended"
            yield difference(BROKEN_CHANGES, one, detail, with_changes)


def _shown(state: dict[str, Any], other: dict[str, Any]) -> str:
    return ", ".join(
        f"{name}={state.get(name)}" for name in sorted({*state, *other}) if state.get(name) != other.get(name)
    )


def difference(what: str, fact: Fact, detail: str, mend: str) -> Difference:
    """A difference about a fact, with the day and the issuer that its key tells."""
    day, issuer = fact.day, ""
    if access_key.is_access_key(fact.key):
        parts = access_key.split(fact.key)
        day, issuer = day or (parts.month or ""), parts.issuer_id
    return Difference(what, fact.table, fact.key, fact.identity, day, issuer, detail, mend)
