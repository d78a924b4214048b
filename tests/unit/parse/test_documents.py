"""What is read of a document, and under which key."""

from __future__ import annotations

import pytest

from tests.unit.parse.samples import (
    CNPJ,
    CTE_KEY,
    CTE_NS,
    KEY,
    MDFE_KEY,
    MDFE_NS,
    item,
    key,
    nfe,
    parsed,
    processed,
    protocol,
    refused,
)
from transforms.model import record_id_of
from transforms.parse.parser import ParseOptions


def test_processed_nfe_gives_all_its_fields() -> None:
    xml = processed()
    record = parsed(xml)
    assert record.findings == ()
    assert (record.kind, record.key, record.layout, record.form) == ("document", KEY, "nfe", "processed")
    assert record.record_id == record_id_of(xml.encode())
    assert record.fields == {
        "layout_version": "4.00", "model": "55", "uf": "SP", "environment": 2, "series": 1, "number": 1234,
        "operation": "VENDA", "operation_type": 1, "purpose": 1, "emission_type": 1,
        "issued_at": "2026-03-01T13:20:30Z", "issued_at_text": "2026-03-01T10:20:30-03:00",
        "issued_on": "2026-03-01", "key_month": "2026-03-01",
        "issuer_id": CNPJ, "issuer_id_type": "CNPJ", "issuer_name": "Emitente", "issuer_ie": "111",
        "issuer_uf": "SP", "issuer_city": "3550308",
        "recipient_id": "98765432000198", "recipient_id_type": "CNPJ", "recipient_name": "Destino",
        "recipient_uf": "RJ",
        "items": [{
            "number": 1, "code": "A1", "gtin": "7891234567895", "description": "Parafuso", "ncm": "73181500",
            "cfop": "5102", "unit": "UN", "quantity": "2.0000", "unit_value": "0.1234567890", "value": "12.00",
        }],
        "total": "12.00", "products_total": "12.00", "icms_base": "10.00",
        "protocol_number": "135260000000001", "protocol_status": 100, "protocol_reason": "Autorizado",
        "protocol_at": "2026-03-01T13:21:00Z", "protocol_digest": "abc=",
    }  # fmt: skip


def test_bare_nfe_has_no_protocol() -> None:
    record = parsed(nfe())
    assert (record.form, record.findings) == ("bare", ())
    assert "protocol_status" not in record.fields


def test_envelope_without_its_protocol_is_bare() -> None:
    assert parsed(processed(protocols="")).form == "bare"


def test_protocol_alone_is_a_document_known_by_its_key() -> None:
    record = parsed(protocol())
    assert (record.form, record.key, record.findings) == ("protocol", KEY, ("namespace_mismatch",))
    assert record.fields["number"] == 1234
    assert record.fields["issuer_id"] == CNPJ
    assert record.fields["environment"] == 2
    assert "total" not in record.fields


def test_items_are_left_out_on_request() -> None:
    record = parsed(processed(), ParseOptions(items=False))
    assert "items" not in record.fields
    assert record.fields["total"] == "12.00"


def test_990_items_are_all_read() -> None:
    items = "".join(item(number, cProd=f"P{number}") for number in range(1, 991))
    read = parsed(nfe(items=items)).fields["items"]
    assert [(i["number"], i["code"]) for i in read] == [(n, f"P{n}") for n in range(1, 991)]


def test_summary() -> None:
    record = parsed(
        f'<resNFe xmlns="http://www.portalfiscal.inf.br/nfe" versao="1.01"><chNFe>{KEY}</chNFe><CNPJ>{CNPJ}</CNPJ>'
        "<xNome>Emitente</xNome><IE>1</IE><dhEmi>2026-03-01T10:20:30-03:00</dhEmi><tpNF>1</tpNF><vNF>1234.50</vNF>"
        "<digVal>x</digVal><dhRecbto>2026-03-01T10:21:00-03:00</dhRecbto><nProt>1</nProt><cSitNFe>3</cSitNFe></resNFe>"
    )
    assert (record.form, record.findings) == ("summary", ())
    assert record.fields["summary_status"] == 3
    assert record.fields["total"] == "1234.50"
    assert record.fields["protocol_at"] == "2026-03-01T13:21:00Z"


