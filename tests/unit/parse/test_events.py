"""Events, their returns and summaries, old cancellations, and voided ranges."""

from __future__ import annotations

import json

import pytest

from tests.unit.parse.samples import (
    CNPJ,
    CTE_KEY,
    CTE_NS,
    KEY,
    MDFE_KEY,
    NFE_NS,
    all_of,
    event,
    event_return,
    key,
    parsed,
    processed,
    refused,
)
from transforms.parse.registry import LAYOUTS


def proc(request: str, answer: str, suffix: str = "NFe", namespace: str = NFE_NS) -> str:
    return f'<procEvento{suffix} xmlns="{namespace}" versao="1.00">{request}{answer}</procEvento{suffix}>'


def test_processed_event_gives_all_its_fields() -> None:
    record = parsed(proc(event(), event_return()))
    assert (record.kind, record.key, record.layout, record.form) == ("event", KEY, "nfe_event", "processed")
    assert record.findings == ()
    assert record.fields == {
        "layout_version": "1.00", "event_type": "110111", "event_name": "cancellation",
        "description": "Cancelamento", "sequence": 1, "organ": "35", "model": "55", "uf": "SP", "issuer_id": CNPJ,
        "key_month": "2026-03-01", "environment": 2, "author_id": CNPJ, "author_id_type": "CNPJ",
        "occurred_at": "2026-03-02T11:00:00Z", "occurred_at_text": "2026-03-02T08:00:00-03:00",
        "registered_at": "2026-03-02T11:00:05Z", "return_status": 135, "return_reason": "Evento registrado",
        "protocol_number": "135260000000002", "target_protocol": "135260000000001", "reason": "Erro de digitacao",
    }  # fmt: skip


@pytest.mark.parametrize("sent", ["{}", "<envEvento><idLote>1</idLote>{}</envEvento>"])
def test_return_in_the_batch_it_came_in_is_read_with_its_request(sent: str) -> None:
    answered = f"<retEnvEvento><cStat>128</cStat>{event_return()}</retEnvEvento>"
    record = parsed(proc(sent.format(event()), answered))
    assert (record.form, record.fields["return_status"], record.findings) == ("processed", 135, ())
    assert record.fields == parsed(proc(event(), event_return())).fields


def test_request_alone_and_return_alone() -> None:
    bare, answer = parsed(event()), parsed(event_return())
    assert (bare.form, answer.form) == ("bare", "return")
    assert "return_status" not in bare.fields
    assert (answer.fields["event_type"], answer.fields["sequence"], answer.fields["return_status"]) == (
        "110111",
        1,
        135,
    )
    assert answer.fields["description"] == "Cancelamento registrado"
    assert "author_id" not in answer.fields


def test_unknown_type_is_kept_as_such() -> None:
    record = parsed(event(event_type="999999"))
    assert (record.fields["event_type"], record.fields["event_name"]) == ("999999", "unknown")
    assert record.findings == ("unknown_event_type",)


def test_correction_letter() -> None:
    detail = "<descEvento>Carta de Correcao</descEvento><xCorrecao>Peso: 10 kg</xCorrecao><xCondUso>...</xCondUso>"
    record = parsed(event(event_type="110110", detail=detail))
    assert (record.fields["event_name"], record.fields["correction"]) == ("correction", "Peso: 10 kg")


def test_correction_letter_of_a_cte_names_fields_and_values() -> None:
    detail = (
        "<evCCeCTe><descEvento>Carta de Correcao</descEvento><infCorrecao><grupoAlterado>rem</grupoAlterado>"
        "<campoAlterado>nro</campoAlterado><valorAlterado>170</valorAlterado></infCorrecao><infCorrecao>"
        "<grupoAlterado>infQ</grupoAlterado><campoAlterado>qCarga</campoAlterado><valorAlterado>9</valorAlterado>"
        "<nroItemAlterado>2</nroItemAlterado></infCorrecao></evCCeCTe>"
    )
    xml = event(CTE_KEY, "110110", detail=detail, key_element="chCTe", element="eventoCTe", namespace=CTE_NS)
    record = parsed(xml)
    assert (record.layout, record.fields["event_name"], record.findings) == ("cte_event", "correction", ())
    assert record.fields["description"] == "Carta de Correcao"
    assert json.loads(record.fields["correction"]) == [
        {"group": "rem", "field": "nro", "value": "170"},
        {"group": "infQ", "field": "qCarga", "value": "9", "item": "2"},
    ]


