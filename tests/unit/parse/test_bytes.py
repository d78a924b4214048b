"""Bytes as they come: encodings, odd but readable text, and what is refused, hostile inputs among it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.unit.parse.samples import KEY, NFE_NS, all_of, nfe, parsed, processed, refused
from transforms.parse.parser import ParseOptions

DECLARATION = '<?xml version="1.0" encoding="{}"?>'
ACCENTED = nfe(emit="<CNPJ>12345678000195</CNPJ><xNome>Padaria São João</xNome>")


@pytest.mark.parametrize(
    "payload",
    [
        ACCENTED.encode(),
        b"\xef\xbb\xbf" + (DECLARATION.format("utf-8") + ACCENTED).encode(),
        b"\r\n \t" + (DECLARATION.format("UTF-8") + ACCENTED).encode(),
        b"\n\xef\xbb\xbf" + (DECLARATION.format("UTF-8") + ACCENTED).encode(),
        b" " * 700 + ACCENTED.encode(),
        (DECLARATION.format("ISO-8859-1") + ACCENTED).encode("latin-1"),
        b" " * 700 + (DECLARATION.format("iso-8859-1") + ACCENTED).encode("latin-1"),
        (DECLARATION.format("windows-1252") + ACCENTED).encode("cp1252"),
        (DECLARATION.format("UTF-16") + ACCENTED).encode("utf-16"),
        (DECLARATION.format("UTF-16") + ACCENTED).encode("utf-16-le"),
        (DECLARATION.format("UTF-16") + ACCENTED).encode("utf-16-be"),
        ACCENTED.encode() + b"\r\n\0\0\x1a",
        (DECLARATION.format("utf-8") + "<!-- a > b --><?pi x?>\n" + ACCENTED + "<!-- end -->").encode(),
    ],
)
def test_every_encoding_gives_the_same_record_and_keeps_its_bytes(payload: bytes) -> None:
    record = parsed(payload)
    assert record.fields["issuer_name"] == "Padaria São João"
    assert record.findings == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<vNF>12.00</vNF>", "<vNF>12<!-- conferido -->.00</vNF>"),
        ("<vNF>12.00</vNF>", "<vNF><![CDATA[12]]>.0<?x y?>0</vNF>"),
        ("<vNF>12.00</vNF>", "<vNF>\n\t 12.00 \r\n</vNF >"),
        ("<vNF>12.00</vNF>", "<vNF>&#49;2&#x2E;00</vNF>"),
        ("<vNF>12.00</vNF>", "<vNF x='1>0'>12.00</vNF>"),
        ("<vNF>12.00</vNF>", "<!-- <vNF>99.00</vNF> --><vNF>12.00</vNF>"),
        ("<vNF>12.00</vNF>", "<vNF>12.00</vNF><vNF>99.00</vNF>"),
        ("<ICMSTot>", "<ICMSTot><![CDATA[<vNF>99.00</vNF>]]>"),
        ("<ICMSTot>", "<ICMSTot>>vNF>99.00>/vNF>"),
        ("<total>", "<vNF>99.00</vNF><ICMSTot><vNF>98.00</vNF></ICMSTot><total>"),
        ("<total>", "<infAdic x='>'><total><ICMSTot><vNF>97.00</vNF></ICMSTot></total></infAdic><total>"),
        ("<emit>", "<a><a><emit/></a></a><emit>"),
    ],
)
def test_values_are_read_through_anything_xml_allows(old: str, new: str) -> None:
    record = parsed(nfe().replace(old, new, 1))
    assert record.fields["total"] == "12.00"
    assert record.fields["issuer_id"] == "12345678000195"


def test_references_are_resolved_once() -> None:
    record = parsed(
        nfe(emit="<CNPJ>12345678000195</CNPJ><xNome>A &amp;lt; B &lt;C&gt; &quot;D&quot; &apos;E&apos;</xNome>")
    )
    assert record.fields["issuer_name"] == "A &lt; B <C> \"D\" 'E'"


def test_prefixed_document() -> None:
    xml = nfe().replace("</", "</n:").replace("<", "<n:").replace("<n:/n:", "</n:").replace("xmlns=", "xmlns:n=")
    record = parsed(xml)
    assert record.fields == parsed(nfe()).fields
    assert record.findings == ()


def test_prefix_that_nobody_declared() -> None:
    xml = nfe().replace("</", "</n:").replace("<", "<n:").replace("<n:/n:", "</n:").replace(f' xmlns="{NFE_NS}"', "")
    record = parsed(xml)
    assert (record.key, record.findings) == (KEY, ("namespace_mismatch",))


@pytest.mark.parametrize(
    ("payload", "code", "told"),
    [
        (b"", "empty", "no bytes"),
        (b" \r\n\0\0", "empty", "5 bytes"),
        (b"\xef\xbb\xbf \n", "empty", "5 bytes"),
        (b'{"nota": 1}', "not_xml", "nota"),
        (b"%PDF-1.4 <a/>", "not_xml", "%PDF"),
        (b"\x1f\x8b\x08\x00abc", "not_xml", "begins with"),
        (b"<NFe>\n<a></b></NFe>", "not_xml", "line 2, column"),
        (b"\n\n<NFe>\n<a></b></NFe>", "not_xml", "line 4, column"),
        (b"<NFe>a & b</NFe>", "not_xml", "line 1"),
        (b"<NFe>&nbsp;</NFe>", "not_xml", "nbsp"),
        (b"<NFe>\x01</NFe>", "not_xml", "line 1, column 6"),
        (processed().encode() * 2, "not_xml", "Extra content"),
        (processed().encode()[:-30], "truncated", "line 1, column"),
        (processed().encode()[:300], "truncated", "line 1, column"),
        (b"<NFe><a", "truncated", "line 1"),
        (b"<NFe a='", "truncated", "line 1"),
        (b"<?xml version='1.0'?>", "truncated", "line 1"),
        (ACCENTED.encode("latin-1"), "wrong_encoding", "windows-1252 it is 'ã'"),
        ((DECLARATION.format("UTF-8") + "\n" + ACCENTED).encode("latin-1"), "wrong_encoding", "line 2, column"),
        ((DECLARATION.format("EBCDIC-CP-US") + ACCENTED).encode(), "wrong_encoding", "EBCDIC"),
        ((DECLARATION.format("utf-7") + ACCENTED).encode(), "wrong_encoding", "utf-7"),
        (nfe().encode("utf-32"), "wrong_encoding", "UTF-32"),
        (nfe().encode("utf-16")[:-1], "wrong_encoding", "utf-16"),
        (b"<pedido><a/></pedido>", "unknown_root", "pedido"),
        (b'<NFSe xmlns="http://www.sped.fazenda.gov.br/nfse"/>', "no_access_key", "NFSe"),
        (b'<p:EnviarLoteRpsEnvio xmlns:p="x"/>', "municipal_layout", "NFS-e"),
        # Theirs are a NFe and an evento too, which are none of ours.
        (b'<a xmlns="http://www.prefeitura.sp.gov.br/nfe"><NFe xmlns=""><n/></NFe></a>', "municipal_layout", "NFS-e"),
        (b'<eSocial xmlns="http://www.esocial.gov.br/x"><evento><a/></evento></eSocial>', "unknown_root", "eSocial"),
        (
            b'<evento xmlns="http://www.sped.fazenda.gov.br/nfse"><infEvento Id="EVT1"/></evento>',
            "no_access_key",
            "nfse_event",
        ),
        (b"<CFe><infCFe/></CFe>", "no_access_key", "cfe"),
    ],
)
def test_refused(payload: bytes, code: str, told: str) -> None:
    dead = refused(payload)
    assert (dead.code, dead.stage, dead.size) == (code, "parse", len(payload))
    assert told in dead.message


def test_text_that_is_no_utf8_can_be_read_as_what_people_say_it_is() -> None:
    record = parsed(ACCENTED.encode("latin-1"), ParseOptions(fallback_encoding="windows-1252"))
    assert record.fields["issuer_name"] == "Padaria São João"
    assert record.findings == ("encoding_mismatch",)


BILLION_LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + "]><NFe>&a11;</NFe>"
)
QUADRATIC = f'<!DOCTYPE l [<!ENTITY a "{"x" * 100_000}">]><NFe>{"&a;" * 50_000}</NFe>'
XXE = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><NFe>&a;</NFe>'


@pytest.mark.parametrize("xml", [BILLION_LAUGHS, QUADRATIC, XXE, "<!DOCTYPE NFe SYSTEM 'http://x/y.dtd'><NFe/>"])
@pytest.mark.parametrize(
    "disguise",
    [
        lambda xml: xml.encode(),
        lambda xml: b"\xef\xbb\xbf" + xml.encode(),
        lambda xml: xml.encode("utf-16"),
        lambda xml: xml.encode("utf-16-be"),
        lambda xml: (DECLARATION.format("ISO-8859-1") + xml).encode(),
        lambda xml: ("<!-- <NFe> --><?x <NFe> ?>\n<!-- a -- b -->" + xml).encode(),
        lambda xml: xml.replace("DOCTYPE", "doctype").encode(),
    ],
)
def test_dtd_is_refused_whatever_it_looks_like(xml: str, disguise: Callable[[str], bytes]) -> None:
    assert refused(disguise(xml)).code == "dtd_forbidden"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"<a>" * 3_000_000, "too_deep"),
        (b"<NFe>" + b"<x>" * 400 + b"</x>" * 400 + b"</NFe>", "too_deep"),
        (b"<NFe " + b" ".join(b'a%d="1"' % n for n in range(500_000)) + b"/>", "no_access_key"),
        (b"<NFe " + b" ".join(b'xmlns:a%d="1"' % n for n in range(300_000)) + b"/>", "too_large"),
        (b"<NFe>" + b"".join(b"<a%d/>" % n for n in range(700_000)) + b"</NFe>", "too_large"),
        (b"<NFe>" + b"x" * 9_900_000 + b"</NFe>", "no_access_key"),
        (b"<" + b"x" * 9_900_000 + b"/>", "not_xml"),
        (b"<NFe>" + b"<!-- x -->" * 900_000 + b"</NFe>", "no_access_key"),
        (b"<NFe>" + b"<!-" * 3_000_000, "not_xml"),
        (b"<!--" + b" x" * 4_000_000, "truncated"),
        (b"<?x " * 2_000_000, "truncated"),
        (b"<NFe>" + b"&lt;" * 2_000_000 + b"</NFe>", "no_access_key"),
        (b"[" + b"{}," * 3_000_000 + b"{}]", "not_xml"),
        (b"{\n" * 3_000_000, "not_xml"),
    ],
)  # fmt: skip
def test_hostile_inputs_end_soon(payload: bytes, code: str) -> None:
    started = time.thread_time()
    assert refused(payload).code == code
    # Seconds, where an attack that works takes minutes or all memory.
    assert time.thread_time() - started < 30


def test_nothing_larger_than_the_limit_is_looked_at() -> None:
    assert refused(b"<a>" * 4_000_000).code == "too_large"
    dead = refused(nfe(), ParseOptions(max_bytes=100))
    assert dead.code == "too_large"
    assert "100" in dead.message


def test_a_gigabyte_of_nesting_is_refused_by_its_size() -> None:
    assert refused(bytes(1_000_000_000)).code == "too_large"


def test_markup_in_a_text_is_no_markup() -> None:
    (found,) = all_of(nfe(emit="<CNPJ>12345678000195</CNPJ><xNome>&lt;vNF&gt;1&lt;/vNF&gt; a > b</xNome>"))
    assert found.entry.fields["issuer_name"] == "<vNF>1</vNF> a > b"