def test_model_is_ide_mod_and_not_that_of_a_referenced_note() -> None:
    reference = "<NFref><refNF><cUF>35</cUF><mod>01</mod><serie>9</serie><nNF>5</nNF></refNF></NFref>"
    ide = (
        f"{reference}<cUF>35</cUF><mod>55</mod><serie>1</serie><nNF>1234</nNF><dhEmi>2026-03-01T10:00:00-03:00</dhEmi>"
    )
    record = parsed(nfe(ide=ide))
    assert record.findings == ()
    assert (record.fields["model"], record.fields["series"], record.fields["number"]) == ("55", 1, 1234)


def test_referenced_keys_in_their_order() -> None:
    other = key(number=7)
    ide = (
        "<cUF>35</cUF><mod>55</mod><serie>1</serie><nNF>1234</nNF><dhEmi>2026-03-01T10:00:00-03:00</dhEmi>"
        f"<NFref><refNFe>{other}</refNFe></NFref><NFref><refCTe>{CTE_KEY}</refCTe></NFref>"
    )
    assert parsed(nfe(ide=ide)).fields["referenced_keys"] == [other, CTE_KEY]


def test_layout_2_has_a_date_and_no_instant_of_issue() -> None:
    record = parsed(nfe(ide="<cUF>35</cUF><mod>55</mod><serie>1</serie><nNF>1234</nNF><dEmi>2026-03-01</dEmi>"))
    assert record.findings == ()
    assert record.fields["issued_on"] == record.fields["issued_at_text"] == "2026-03-01"
    assert "issued_at" not in record.fields


@pytest.mark.parametrize(
    ("dest", "expected"),
    [
        ("", {}),
        ("<dest><CPF>12345678909</CPF></dest>", {"recipient_id": "12345678909", "recipient_id_type": "CPF"}),
        ("<dest><idEstrangeiro>AB1</idEstrangeiro></dest>", {"recipient_id": "AB1", "recipient_id_type": "foreign"}),
        ("<dest><idEstrangeiro/><xNome>X</xNome></dest>", {"recipient_name": "X"}),
        ("<dest><CNPJ></CNPJ></dest>", {}),
    ],
)
def test_recipients(dest: str, expected: dict[str, str]) -> None:
    record = parsed(nfe(dest=dest))
    assert {k: v for k, v in record.fields.items() if k.startswith("recipient")} == expected
    assert record.findings == ()


def test_issuer_with_cpf_agrees_with_its_key() -> None:
    access_key = key(issuer="00052998224725")
    record = parsed(nfe(access_key, emit="<CPF>52998224725</CPF>"))
    assert record.findings == ()
    assert (record.fields["issuer_id"], record.fields["issuer_id_type"]) == ("52998224725", "CPF")


def test_issuer_of_a_key_alone_with_cpf() -> None:
    access_key = key(issuer="00052998224725")
    fields = parsed(f'<protNFe xmlns="x"><infProt><chNFe>{access_key}</chNFe></infProt></protNFe>').fields
    assert (fields["issuer_id"], fields["issuer_id_type"]) == ("52998224725", "CPF")


def test_note_issued_by_the_tax_office_has_the_offices_cnpj_in_its_key() -> None:
    emit = "<CPF>52998224725</CPF></emit><avulsa><CNPJ>12345678000195</CNPJ></avulsa><emit>"
    assert "key_issuer_mismatch" not in parsed(nfe(emit=emit)).findings


def test_cnpj_with_letters() -> None:
    access_key = key(issuer="12ABC34501DE35")
    record = parsed(nfe(access_key, emit="<CNPJ>12ABC34501DE35</CNPJ>"))
    assert (record.key, record.findings) == (access_key, ())
    assert record.fields["issuer_id"] == "12ABC34501DE35"


