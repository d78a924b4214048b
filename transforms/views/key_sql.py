"""GoogleSQL expressions for the parts of an access key, made of ``transforms.access_key.KINDS``. Pure."""

from __future__ import annotations

from transforms import access_key
from transforms.access_key import KeyKind


def model(key: str) -> str:
    """The model of a key, like ``access_key.model_of``; ``key`` is an SQL expression."""
    cases = [f"WHEN {kind.length} THEN '{kind.model}'" for kind in access_key.KINDS.values() if kind.model]
    return f"CASE LENGTH({key}) {' '.join(cases)} ELSE {_characters(key, access_key.SEFAZ, 'model')} END"


def part(key: str, name: str) -> str:
    """A part of the key by its name in ``AccessKey``; null where keys of its kind have no such part."""
    cases = [
        f"WHEN {_is_of(key, kind)} THEN {_characters(key, kind, name)}"
        for kind in access_key.KINDS.values()
        if kind is not access_key.SEFAZ
    ]
    return f"CASE {' '.join(cases)} ELSE {_characters(key, access_key.SEFAZ, name)} END"


def row_start(key: str) -> str:
    """The beginning of the key's row key, at least state, month and issuer, like ``access_key.to_row``."""
    kind = access_key.NFSE
    parts = ", ".join(_characters(key, kind, name) for name in ("uf_code", "year_month", "issuer"))
    return f"IF({_is_of(key, kind)}, CONCAT({parts}), {key})"


def _is_of(key: str, kind: KeyKind) -> str:
    if kind is access_key.SAT:
        return f"LENGTH({key}) = {kind.length} AND {_characters(key, kind, 'model')} = '{access_key.MODEL_OF_SAT}'"
    return f"LENGTH({key}) = {kind.length}"


def _characters(key: str, kind: KeyKind, name: str) -> str:
    if name not in kind.places:
        return "CAST(NULL AS STRING)"
    start, end = kind.places[name]
    return f"SUBSTR({key}, {start + 1}, {end - start})"
