"""Generated documents and what becomes of them on the way, as input of the benchmarks."""

from __future__ import annotations

from collections.abc import Iterator

from local.generate.stream import documents, leaves
from transforms.model import RawDocument, Record
from transforms.parse.parser import parse

RECEIVED_AT = 1_770_000_000_000_000
_SEED = 11


def raw_documents() -> Iterator[RawDocument]:
    """Inputs without end, of the generator's mix of types; none broken, none twice."""
    for generated in documents(_SEED):
        for leaf in leaves(generated):
            yield RawDocument(leaf.payload, f"bench.zip#{leaf.name}", RECEIVED_AT)


def first_records(count: int) -> list[Record]:
    """The first record of each of that many keys: what a row of the source of truth usually begins with."""
    found: dict[str, Record] = {}
    for raw in raw_documents():
        for parsed in parse(raw):
            if isinstance(parsed, Record):
                found.setdefault(parsed.entry.key, parsed)
        if len(found) >= count:
            break
    return list(found.values())[:count]
