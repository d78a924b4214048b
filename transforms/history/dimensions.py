"""What counting groups a key by, from the record that speaks for it and from the key itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from transforms import access_key
from transforms.model import Fields

# What every count is told apart by, whichever of the parties it is of. One more is one more name here, a field of
# ``CountKey`` in ``transforms.counting``, and its columns in the tables ``changes`` (before and after) and ``counts``.
COUNTED_BY = ("model", "environment", "status", "day", "month", "operation_type", "purpose")
DIMENSIONS = (*COUNTED_BY, "uf", "issuer_id", "recipient_id")
# Those that are codes of SEFAZ: tpAmb, tpNF (of an NF-e 0 entry, 1 exit) and finNFe, of a CT-e tpCTe.
CODES = ("environment", "operation_type", "purpose")


class _HasFields(Protocol):
    @property
    def fields(self) -> Fields: ...


def dimensions_of(key: str, headline: Fields | None, history: Iterable[_HasFields], state: Fields) -> Fields:
    """Dimensions of a key, absent where unknown, with ``total`` (BRL, decimal text).

    The headline document's fields come first; what it lacks (or all, for a key known by events alone) is read off
    the access key. ``day`` is the local date of issue as written in the document, ``month`` its first of month.
    """
    fields = headline or {}
    result: Fields = {"status": state["status"]}
    for name in ("model", "uf", "issuer_id", "recipient_id", "operation_type", "purpose", "total"):
        if name in fields:
            result[name] = fields[name]
    if access_key.is_access_key(key):
        _fill_from_key(result, access_key.split(key))
    if "issued_on" in fields:
        result["day"] = fields["issued_on"]
        result["month"] = fields["issued_on"][:7] + "-01"
    elif "year" in fields:
        result.setdefault("month", f"{fields['year']:04d}-01-01")
    environments = [e.fields["environment"] for e in history if "environment" in e.fields]
    if "environment" in fields:
        result["environment"] = fields["environment"]
    elif environments:
        result["environment"] = min(environments)
    return result


def _fill_from_key(result: Fields, parts: access_key.AccessKey) -> None:
    result.setdefault("model", parts.model)
    result.setdefault("issuer_id", parts.issuer_id)
    if parts.uf:
        result.setdefault("uf", parts.uf)
    if parts.month:
        result["month"] = parts.month