def test_ibs_and_cbs_totals() -> None:
    total = (
        "<vNF>1.00</vNF></ICMSTot><IBSCBSTot><vBCIBSCBS>9.00</vBCIBSCBS><gIBS><gIBSUF><vIBSUF>3.00</vIBSUF></gIBSUF>"
        "<vIBS>4.00</vIBS></gIBS><gCBS><vCBS>5.00</vCBS></gCBS></IBSCBSTot><ICMSTot>"
    )
    fields = parsed(nfe(total=total)).fields
    assert (fields["total"], fields["ibs_total"], fields["cbs_total"]) == ("1.00", "4.00", "5.00")


CTE = (
    f'<CTe xmlns="{CTE_NS}"><infCte Id="CTe{CTE_KEY}" versao="4.00"><ide><cUF>35</cUF><CFOP>5353</CFOP>'
    "<natOp>FRETE</natOp><mod>57</mod><serie>1</serie><nCT>1234</nCT><dhEmi>2026-03-01T10:20:30-03:00</dhEmi>"
    "<tpEmis>1</tpEmis><tpAmb>2</tpAmb><tpCTe>0</tpCTe><UFIni>SP</UFIni><UFFim>RJ</UFFim>{toma}</ide>"
    f"<emit><CNPJ>{CNPJ}</CNPJ></emit><rem><CNPJ>11111111000111</CNPJ></rem><exped><CPF>12345678909</CPF></exped>"
    "<dest><CNPJ>22222222000122</CNPJ></dest><vPrest><vTPrest>99.90</vTPrest></vPrest>"
    "<imp><ICMS><ICMS00><vBC>99.90</vBC><vICMS>11.99</vICMS></ICMS00></ICMS></imp>"
    "<infCTeNorm><infCarga><vCarga>5000.00</vCarga></infCarga><infDoc>{documents}</infDoc></infCTeNorm></infCte></CTe>"
)


@pytest.mark.parametrize(
    ("toma", "role", "payer"),
    [
        ("<toma3><toma>0</toma></toma3>", "sender", "11111111000111"),
        ("<toma3><toma>1</toma></toma3>", "dispatcher", "12345678909"),
        ("<toma03><toma>3</toma></toma03>", "recipient", "22222222000122"),
        ("<toma4><toma>4</toma><CNPJ>33333333000133</CNPJ></toma4>", "other", "33333333000133"),
        ("<toma3><toma>2</toma></toma3>", "receiver", None),
        ("", None, None),
    ],
)
def test_who_pays_a_cte(toma: str, role: str | None, payer: str | None) -> None:
    record = parsed(CTE.format(toma=toma, documents=""))
    assert (record.fields.get("payer_role"), record.fields.get("payer_id")) == (role, payer)
    assert record.findings == ()


def test_parties_of_a_cte_written_with_their_masks_are_the_same_parties() -> None:
    plain = CTE.format(toma="<toma3><toma>0</toma></toma3>", documents="")
    record = parsed(plain.replace("11111111000111", "11.111.111/0001-11"))
    assert (record.fields["sender_id"], record.fields["payer_id"]) == ("11111111000111", "11111111000111")
    assert record.findings == ("tax_id_form",)


def test_cte_does_not_take_a_referenced_nfe_for_a_document() -> None:
    other = key(number=8)
    record = parsed(
        CTE.format(toma="", documents=f"<infNFe><chave>{KEY}</chave></infNFe><infNFe><chave>{other}</chave></infNFe>")
    )
    assert (record.layout, record.key) == ("cte", CTE_KEY)
    assert record.fields["referenced_keys"] == [KEY, other]
    assert record.fields["icms_total"] == "11.99"
    assert (record.fields["total"], record.fields["cargo_value"]) == ("99.90", "5000.00")


