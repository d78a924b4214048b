from __future__ import annotations

import gzip
import zlib
from base64 import b64decode
from xml.parsers import expat

import pytest
from lxml import etree

from local.generate import Generated, Rng, containers, histories, variants, world_of
from local.generate.broken import CODES, SIZE_LIMIT, broken, other_issuer, without_offset, wrong_check_digit
from local.generate.nfe import nfe
from local.generate.nfe_options import Options
from transforms import access_key


def _document(seed: str = "variant", **options: object) -> Generated:
    return nfe(Rng(seed), world_of(31), options=Options(**options)).processed()  # type: ignore[arg-type]


def _canonical(payload: bytes) -> bytes:
    return etree.tostring(etree.fromstring(payload), method="c14n")


def test_latin1_is_declared_and_holds_the_same_text() -> None:
    for n in range(20):
        plain = _document(f"latin1/{n}")
        changed = variants.latin1(plain)
        assert changed.payload.startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>')
        assert _canonical(changed.payload) == _canonical(plain.payload)
    with pytest.raises(UnicodeDecodeError):
        variants.latin1(_document()._replace(payload="<a>é</a>".encode())).payload.decode("utf-8")


def test_a_byte_order_mark_stands_before_the_same_document() -> None:
    changed = variants.with_bom(_document())
    assert changed.payload[:3] == b"\xef\xbb\xbf"
    assert _canonical(changed.payload) == _canonical(_document().payload)


def test_white_space_stands_before_the_declaration() -> None:
    changed = variants.after_white_space(_document()).payload
    assert changed.startswith(b"\r\n  <?xml")
    assert _canonical(changed.lstrip()) == _canonical(_document().payload)


def test_indentation_adds_nothing_but_white_space() -> None:
    changed = variants.indented(_document())
    blank = etree.XMLParser(remove_blank_text=True)
    assert b">\n  <" in changed.payload
    again = etree.tostring(etree.fromstring(changed.payload, blank), method="c14n")
    assert again == etree.tostring(etree.fromstring(_document().payload, blank), method="c14n")


def test_prefixes_keep_every_element_in_its_namespace() -> None:
    changed = etree.fromstring(variants.prefixed(_document(signed=False)).payload)
    assert {element.prefix for element in changed.iter()} == {"ns0"}
    assert changed.tag == "{http://www.portalfiscal.inf.br/nfe}nfeProc"


def test_without_a_namespace_no_element_of_the_document_has_one() -> None:
    changed = etree.fromstring(variants.without_namespace(_document(signed=False)).payload)
    assert all(not element.tag.startswith("{") for element in changed.iter())


def test_comments_leave_the_values_as_they_were() -> None:
    plain, changed = (etree.fromstring(one.payload) for one in (_document(), variants.with_comments(_document())))
    total = changed.find(".//{*}vNF")
    assert total is not None and len(total) == 1
    assert "".join(total.itertext(tag=None)).replace(" conferido ", "") == plain.findtext(".//{*}vNF")
    assert changed.findtext(".//{*}natOp") == plain.findtext(".//{*}natOp")


def test_a_distribution_gives_each_document_back_byte_for_byte() -> None:
    for (container,) in histories(32, 0, 20, {"distribution": 1}):
        packed = [b64decode(entry.text or "") for entry in etree.fromstring(container.payload).iterfind(".//{*}docZip")]
        assert [gzip.decompress(entry) for entry in packed] == [entry.payload for entry in container.entries]


@pytest.mark.parametrize("size", [0, 1, 65_534, 65_535, 65_536, 200_000])
def test_stored_gzip_is_read_by_any_gunzip(size: int) -> None:
    payload = Rng("stored").octets(size) if size else b""
    packed = containers.stored_gzip(payload)
    assert gzip.decompress(packed) == payload
    assert zlib.decompressobj(31).decompress(packed) == payload


def test_a_batch_holds_the_same_bytes_as_its_entries() -> None:
    for (container,) in histories(33, 0, 20, {"nfe_batch": 1}):
        assert all(entry.payload in container.payload for entry in container.entries)
        assert len(etree.fromstring(container.payload).findall(".//{*}infNFe")) == len(container.entries) >= 2


