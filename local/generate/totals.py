"""What a job must count for a set of generated inputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from local.generate.document import DEAD, Generated
from local.generate.stream import leaves
from transforms.model import DOCUMENT, EVENT


@dataclass
class Totals:
    """Expected counts, added up input by input in constant memory.

    ``inputs`` = documents + events + voided ranges + dead letters, where an entry of a container is an input.
    ``files`` counts the containers instead. ``duplicates`` are inputs whose bytes came before, ``records`` those
    whose bytes did not, ``keys`` the distinct access keys and Ids of voided ranges.
    """

    files: int = 0
    inputs: int = 0
    documents: int = 0
    events: int = 0
    voided_ranges: int = 0
    duplicates: int = 0
    records: int = 0
    keys: int = 0
    payload_bytes: int = 0
    dead_letters: dict[str, int] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    _history: int = -1
    _keys: set[str] = field(default_factory=set)

    def add(self, generated: Generated) -> None:
        """Count one generated input; histories must come one after the other, as the streams give them."""
        self.files += 1
        self.payload_bytes += len(generated.payload)
        for leaf in leaves(generated):
            self._add(leaf, generated.history, generated.duplicate)

    def _add(self, leaf: Generated, history: int, duplicate: bool) -> None:
        self.inputs += 1
        if leaf.kind == DEAD:
            self.dead_letters[leaf.code] = self.dead_letters.get(leaf.code, 0) + 1
            return
        self.types[leaf.what] = self.types.get(leaf.what, 0) + 1
        if leaf.kind == DOCUMENT:
            self.documents += 1
        elif leaf.kind == EVENT:
            self.events += 1
        else:
            self.voided_ranges += 1
        if duplicate:
            self.duplicates += 1
            return
        self.records += 1
        if history != self._history:
            self._history = history
            self._keys = set()
        if leaf.key not in self._keys:
            self._keys.add(leaf.key)
            self.keys += 1

    def as_json(self) -> dict[str, Any]:
        """The counts as JSON values, types and codes in order."""
        names = ("files", "inputs", "documents", "events", "voided_ranges", "records", "duplicates", "keys")
        values: dict[str, Any] = {name: getattr(self, name) for name in names}
        values["payload_bytes"] = self.payload_bytes
        values["dead_letters"] = dict(sorted(self.dead_letters.items()))
        values["types"] = dict(sorted(self.types.items()))
        return values