def test_mdfe() -> None:
    record = parsed(
        f'<mdfeProc xmlns="{MDFE_NS}"><MDFe><infMDFe Id="MDFe{MDFE_KEY}" versao="3.00"><ide><cUF>35</cUF>'
        "<mod>58</mod><serie>1</serie><nMDF>1234</nMDF><dhEmi>2026-03-01T10:20:30-03:00</dhEmi>"
        f"<UFIni>SP</UFIni><UFFim>BA</UFFim></ide><emit><CNPJ>{CNPJ}</CNPJ></emit><infDoc><infMunDescarga>"
        f"<infCTe><chCTe>{CTE_KEY}</chCTe></infCTe></infMunDescarga><infMunDescarga><infNFe><chNFe>{KEY}</chNFe>"
        "</infNFe></infMunDescarga></infDoc><tot><qCTe>1</qCTe><qNFe>1</qNFe><vCarga>10.00</vCarga></tot></infMDFe>"
        f"</MDFe><protMDFe><infProt><chMDFe>{MDFE_KEY}</chMDFe><cStat>100</cStat></infProt></protMDFe></mdfeProc>"
    )
    assert (record.layout, record.form, record.findings) == ("mdfe", "processed", ())
    assert record.fields["referenced_keys"] == [CTE_KEY, KEY]
    assert (record.fields["cte_count"], record.fields["nfe_count"]) == (1, 1)
    assert (record.fields["total"], record.fields["origin_uf"], record.fields["destination_uf"]) == (
        "10.00",
        "SP",
        "BA",
    )


@pytest.mark.parametrize(
    ("layout", "model", "element", "body", "prefix", "number", "rest"),
    [
        ("cteos", "67", "CTeOS", "infCte", "CTe", "nCT",
         "<toma><CNPJ>1</CNPJ></toma><vPrest><vTPrest>5.00</vTPrest></vPrest>"),
        ("ctesimp", "57", "CTeSimp", "infCte", "CTe", "nCT",
         "<toma><toma>4</toma><CNPJ>1</CNPJ></toma><total><vTPrest>5.00</vTPrest></total>"),
        ("gtve", "64", "GTVe", "infCte", "CTe", "nCT", ""),
        ("nf3e", "66", "NF3e", "infNF3e", "NF3e", "nNF", "<total><vNF>5.00</vNF></total>"),
        ("nfcom", "62", "NFCom", "infNFCom", "NFCom", "nNF", "<total><vNF>5.00</vNF></total>"),
        ("bpe", "63", "BPe", "infBPe", "BPe", "nBP", "<infValorBPe><vBP>6.00</vBP><vPgto>5.00</vPgto></infValorBPe>"),
    ],
)  # fmt: skip
def test_the_other_document_types(
    layout: str, model: str, element: str, body: str, prefix: str, number: str, rest: str
) -> None:
    access_key = key(model)
    family = "cte" if body == "infCte" else layout
    record = parsed(
        f'<{element} xmlns="http://www.portalfiscal.inf.br/{family}"><{body} Id="{prefix}{access_key}" versao="1.00">'
        f"<ide><cUF>35</cUF><mod>{model}</mod><serie>1</serie><{number}>1234</{number}>"
        f"<dhEmi>2026-03-01T10:20:30-03:00</dhEmi></ide><emit><CNPJ>{CNPJ}</CNPJ></emit>{rest}</{body}></{element}>"
    )
    assert (record.layout, record.key, record.form, record.findings) == (layout, access_key, "bare", ())
    assert record.fields.get("total") == ("5.00" if rest else None)
    if layout in ("cteos", "ctesimp"):
        assert (record.fields["payer_id"], record.fields["payer_role"]) == ("1", "other")


def test_letter_case_of_a_root_is_forgiven() -> None:
    assert parsed(processed().replace("nfeProc", "NFeProc")).form == "processed"


def test_document_without_its_body_has_no_key() -> None:
    dead = refused("<NFe><infNFeSupl/></NFe>")
    assert dead.code == "no_access_key"
    assert "NFe" in dead.message


def test_no_usable_key_says_what_was_there() -> None:
    dead = refused(nfe("123"))
    assert dead.code == "no_access_key"
    assert "NFe123" in dead.message
