"""Envelopes: each entry is an input of its own."""

from __future__ import annotations

import base64
import gzip
from html import escape

import pytest

from tests.unit.parse.samples import (
    KEY,
    NFE_NS,
    all_of,
    event,
    event_return,
    key,
    nfe,
    parsed,
    processed,
    protocol,
    raw,
    refused,
)
from transforms.model import DeadLetter, RawDocument, Record
from transforms.parse import envelopes, reader, ways
from transforms.parse.parser import DEFAULTS, ParseOptions, parse

SOAP11 = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="x"><soap:Body>{}</soap:Body>'
    "</soap:Envelope>"
)
SOAP12 = (
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Header/><e:Body><m xmlns="urn:w">{}</m></e:Body>'
    "</e:Envelope>"
)
BATCH = f'<enviNFe xmlns="{NFE_NS}" versao="4.00"><idLote>1</idLote>{{}}</enviNFe>'
OTHER = key(number=2)


def doczip(xml: str | bytes, nsu: str = "000000000000001") -> str:
    packed = base64.b64encode(gzip.compress(xml.encode() if isinstance(xml, str) else xml)).decode()
    return f'<docZip NSU="{nsu}" schema="procNFe_v4.00.xsd">{packed}</docZip>'


def distribution(*entries: str) -> str:
    return (
        f'<retDistDFeInt xmlns="{NFE_NS}" versao="1.01"><tpAmb>2</tpAmb><cStat>138</cStat><xMotivo>Localizado</xMotivo>'
        f"<loteDistDFeInt>{''.join(entries)}</loteDistDFeInt></retDistDFeInt>"
    )


def test_batch_of_notes() -> None:
    first, second = nfe(), nfe(OTHER)
    found = all_of(BATCH.format(first + "\n" + second))
    assert [(r.raw.origin, r.entry.key, r.raw.payload) for r in found] == [
        ("o#NFe[1]", KEY, first.encode()),
        ("o#NFe[2]", OTHER, second.encode()),
    ]


@pytest.mark.parametrize("envelope", [SOAP11, SOAP12, BATCH, "<anything>{}</anything>"])
def test_a_document_is_the_same_record_in_every_envelope(envelope: str) -> None:
    alone = parsed(nfe())
    (wrapped,) = all_of(envelope.format(nfe()))
    assert wrapped.entry == alone


def test_namespaces_from_around_an_entry_are_written_into_it_when_it_uses_them() -> None:
    document = nfe(root="<p:NFe>").replace("</NFe>", "</p:NFe>")
    (record,) = all_of(f'<a xmlns:p="{NFE_NS}" xmlns:q="unused" xmlns="{NFE_NS}">{document}</a>')
    assert record.raw.payload == document.replace("<p:NFe", f'<p:NFe xmlns="{NFE_NS}" xmlns:p="{NFE_NS}"', 1).encode()
    assert record.entry.findings == ()
    assert parsed(record.raw.payload).fields == record.entry.fields


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_entries_of_any_encoding_are_utf8(encoding: str) -> None:
    document = nfe(emit="<CNPJ>12345678000195</CNPJ><xNome>São João</xNome>")
    payload = f'<?xml version="1.0" encoding="{encoding}"?>{BATCH.format(document)}'.encode(encoding)
    (record,) = all_of(payload)
    assert record.raw.payload == document.encode()
    assert record.entry.fields["issuer_name"] == "São João"


def test_status_query_gives_protocol_and_events() -> None:
    xml = (
        f'<retConsSitNFe xmlns="{NFE_NS}"><cStat>101</cStat><chNFe>{KEY}</chNFe>{protocol()}'
        f'<procEventoNFe versao="1.00">{event()}{event_return()}</procEventoNFe></retConsSitNFe>'
    )
    found = all_of(SOAP11.format(f'<nfeResultMsg xmlns="urn:w">{xml}</nfeResultMsg>'))
    assert [(r.raw.origin, r.entry.kind, r.entry.form, r.entry.key, r.entry.findings) for r in found] == [
        ("o#retConsSitNFe[1]#protNFe[1]", "document", "protocol", KEY, ()),
        ("o#retConsSitNFe[1]#procEventoNFe[1]", "event", "processed", KEY, ()),
        ("o#retConsSitNFe[1]", "document", "query", KEY, ()),
    ]