@pytest.mark.parametrize(
    ("model", "element", "key_element", "family", "name"),
    [
        ("55", "evento", "chNFe", "nfe", "cancellation_by_substitution"),
        ("58", "eventoMDFe", "chMDFe", "mdfe", "closing"),
        ("57", "eventoCTe", "chCTe", "cte", "unknown"),
    ],
)
def test_one_code_means_something_else_in_each_family(
    model: str, element: str, key_element: str, family: str, name: str
) -> None:
    namespace = f"http://www.portalfiscal.inf.br/{family}"
    detail = "<x><descEvento>D</descEvento><nProt>1</nProt></x>"
    record = parsed(
        event(key(model), "110112", detail=detail, key_element=key_element, element=element, namespace=namespace)
    )
    assert (record.layout, record.fields["event_name"]) == (f"{family}_event", name)
    assert record.fields["target_protocol"] == "1"


def test_mdfe_event_in_a_cte_envelope_and_namespace_is_an_mdfes() -> None:
    request = event(MDFE_KEY, "110112", key_element="chMDFe", element="eventoMDFe", namespace=CTE_NS)
    answer = event_return(MDFE_KEY, "110112", key_element="chMDFe", suffix="MDFe")
    record = parsed(proc(request, answer, "CTe", CTE_NS))
    assert (record.layout, record.fields["event_name"], record.form) == ("mdfe_event", "closing", "processed")
    assert record.findings == ("namespace_mismatch",)


def test_return_without_an_element_of_its_own() -> None:
    request = event(CTE_KEY, key_element="chCTe", element="eventoCTe", namespace=CTE_NS)
    answer = event_return(CTE_KEY, key_element="chCTe", suffix="CTe")
    bare_return = answer.replace('<retEventoCTe versao="1.00">', "").replace("</retEventoCTe>", "")
    record = parsed(proc(request, bare_return, "CTe", CTE_NS))
    assert (record.form, record.fields["return_status"]) == ("processed", 135)


def test_return_of_another_key_is_a_finding_and_a_record_of_that_key() -> None:
    record, other = all_of(proc(event(), event_return(key(number=9))))
    assert (record.entry.key, record.entry.form, record.entry.findings) == (KEY, "bare", ("protocol_key_mismatch",))
    assert "return_status" not in record.entry.fields
    assert (other.entry.key, other.entry.form, other.entry.fields["return_status"]) == (key(number=9), "return", 135)


def test_id_of_another_key_is_a_finding() -> None:
    record = parsed(event(event_id=f"ID110111{key(number=9)}01"))
    assert (record.key, record.findings) == (KEY, ("id_key_mismatch",))


def test_key_from_the_id_when_no_element_has_it() -> None:
    record = parsed(event().replace(f"<chNFe>{KEY}</chNFe>", ""))
    assert (record.key, record.findings) == (KEY, ("id_missing",))


def test_rejected_return_that_names_no_key() -> None:
    dead = refused(
        f'<retEvento xmlns="{NFE_NS}"><infEvento><cStat>999</cStat><xMotivo>Erro</xMotivo></infEvento></retEvento>'
    )
    assert dead.code == "no_access_key"
    assert "999 Erro" in dead.message


def test_summary_of_an_event() -> None:
    record = parsed(
        f'<resEvento xmlns="{NFE_NS}" versao="1.01"><cOrgao>91</cOrgao><CPF>52998224725</CPF><chNFe>{KEY}</chNFe>'
        "<dhEvento>2026-03-02T08:00:00-03:00</dhEvento><tpEvento>210200</tpEvento><nSeqEvento>1</nSeqEvento>"
        "<xEvento>Confirmacao</xEvento><dhRecbto>2026-03-02T08:00:05-03:00</dhRecbto><nProt>9</nProt></resEvento>"
    )
    assert (record.form, record.fields["event_name"], record.findings) == ("summary", "operation_confirmed", ())
    assert (record.fields["author_id"], record.fields["author_id_type"]) == ("52998224725", "CPF")
    assert record.fields["registered_at"] == "2026-03-02T11:00:05Z"


def test_event_appended_to_a_documents_envelope_is_an_input_of_its_own() -> None:
    xml = processed().replace("</nfeProc>", event_return() + "</nfeProc>")
    document, appended = all_of(xml)
    assert (document.entry.kind, document.entry.form, document.raw.payload) == ("document", "processed", xml.encode())
    assert (appended.entry.kind, appended.entry.form, appended.entry.key) == ("event", "return", KEY)
    assert appended.raw.origin == "o#retEvento[1]"
    assert document.entry.findings == appended.entry.findings == ()


def test_cancellation_as_it_was_before_events() -> None:
    record = parsed(
        f'<procCancNFe xmlns="{NFE_NS}" versao="2.00"><cancNFe><infCanc Id="ID{KEY}"><tpAmb>2</tpAmb>'
        f"<chNFe>{KEY}</chNFe><nProt>1</nProt><xJust>Desistencia do cliente</xJust></infCanc></cancNFe><retCancNFe>"
        f"<infCanc><cStat>101</cStat><xMotivo>Cancelamento homologado</xMotivo><chNFe>{KEY}</chNFe>"
        "<dhRecbto>2026-03-02T08:00:05</dhRecbto><nProt>2</nProt></infCanc></retCancNFe></procCancNFe>"
    )
    assert (record.kind, record.layout, record.form) == ("event", "nfe_cancellation", "processed")
    assert (record.fields["event_type"], record.fields["event_name"], record.fields["sequence"]) == (
        "110111",
        "cancellation",
        1,
    )
    assert (record.fields["return_status"], record.fields["reason"]) == (101, "Desistencia do cliente")
    assert record.findings == ("instant_without_offset",)


