"""Fields of a fiscal document by ``xmltodict``: key, kind, status, issuer, total and instant of issue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict

COLUMNS = ("access_key", "kind", "status", "issuer_id", "total", "issued_at", "file")
TABLE, FAMILY = "usual_documents", "d"

_STATUS_OF_EVENT = {"110111": "cancelled", "110112": "cancelled"}
_STATUS_OF_PROTOCOL = {"100": "authorised", "150": "authorised", "110": "denied", "301": "denied", "302": "denied"}
_KEYS = ("chNFe", "chCTe", "chMDFe", "chBPe", "chNF3e", "chNFCom")
_TOTALS = ("vNF", "vTPrest", "vCarga")


def fields(payload: bytes, file: str) -> dict[str, Any] | None:
    """A row of ``COLUMNS``, values as text; None for what is passed over: no XML to expat, or without an access key."""
    try:
        tree = xmltodict.parse(payload)
    except ExpatError:
        return None
    event = next(_named(tree, ("infEvento",)), None)
    scope = event if isinstance(event, Mapping) else tree
    key = next(_named(scope, _KEYS), None) or _key_of_id(tree)
    if not isinstance(key, str):
        return None
    if event is None:
        kind, status = "document", _STATUS_OF_PROTOCOL.get(str(next(_named(tree, ("cStat",)), "")))
    else:
        kind, status = "event", _STATUS_OF_EVENT.get(str(next(_named(scope, ("tpEvento",)), "")))
    issuer = next(_named(tree, ("emit",)), None)
    return {
        "access_key": key,
        "kind": kind,
        "status": status,
        "issuer_id": issuer.get("CNPJ") if isinstance(issuer, Mapping) else None,
        "total": next(_named(tree, _TOTALS), None),
        "issued_at": next(_named(scope, ("dhEmi", "dhEvento")), None),
        "file": file,
    }


def _key_of_id(tree: Any) -> str | None:
    """The key in the ``Id`` of what was not processed yet."""
    found = next(_named(tree, ("@Id",)), None)
    return found[-44:] if isinstance(found, str) and len(found) >= 44 else None


def _named(tree: Any, names: tuple[str, ...]) -> Iterator[Any]:
    """What elements of these names hold, at any depth, in the order of the document."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            if name.rpartition(":")[2] in names:
                yield value
            yield from _named(value, names)
    elif isinstance(tree, list):
        for one in tree:
            yield from _named(one, names)