def test_batch_of_events_and_its_answer() -> None:
    sent = all_of(f'<envEvento xmlns="{NFE_NS}"><idLote>1</idLote>{event()}{event(OTHER)}</envEvento>')
    assert [(r.raw.origin, r.entry.key) for r in sent] == [("o#evento[1]", KEY), ("o#evento[2]", OTHER)]
    assert [r.entry.form for r in sent] == ["bare", "bare"]
    (answer,) = all_of(f'<retEnvEvento xmlns="{NFE_NS}"><cStat>128</cStat>{event_return()}</retEnvEvento>')
    assert (answer.raw.origin, answer.entry.form) == ("o#retEvento[1]", "return")


def test_distribution_entries_are_named_by_nsu_and_keep_the_unpacked_bytes() -> None:
    found = all_of(distribution(doczip(processed(), "7"), doczip(event(), "8")))
    assert [(r.raw.origin, r.entry.kind, r.raw.payload) for r in found] == [
        ("o#NSU=7", "document", processed().encode()),
        ("o#NSU=8", "event", event().encode()),
    ]


def test_one_broken_entry_does_not_cost_the_others() -> None:
    bad = '<docZip NSU="2">bm8gZ3ppcA==</docZip>'
    good, broken, cut = all_of(distribution(doczip(nfe(), "1"), bad, doczip(nfe()[:200], "3")))
    assert isinstance(good, Record)
    assert (broken.code, broken.origin, broken.payload) == (
        "bad_doczip",
        "o#NSU=2",
        f'<docZip xmlns="{NFE_NS}" NSU="2">bm8gZ3ppcA==</docZip>'.encode(),
    )
    assert (cut.code, cut.origin, cut.payload) == ("truncated", "o#NSU=3", nfe()[:200].encode())


@pytest.mark.parametrize(
    "text", ["####", "bm8gZ3ppcA==", base64.b64encode(gzip.compress(nfe().encode())[:-20]).decode(), ""]
)
def test_entries_that_do_not_unpack(text: str) -> None:
    (dead,) = all_of(distribution(f'<docZip NSU="1">{text}</docZip>'))
    assert (dead.code, dead.stage) == ("bad_doczip", "parse")
    assert text.encode() in dead.payload


def test_a_bomb_is_not_unpacked() -> None:
    (dead,) = all_of(distribution(doczip(b"<a>" + b" " * 50_000_000)))
    assert dead.code == "too_large"
    assert len(dead.payload) < 100_000


def test_many_bombs_share_one_allowance() -> None:
    entries = [doczip(b"<a>" + b" " * 9_000 + b"</a>", str(n)) for n in range(30)]
    codes = [found.code for found in all_of(distribution(*entries), ParseOptions(max_bytes=10_000))]
    assert codes.count("unknown_root") == 11
    assert codes.count("too_large") == 19


@pytest.mark.parametrize(
    "message",
    [
        f"<nfeDadosMsg><![CDATA[{BATCH.format(nfe())}]]></nfeDadosMsg>",
        f"<nfeDadosMsg>{escape(BATCH.format(nfe()))}</nfeDadosMsg>",
        f"<string>&lt;?xml version='1.0' encoding='ISO-8859-1'?&gt; {escape(BATCH.format(nfe()))}</string>",
    ],
)
def test_xml_written_as_text(message: str) -> None:
    (record,) = all_of(SOAP11.format(message))
    assert (record.raw.origin, record.raw.payload) == ("o#enviNFe[1]#NFe[1]", nfe().encode())


def test_text_in_latin1_by_its_own_declaration() -> None:
    document = '<?xml version="1.0" encoding="ISO-8859-1"?>' + nfe(emit="<CNPJ>12345678000195</CNPJ><xNome>São</xNome>")
    (record,) = all_of(SOAP11.format(f"<m>{escape(document)}</m>"))
    assert (record.raw.payload, record.entry.fields["issuer_name"]) == (document.encode("latin-1"), "São")


