"""A digest of what the parser reads: of all layouts as declared, and of what is made of documents that never change."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from tests import stored_rows
from transforms.families import FAMILIES
from transforms.families.family import Family
from transforms.model import RawDocument, Record
from transforms.parse.layout import Layout
from transforms.parse.parser import parse
from transforms.parse.registry import LAYOUTS

# Documents of every type, as they were kept first: a later file makes no other parser.
DOCUMENTS = stored_rows.FOLDER / "2026-11-29.json.gz"


def digest(layouts: Iterable[Layout] = LAYOUTS.values()) -> str:
    """The digest of this release's parser."""
    said = {
        "layouts": {layout.name: declared(vars(layout)) for layout in layouts},
        "events": {name: declared(family.event_names) for name, family in FAMILIES.items()},
        "documents": [read(payload) for payload in stored_rows.payloads(DOCUMENTS)],
    }
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def read(payload: bytes) -> list[Any]:
    """What is made of a document, where it came from aside."""
    found = parse(RawDocument(payload, "", 0))
    return [list(one.entry._replace(parser=0)) for one in found if isinstance(one, Record)]


def declared(value: Any) -> Any:
    """A declaration as JSON: functions by their names, patterns by their text."""
    if isinstance(value, Family):
        return value.name
    if isinstance(value, Mapping):
        return {str(name): declared(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [declared(inner) for inner in value]
    if isinstance(value, re.Pattern):
        return value.pattern
    return getattr(value, "__name__", "") if callable(value) else value