RANGE = "ID3526123456780001955500100000010000000109"


def voided(range_id: str = RANGE, year: str = "26", last: str = "109") -> str:
    return (
        f'<inutNFe xmlns="{NFE_NS}" versao="4.00"><infInut Id="{range_id}"><tpAmb>2</tpAmb><xServ>INUTILIZAR</xServ>'
        f"<cUF>35</cUF><ano>{year}</ano><CNPJ>{CNPJ}</CNPJ><mod>55</mod><serie>1</serie><nNFIni>100</nNFIni>"
        f"<nNFFin>{last}</nNFFin><xJust>Falha na sequencia</xJust></infInut></inutNFe>"
    )


def voided_return(identified: bool = True) -> str:
    told = (
        f"<cUF>35</cUF><ano>26</ano><CNPJ>{CNPJ}</CNPJ><mod>55</mod><serie>1</serie><nNFIni>100</nNFIni>"
        "<nNFFin>109</nNFFin>"
    )
    return (
        f'<retInutNFe xmlns="{NFE_NS}" versao="4.00"><infInut Id="ID135"><tpAmb>2</tpAmb><cStat>102</cStat>'
        f"<xMotivo>Homologado</xMotivo>{told if identified else ''}<dhRecbto>2026-03-02T08:00:05-03:00</dhRecbto>"
        "<nProt>135</nProt></infInut></retInutNFe>"
    )


RANGE_KEY = f"ID3526{CNPJ}55001000000100000000109"


def test_voided_range_in_every_form_has_one_key() -> None:
    forms = {
        "bare": voided(RANGE_KEY),
        "return": voided_return(),
        "processed": f'<ProcInutNFe xmlns="{NFE_NS}">{voided(RANGE_KEY)}{voided_return(False)}</ProcInutNFe>',
    }
    for form, xml in forms.items():
        record = parsed(xml)
        assert (record.kind, record.layout, record.form) == ("voided_range", "nfe_voided", form)
        assert (record.key, record.findings) == (RANGE_KEY, ())
    assert parsed(forms["processed"]).fields == {
        "environment": 2, "model": "55", "uf": "SP", "issuer_id": CNPJ, "year": 2026, "series": 1,
        "first_number": 100, "last_number": 109, "reason": "Falha na sequencia", "return_status": 102,
        "return_reason": "Homologado", "registered_at": "2026-03-02T11:00:05Z", "protocol_number": "135",
        "layout_version": "4.00",
    }  # fmt: skip


def test_voided_range_of_an_id_without_the_year_has_the_same_key() -> None:
    record = parsed(voided(RANGE_KEY[:4] + RANGE_KEY[6:]))
    assert (record.key, record.findings) == (RANGE_KEY, ())


def test_voided_range_whose_id_tells_another_range() -> None:
    record = parsed(voided(RANGE_KEY, last="110"))
    assert record.key == RANGE_KEY[:-3] + "110"
    assert record.findings == ("id_key_mismatch",)


def test_answer_about_another_range_does_not_void_this_one() -> None:
    answer = voided_return().replace("<nNFFin>109<", "<nNFFin>110<")
    record = parsed(f'<procInutNFe xmlns="{NFE_NS}">{voided(RANGE_KEY)}{answer}</procInutNFe>')
    assert (record.key, record.form, record.findings) == (RANGE_KEY, "bare", ("protocol_key_mismatch",))
    assert not {"return_status", "registered_at", "protocol_number"} & record.fields.keys()


def test_voided_range_of_an_issuer_written_with_its_mask() -> None:
    record = parsed(voided(RANGE_KEY).replace(f"<CNPJ>{CNPJ}<", "<CNPJ>12.345.678/0001-95<"))
    assert (record.key, record.fields["issuer_id"], record.findings) == (RANGE_KEY, CNPJ, ("tax_id_form",))


def test_voided_range_that_is_not_told_in_full() -> None:
    dead = refused(voided_return(identified=False))
    assert dead.code == "no_access_key"
    assert "102 Homologado" in dead.message


def test_every_event_name_is_snake_case_and_known_to_one_family() -> None:
    for layout in LAYOUTS.values():
        for code, name in layout.family.event_names.items():
            assert len(code) == 6 and code.isdigit()
            assert name.replace("_", "a").isalnum() and name == name.lower()
