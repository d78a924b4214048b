"""One command that mends all that a reconciliation found. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

REFOLD, REBUILD = "refold", "rebuild"
# As many keys as a line takes; more go by way of a file, or are all gone through.
_IN_A_LINE = 5

Command = tuple[str, ...]


class Mending(NamedTuple):
    """What has to be done, put together.

    ``keys``: those that a job can be confined to. ``everything``: a whole rebuild is needed. ``refolds``: states are
    folded again, before. ``lost``: differences that no job mends.
    """

    keys: tuple[str, ...] = ()
    refolds: bool = False
    rebuilds: bool = False
    everything: bool = False
    lost: int = 0

    def commands(self, file: str = "") -> list[Command]:
        """Jobs with their arguments, one after the other. ``file``: where the keys were written, if anywhere."""
        chosen = ("--keys", f"@{file}" if file else ",".join(self.keys))
        confined = bool(self.keys) and bool(file or len(self.keys) <= _IN_A_LINE)
        found = [(REFOLD, *(chosen if confined else ()))] if self.refolds else []
        if self.rebuilds:
            found.append((REBUILD, *(chosen if confined and not self.everything else ())))
        return found


def mending_of(found: Iterable[Mapping[str, str]]) -> Mending:
    """What mends differences, by the ``mend`` that each of them names."""
    keys: dict[str, None] = {}
    refolds = rebuilds = everything = False
    lost = 0
    for one in found:
        jobs = [part for part in one["mend"].split(" && ") if REFOLD in part or REBUILD in part]
        if not jobs:
            lost += 1
        for job in jobs:
            confined = "--keys" in job
            refolds |= REFOLD in job
            rebuilds |= REBUILD in job
            everything |= REBUILD in job and not confined
            if confined:
                keys[one["key"]] = None
    return Mending(tuple(keys), refolds, rebuilds, everything, lost)
