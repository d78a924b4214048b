"""Parsing never raises, and loses nothing, whatever it is given."""

from __future__ import annotations

import base64
import gzip
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.parse.samples import NFE_NS, event, nfe, parsed, processed, raw, refused
from transforms.model import DeadLetter, RawDocument, Record
from transforms.parse import parser
from transforms.parse.codes import DEAD_LETTER_CODES, FINDINGS
from transforms.parse.parser import ParseOptions, parse

PACKED = base64.b64encode(gzip.compress(nfe().encode())).decode()
SEEDS = (
    processed().encode(),
    event().encode(),
    f'<enviNFe xmlns="{NFE_NS}">{nfe()}{nfe()}</enviNFe>'.encode(),
    f'<retDistDFeInt><docZip NSU="1">{PACKED}</docZip></retDistDFeInt>'.encode(),
    processed().encode("utf-16"),
    ('<?xml version="1.0" encoding="ISO-8859-1"?>' + processed()).encode("latin-1"),
)


def assert_accounted_for(payload: bytes, options: ParseOptions) -> None:
    found = parse(raw(payload), options)
    assert found
    for result in found:
        if isinstance(result, DeadLetter):
            assert result.code in DEAD_LETTER_CODES
            assert result.code != "parser_error", result.message
            assert result.message
        else:
            assert isinstance(result, Record)
            assert set(result.entry.findings) <= set(FINDINGS)
            assert not any(name.startswith("_") for name in result.entry.fields)
            assert None not in result.entry.fields.values() and "" not in result.entry.fields.values()
        assert _document_of(result).origin.startswith("o")
    if len(found) == 1 and _document_of(found[0]).origin == "o":
        assert _document_of(found[0]).payload == payload


def _document_of(result: Record | DeadLetter) -> RawDocument | DeadLetter:
    return result.raw if isinstance(result, Record) else result


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_random_bytes(payload: bytes) -> None:
    assert_accounted_for(payload, ParseOptions())


@settings(max_examples=500)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 30), st.binary(max_size=6)), min_size=1, max_size=5),
    st.booleans(),
)
def test_mutated_documents(payload: bytes, changes: list[tuple[int, int, bytes]], strict: bool) -> None:
    for at, length, piece in changes:
        at %= len(payload) + 1
        payload = payload[:at] + piece + payload[at + length :]
    assert_accounted_for(payload, ParseOptions(strict=strict, max_bytes=20_000))


TAGS = st.sampled_from(
    ["nfeProc", "NFe", "infNFe", "ide", "emit", "det", "prod", "total", "ICMSTot", "vNF", "nNF", "serie", "dhEmi",
     "protNFe", "infProt", "chNFe", "procEventoNFe", "evento", "retEvento", "infEvento", "detEvento", "tpEvento",
     "retEnviNFe", "docZip", "inutNFe", "infInut", "cUF", "ano", "nNFIni", "CTe", "infCte", "resNFe", "x"]
)  # fmt: skip
LEAVES = st.sampled_from(["", "1", "55", "x", "2026-03-01", "3" * 44, "2026-03-01T00:00:00-03:00", "&amp;", PACKED])


def element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    ids = st.sampled_from(["", ' Id="NFe' + "3" * 44 + '"', ' Id="ID"', f' xmlns="{NFE_NS}"'])
    return st.builds(
        lambda tag, id_, inner: f"<{tag}{id_}>{''.join(inner)}</{tag}>", TAGS, ids, st.lists(children, max_size=4)
    )


@settings(max_examples=400)
@given(element(st.recursive(LEAVES, element, max_leaves=25)))
def test_elements_in_any_nesting(xml: str) -> None:
    assert_accounted_for(xml.encode(), ParseOptions())


def test_a_defect_of_the_parser_is_a_dead_letter_with_its_trace() -> None:
    with patch.object(parser, "entry_of", side_effect=ZeroDivisionError("boom")):
        dead = refused(nfe())
    assert dead.code == "parser_error"
    assert "ZeroDivisionError: boom" in dead.message
    assert len(dead.message) <= 2000
    assert parsed(nfe()).kind == "document"
