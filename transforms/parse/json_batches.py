"""Answers of services that speak JSON: documents as base64 of gzip, or as text, in the values of objects.

The distribution of NFS-e (ADN) hands out ``{"LoteDFe": [{"NSU": 1, "ChaveAcesso": "...", "TipoDocumento": "NFSE",
"ArquivoXml": "H4sI..."}]}``, the service that issues them ``{"chaveAcesso": "...", "nfseXmlGZipB64": "H4sI..."}``.
Each such value is an input of its own, like an entry of an XML envelope; its origin has the NSU, if there is one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from transforms.parse import codes
from transforms.parse.codes import Unparsable
from transforms.parse.envelopes import GZIP_IN_BASE64, Enclosed, unpack

_OPENINGS = (b"{", b"[")
_BEFORE_JSON = b"\xef\xbb\xbf \t\r\n"
# What an answer without a document says: the texts under these names.
_SAID = ("StatusProcessamento", "Erros", "erros", "Alertas", "mensagem", "message")
# Names that only these services use: other JSON is no fiscal message.
_KNOWN = frozenset(("StatusProcessamento", "LoteDFe", "ArquivoXml", "tipoAmbiente", "chaveAcesso", "idDps"))
_MAX_TEXT = 300


class Batch(NamedTuple):
    """Entries of an answer, and what it says."""

    entries: list[Enclosed]
    answer: str


def is_json(payload: bytes) -> bool:
    """Whether the input may be JSON: it begins with an object or a list."""
    return payload.lstrip(_BEFORE_JSON)[:1] in _OPENINGS


def split(payload: bytes, max_bytes: int) -> Batch | None:
    """The entries of an answer; None for what is not JSON, or not an answer of a known service.

    An entry that unpacks to more than ``max_bytes`` is refused, as are all after ten times that much.
    """
    if len(payload) > max_bytes:
        raise Unparsable(codes.TOO_LARGE, f"{len(payload)} bytes, the limit is {max_bytes}")
    content = _loaded(payload.lstrip(_BEFORE_JSON))
    if content is None:
        return None
    entries: list[Enclosed] = []
    budget = 10 * max_bytes
    is_known = False
    for found in _objects(content):
        is_known |= not _KNOWN.isdisjoint(found)
        for name, value in found.items():
            if not isinstance(value, str) or not _is_document(value):
                continue
            nsu = found.get("NSU")
            suffix = f"NSU={nsu}" if isinstance(nsu, int | str) else f"{name}[{len(entries) + 1}]"
            try:
                unpacked = _bytes_of(value, min(max_bytes, budget))
                budget -= len(unpacked)
                entries.append(Enclosed(suffix, unpacked))
            except Unparsable as refused:
                entries.append(Enclosed(suffix, value.encode(), refused))
    if not entries and not is_known:
        return None
    said = [f"{name}: {content[name]}" for name in _SAID if isinstance(content, dict) and content.get(name)]
    return Batch(entries, "; ".join(said)[:_MAX_TEXT])


def _loaded(text: bytes) -> Any:
    """The value, or a list of one per line; None for what is not JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            return [orjson.loads(line) for line in lines] if len(lines) > 1 else None
        except orjson.JSONDecodeError:
            return None


def _objects(content: Any) -> Iterator[dict[str, Any]]:
    """Every object in it, outer ones first."""
    ahead = deque([content])
    while ahead:
        one = ahead.popleft()
        if isinstance(one, dict):
            yield one
            ahead += one.values()
        elif isinstance(one, list):
            ahead += one


def _is_document(value: str) -> bool:
    start = value[:64].lstrip()
    return start.startswith((GZIP_IN_BASE64, "<"))


def _bytes_of(value: str, limit: int) -> bytes:
    return unpack(value, limit) if value.lstrip().startswith(GZIP_IN_BASE64) else value.encode()
