"""Whether two engines gave the same rows."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

# Approximate percentiles of few values may be either of two neighbours.
_APPROXIMATE = re.compile(r"lag_p\d+")
_ORDERED = re.compile(r"\bORDER BY ([^()]*)$")


def assert_same(local: Sequence[dict[str, Any]], google: Sequence[dict[str, Any]], statement: str) -> None:
    """The same columns in the same order, and the same rows: in their order where the statement has one.

    Rows that are equal in what they are ordered by may stand in any order, on either engine.
    """
    if local and google:
        assert list(local[0]) == list(google[0]), f"columns differ: {statement}"
    left, right = [_text(row) for row in local], [_text(row) for row in google]
    ordered = _ORDERED.search(statement.strip())
    if ordered:
        names = [word.split()[0] for word in ordered[1].split(",")]
        if all(name in row for name in names for row in (*local, *google)):
            assert _only(local, names) == _only(google, names), f"the order differs: {statement}"
        else:
            assert left == right, f"rows differ, or their order: {statement}"
    ours, theirs = Counter(left) - Counter(right), Counter(right) - Counter(left)
    if ours or theirs:
        shown = "\n".join([*(f"local only:  {row}" for row in ours), *(f"Google only: {row}" for row in theirs)][:20])
        raise AssertionError(f"rows differ: {statement}\n{shown}")


def _only(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> list[str]:
    return [_text({name: row[name] for name in names}) for row in rows]


def _text(row: dict[str, Any]) -> str:
    said = {name: _plain(value) for name, value in row.items() if not _APPROXIMATE.fullmatch(name)}
    return json.dumps(said, default=str, sort_keys=True)


def _plain(value: Any) -> Any:
    """Numbers by value, whatever their type or trailing zeros; sums of floating point to twelve digits."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        return format(Decimal(f"{value:.12g}").normalize(), "f")
    if isinstance(value, int | Decimal):
        return format(Decimal(value).normalize(), "f")
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value
