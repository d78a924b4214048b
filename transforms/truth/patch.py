"""The way back from a JSON value to what was there before it, as small as what differs. Pure.

Of objects it holds what differs, by name, and ``None`` where there was nothing (fields hold no nulls); of lists of
objects of one length what differs of each, by ``#`` and its number; anything else is what it was, whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_AT = "#"


def back(now: Any, before: Any) -> Any:
    """What ``apply`` makes ``before`` of ``now`` with."""
    if isinstance(now, dict) and isinstance(before, dict):
        return {name: _back_of(name, now, before) for name in _differing(now, before)}
    if _are_alike(now, before):
        pairs = enumerate(zip(now, before, strict=True))
        return {f"{_AT}{number}": back(*pair) for number, pair in pairs if pair[0] != pair[1]}
    return before


def _differing(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    return sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))


def _back_of(name: str, now: dict[str, Any], before: dict[str, Any]) -> Any:
    if name not in before:
        return None
    return back(now[name], before[name]) if name in now else before[name]


def _are_alike(now: Any, before: Any) -> bool:
    """Whether both are lists of as many objects."""
    lists = isinstance(now, list) and isinstance(before, list) and len(now) == len(before)
    return lists and all(isinstance(one, dict) for one in (*now, *before))


def apply(now: Any, patch: Any) -> Any:
    """What was there before."""
    if not isinstance(patch, dict):
        return patch
    if isinstance(now, list) and all(name.startswith(_AT) for name in patch):
        before = list(now)
        for name, part in patch.items():
            number = int(name.removeprefix(_AT))
            before[number] = apply(before[number], part)
        return before
    fields = dict(now) if isinstance(now, dict) else {}
    for name, part in patch.items():
        if part is None:
            fields.pop(name, None)
        else:
            fields[name] = apply(fields.get(name), part)
    return fields


def names(patch: Any, now: Any) -> Iterator[str]:
    """Names of what differs; those inside of objects and lists are joined by dots: ``items.total``."""
    if not isinstance(patch, dict):
        return
    for name, part in patch.items():
        inner = now[int(name.removeprefix(_AT))] if isinstance(now, list) else now.get(name)
        within = set(names(part, inner)) if isinstance(inner, (dict, list)) else set()
        shown = "" if isinstance(now, list) else name
        if within:
            yield from (f"{shown}.{one}" if shown else one for one in sorted(within))
        elif shown:
            yield shown
