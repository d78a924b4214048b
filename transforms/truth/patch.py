"""Patches that lead from a JSON value back to an earlier one, as small as the difference. Pure.

The patch of an object has the earlier values that differ, by name, and ``None`` where there was none (fields hold no
nulls); that of a list of objects, if the length is the same, has a patch of each that differs, under ``#`` and its
number; anything else is the whole earlier value, an object under ``=``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_AT, _WHOLE = "#", "="


def back(now: Any, before: Any) -> Any:
    """The patch with which ``apply`` turns ``now`` into ``before``."""
    if isinstance(now, dict) and isinstance(before, dict):
        return {name: _back_of(name, now, before) for name in _differing(now, before)}
    if _are_alike(now, before):
        pairs = enumerate(zip(now, before, strict=True))
        return {f"{_AT}{number}": back(*pair) for number, pair in pairs if pair[0] != pair[1]}
    return {_WHOLE: before} if isinstance(before, dict) else before


def _differing(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    return sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))


def _back_of(name: str, now: dict[str, Any], before: dict[str, Any]) -> Any:
    return back(now.get(name), before[name]) if name in before else None


def _are_alike(now: Any, before: Any) -> bool:
    """Whether both are lists of objects, of the same length."""
    lists = isinstance(now, list) and isinstance(before, list) and len(now) == len(before)
    return lists and all(isinstance(one, dict) for one in (*now, *before))


def apply(now: Any, patch: Any) -> Any:
    """The earlier value: ``now`` with the patch applied."""
    if not isinstance(patch, dict):
        return patch
    if _WHOLE in patch:
        return patch[_WHOLE]
    if isinstance(now, list):
        before = list(now)
        for name, part in patch.items():
            before[_number(name)] = apply(before[_number(name)], part)
        return before
    fields = dict(now)
    for name, part in patch.items():
        if part is None:
            del fields[name]
        else:
            fields[name] = apply(fields.get(name), part)
    return fields


def names(patch: Any, now: Any) -> Iterator[str]:
    """Names of what differs; those inside of objects and lists are joined by dots: ``items.total``."""
    yield from sorted(set(_names(patch, now, "")))


def _names(patch: Any, now: Any, place: str) -> Iterator[str]:
    if not isinstance(patch, dict) or _WHOLE in patch:
        yield place
    elif isinstance(now, list):
        for name, part in patch.items():
            yield from _names(part, now[_number(name)], place)
    else:
        for name, part in patch.items():
            yield from _names(part, now.get(name), f"{place}.{name}" if place else name)


def _number(name: str) -> int:
    return int(name.removeprefix(_AT))