def test_message_packed_as_the_cte_services_do() -> None:
    packed = base64.b64encode(gzip.compress(processed().encode())).decode()
    (record,) = all_of(SOAP12.format(f"<cteDadosMsg>{packed}</cteDadosMsg>"))
    assert (record.raw.origin, record.entry.key) == ("o#cteDadosMsg[1]", KEY)


def test_markup_in_a_text_that_is_no_document_is_no_entry() -> None:
    assert refused("<pagina><b>&lt;html&gt;&lt;/html&gt;</b></pagina>").code == "unknown_root"


@pytest.mark.parametrize(
    ("xml", "told"),
    [
        (distribution(), "138 Localizado"),
        (
            SOAP11.format(f'<retEnviNFe xmlns="{NFE_NS}"><cStat>225</cStat><xMotivo>Falha</xMotivo></retEnviNFe>'),
            "225 Falha",
        ),
        (f'<distDFeInt xmlns="{NFE_NS}"><distNSU/></distDFeInt>', "distDFeInt"),
        (BATCH.format(""), "enviNFe"),
    ],
)
def test_envelope_without_a_document(xml: str, told: str) -> None:
    dead = refused(xml)
    assert dead.code == "no_document"
    assert told in dead.message


def test_dpec_announces_notes_and_holds_none() -> None:
    assert refused(f'<envDPEC xmlns="{NFE_NS}"><resNFe><chNFe>{KEY}</chNFe></resNFe></envDPEC>').code == "unknown_root"


def test_envelopes_inside_envelopes_come_to_an_end() -> None:
    xml = nfe()
    for _ in range(4):
        xml = distribution(doczip(xml))
    assert isinstance(all_of(xml)[0], Record)
    (dead,) = all_of(distribution(doczip(xml)))
    assert isinstance(dead, DeadLetter)
    assert dead.code == "too_deep"


def test_a_record_out_of_an_envelope_reads_the_same_again() -> None:
    for record in parse(raw(SOAP11.format(BATCH.format(nfe() + nfe(OTHER))))):
        assert isinstance(record, Record)
        assert parsed(record.raw.payload) == record.entry


def test_request_element_that_holds_a_batch() -> None:
    """An eventoCTe with a lot inside, as a real file has it."""
    (record,) = all_of(f'<eventoCTe xmlns="{NFE_NS}"><idLote>1</idLote>{event()}</eventoCTe>')
    assert (record.raw.origin, record.entry.layout) == ("o#evento[1]", "nfe_event")


def test_elements_around_documents_are_limited() -> None:
    batch = f"<enviNFe>{'<x/>' * 49_000}{nfe()}</enviNFe>"
    assert [type(found) for found in all_of(batch)] == [Record]
    assert refused(batch.replace("<x/>", "<x/><y/>")).code == "too_large"
    assert refused(f"<foo>{'<x/>' * 60_000}</foo>").code == "unknown_root"


@pytest.mark.parametrize("way", ways.WAYS)
def test_namespaces_around_documents_are_limited(way: str) -> None:
    def batch(count: int) -> RawDocument:
        declared = " ".join(f'xmlns:p{n}="urn:{n}"' for n in range(count))
        return raw(f"<enviNFe {declared}><x xmlns:p0='urn:x'>{nfe()}</x></enviNFe>")

    options = DEFAULTS._replace(way=way)
    assert isinstance(parse(batch(256), options)[0], Record)
    (dead,) = parse(batch(257), options)
    assert isinstance(dead, DeadLetter) and dead.code == "too_large" and "namespaces" in dead.message


@pytest.mark.parametrize("way", ways.WAYS)
def test_an_empty_element_is_an_entry_of_its_own_bytes_alone(way: str) -> None:
    data = b'<enviNFe><NFe/><NFe></NFe ><p:NFe xmlns:p="u"/><NFe><infNFe/></NFe><NFe/></enviNFe>'
    source = reader.open_text(data, len(data))
    found = envelopes.split(source, lambda name: name == "NFe", lambda name: False, len(data), way)
    expected = [b"<NFe/>", b"<NFe></NFe >", b'<p:NFe xmlns:p="u"/>', b"<NFe><infNFe/></NFe>", b"<NFe/>"]
    assert [entry.payload for entry in found.entries] == expected