def test_a_distribution_of_nothing_or_of_too_much_is_refused() -> None:
    document = nfe(Rng("many"), world_of(31))
    with pytest.raises(ValueError, match="1 to 50"):
        containers.distribution(Rng("none"), [], document.issued)


def _each(code: str) -> list[bytes]:
    return [broken(Rng(f"{code}/{n}"), world_of(31), code).payload for n in range(30)]


def _depth(payload: bytes) -> int:
    """Deepest nesting, by a parser that has no limit of its own."""
    open_, deepest = 0, 0

    def start(*_: object) -> None:
        nonlocal open_, deepest
        open_ += 1
        deepest = max(deepest, open_)

    def end(*_: object) -> None:
        nonlocal open_
        open_ -= 1

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(payload, True)
    return deepest


def test_empty_ones_hold_no_text() -> None:
    assert {payload.strip() for payload in _each("empty")} == {b""}


def test_the_large_one_is_over_the_limit_and_else_a_document() -> None:
    payload = broken(Rng("large"), world_of(31), "too_large").payload
    assert SIZE_LIMIT < len(payload) < 2 * SIZE_LIMIT
    assert etree.fromstring(payload, etree.XMLParser(huge_tree=True)).tag.endswith("nfeProc")


@pytest.mark.parametrize("code", ["not_xml", "truncated"])
def test_what_is_no_xml_cannot_be_parsed(code: str) -> None:
    for payload in _each(code):
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(payload)


def test_truncated_ones_begin_as_documents() -> None:
    assert all(b"<nfeProc" in payload[:80] and not payload.endswith(b"</nfeProc>") for payload in _each("truncated"))


def test_a_wrong_encoding_is_wrong_for_what_is_declared() -> None:
    for payload in _each("wrong_encoding"):
        assert b'encoding="UTF-8"' in payload[:60]
        with pytest.raises(UnicodeDecodeError):
            payload.decode("utf-8")
        assert etree.fromstring(payload.replace(b"UTF-8", b"ISO-8859-1", 1)) is not None


def test_forbidden_declarations_hold_entities_of_both_kinds() -> None:
    payloads = _each("dtd_forbidden")
    assert all(b"<!DOCTYPE nfeProc [" in payload[:80] for payload in payloads)
    assert any(b"SYSTEM" in payload for payload in payloads) and any(b"&a9;" in payload for payload in payloads)


def test_deep_ones_are_deeper_than_any_document() -> None:
    for payload in _each("too_deep")[:5]:
        assert _depth(payload) > 3_000


@pytest.mark.parametrize("code", ["unknown_root", "no_document", "no_access_key"])
def test_what_cannot_be_keyed_is_well_formed_and_has_no_key(code: str) -> None:
    for payload in _each(code):
        root = etree.fromstring(payload)
        identifiers = [element.get("Id", "") for element in root.iter(etree.Element)]
        keys = [element.text or "" for element in root.iter("{*}chNFe")]
        found = [text for text in identifiers + keys if access_key.is_access_key(text[-44:])]
        assert found == []


def test_a_code_that_nobody_knows_is_refused_with_the_list() -> None:
    with pytest.raises(ValueError, match="not_xml"):
        broken(Rng("x"), world_of(31), "nonsense")
    assert len(CODES) == len(set(CODES)) == 10


def test_odd_documents_are_odd_in_one_way_only() -> None:
    document = nfe(Rng("odd"), world_of(31))
    digit = wrong_check_digit(Rng("digit"), document)
    assert access_key.check_digit(digit.key) != digit.key[43]
    assert digit.key[:43] == document.key[:43]
    assert document.key not in digit.processed_text()
    issuer = etree.fromstring(other_issuer(Rng("issuer"), document).element).findtext(".//{*}emit/{*}CNPJ") or ""
    assert access_key.is_cnpj(issuer) and issuer != document.key[6:20]
    instant = etree.fromstring(without_offset(document).element).findtext(".//{*}dhEmi")
    assert instant == document.issued.text[:19]
