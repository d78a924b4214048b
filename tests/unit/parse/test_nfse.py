"""NFS-e of the national standard: documents, DPS, events, and what municipalities write instead."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

from local.generate import Rng, nfse, world_of
from local.generate.document import Generated
from tests.unit.parse.samples import all_of, parsed, refused
from transforms import access_key
from transforms.history.fold import fold

NS = "http://www.sped.fazenda.gov.br/nfse"
WORLD = world_of(5)
DOCUMENT = nfse.nfse(Rng("nfse"), WORLD, WORLD.sellers[0], WORLD.buyers[0], nfse.Options(series=7, number=1234))


def folded(*inputs: Generated) -> dict[str, object]:
    """State of the one key that the inputs are of."""
    entries = [record.entry for one in inputs for record in all_of(one.payload)]
    assert len({entry.key for entry in entries}) == 1
    return fold(entries).state


def test_fields_of_an_nfse() -> None:
    record = parsed(DOCUMENT.processed().payload)
    assert (record.key, record.kind, record.layout, record.form) == (DOCUMENT.key, "document", "nfse", "processed")
    assert record.findings == ()
    issuer, taker = WORLD.sellers[0], WORLD.buyers[0]
    expected = {
        "model": "nfse", "uf": issuer.uf, "number": 1234, "environment": 1, "generator": 2, "issuer_role": 1,
        "issuer_id": issuer.id, "issuer_id_type": "CNPJ", "issuer_city": issuer.city.code, "provider_id": issuer.id,
        "recipient_id": taker.id, "recipient_id_type": "CNPJ", "protocol_status": 100,
        "dps_id": DOCUMENT.dps_id, "dps_series": 7, "dps_number": 1234, "layout_version": "1.01",
        "total": f"{DOCUMENT.total / 100:.2f}", "net_total": f"{DOCUMENT.total / 100:.2f}",
        "iss_total": f"{DOCUMENT.iss / 100:.2f}", "iss_rate": "2.00", "iss_taxation": 1, "iss_withholding": 1,
        "issued_on": DOCUMENT.issued.day, "competence_on": DOCUMENT.issued.day,
    }  # fmt: skip
    assert {name: record.fields.get(name) for name in expected} == expected
    assert "series" not in record.fields and record.fields["protocol_at"] > record.fields["issued_at"]


def test_another_municipality_than_the_keys_is_a_finding() -> None:
    city = WORLD.sellers[0].city.code
    for made in (DOCUMENT.processed(), DOCUMENT.request()):
        other = made.payload.decode().replace(f"<cLocEmi>{city}<", "<cLocEmi>9999999<")
        assert parsed(other).findings == ("key_city_mismatch",)


def test_totals_of_ibs_and_cbs() -> None:
    old = nfse.nfse(Rng("a"), WORLD, WORLD.sellers[1], None, nfse.Options(issued=DOCUMENT.issued))
    reform = (
        "<IBSCBS><valores><vBC>10.00</vBC></valores><totCIBS><vTotNF>10.00</vTotNF><gIBS><vIBSTot>0.30</vIBSTot>"
        "<gIBSCredPres><vCredPresIBS>0.05</vCredPresIBS></gIBSCredPres><gIBSUFTot><vIBSUF>0.20</vIBSUF></gIBSUFTot>"
        "<gIBSMunTot><vIBSMun>0.10</vIBSMun></gIBSMunTot></gIBS><gCBS><vCBS>0.90</vCBS></gCBS></totCIBS></IBSCBS><DPS"
    )
    fields = parsed(
        old.element.split("<IBSCBS>")[0].partition("<DPS")[0] + reform + old.element.partition("<DPS")[2]
    ).fields
    assert fields["grand_total"] == fields["ibs_cbs_base"] == "10.00"
    assert (fields["ibs_total"], fields["ibs_uf_total"], fields["ibs_city_total"]) == ("0.30", "0.20", "0.10")
    assert (fields["ibs_presumed_credit"], fields["cbs_total"]) == ("0.05", "0.90")


def test_a_dps_alone_is_known_by_its_id_and_holds_nothing() -> None:
    record = parsed(DOCUMENT.request().payload)
    assert (record.key, record.layout, record.form, record.findings) == (DOCUMENT.dps_id, "dps", "bare", ())
    assert (record.fields["model"], record.fields["series"], record.fields["number"]) == ("dps", 7, 1234)
    assert record.fields["issuer_id"] == WORLD.sellers[0].id
    assert folded(DOCUMENT.request()) == {"status": "unprotocoled", "known_by": "document"}


def test_in_no_namespace_or_another_it_is_read_with_a_finding() -> None:
    for space in ("", ' xmlns="http://www.fiorilli.com.br/nfse-nacional"'):
        plain = DOCUMENT.processed().payload.decode().replace(f' xmlns="{NS}"', space)
        assert parsed(plain).findings == ("namespace_mismatch",)


@pytest.mark.parametrize("event_type", nfse.EVENT_TYPES)
def test_every_event_is_registered_by_the_element_that_the_office_hands_out(event_type: str) -> None:
    made = nfse.event(Rng(event_type), DOCUMENT, event_type)
    record = parsed(made.payload)
    assert (record.key, record.layout, record.form) == (DOCUMENT.key, "nfse_event", "processed")
    assert (record.fields["event_type"], record.fields["sequence"], record.findings) == (event_type, 1, ())
    assert record.fields["event_name"] != "unknown" and "registered_at" in record.fields
    ended = {"105102": "substituted", "101101": "cancelled", "105104": "cancelled", "305101": "cancelled"}
    assert folded(DOCUMENT.processed(), made)["status"] == ended.get(event_type, "authorised")


def test_a_request_that_nobody_registered_changes_nothing() -> None:
    asked = nfse.event_request(Rng("asked"), DOCUMENT, "101101")
    assert parsed(asked.payload).form == "bare"
    assert folded(DOCUMENT.processed(), asked)["status"] == "authorised"


def test_an_annulled_rejection_was_never_said_and_other_answers_stay() -> None:
    day = 86_400
    at = DOCUMENT.processed_at
    said = [
        nfse.event(Rng("1"), DOCUMENT, "202201", at.plus(day)),
        nfse.event(Rng("2"), DOCUMENT, "203206", at.plus(2 * day)),
    ]
    state = folded(DOCUMENT.processed(), *said)
    assert (state["provider_answer"], state["taker_answer"]) == ("confirmed", "rejected")
    annulled = folded(DOCUMENT.processed(), *said, nfse.event(Rng("3"), DOCUMENT, "205208", at.plus(3 * day)))
    assert annulled["provider_answer"] == "confirmed" and "taker_answer" not in annulled


def test_an_event_without_a_known_element_has_the_type_of_its_id() -> None:
    made = nfse.event(Rng("odd"), DOCUMENT, "101101").payload.decode().replace("e101101>", "e999999>")
    record = parsed(made)
    assert (record.fields["event_type"], record.key) == ("101101", DOCUMENT.key)


def test_a_question_for_a_document_is_none() -> None:
    for text in (
        f'<NFSe xmlns="{NS}"><infNFSe Id="NFS{DOCUMENT.key}"/></NFSe>',
        f'<DPS xmlns="{NS}"><infDPS Id="{DOCUMENT.dps_id}"/></DPS>',
    ):
        assert refused(text).code == "no_document"


def test_national_documents_in_a_message_of_a_municipality_are_read() -> None:
    inside = DOCUMENT.request().payload.decode().partition("?>")[2]
    for root in ("EnviarLoteDpsEnvio", "GerarNfseEnvio", "ConsultarNfseResposta"):
        (found,) = all_of(f'<{root} xmlns="{NS}"><Lote>{inside}</Lote></{root}>')
        assert (found.entry.key, found.raw.origin) == (DOCUMENT.dps_id, "o#DPS[1]")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('<CompNfse xmlns="http://www.abrasf.org.br/nfse.xsd"><Nfse><InfNfse/></Nfse></CompNfse>', "ABRASF"),
        (
            "<ConsultarNfseResposta><ListaNfse><CompNfse><Nfse/></CompNfse></ListaNfse></ConsultarNfseResposta>",
            "ABRASF",
        ),
        ('<p:EnviarLoteRpsEnvio xmlns:p="http://www.ginfes.com.br/servico"/>', "ABRASF"),
        (
            '<RetornoConsulta xmlns="http://www.prefeitura.sp.gov.br/nfe"><NFe xmlns=""/></RetornoConsulta>',
            "Paulistana",
        ),
        ('<ns1:ReqEnvioLoteRPS xmlns:ns1="http://localhost:8080/WsNFe2/lote"/>', "DSF"),
        ("<tbnfse><nfse/></tbnfse>", "of its municipality"),
    ],
)
def test_layouts_of_municipalities_are_named(text: str, told: str) -> None:
    dead = refused(text)
    assert dead.code == "municipal_layout" and told in dead.message


def adn(*payloads: bytes, **changed: object) -> bytes:
    lot = [
        {"NSU": 40 + n, "ArquivoXml": base64.b64encode(gzip.compress(one)).decode()} for n, one in enumerate(payloads)
    ]
    return json.dumps({"StatusProcessamento": "DOCUMENTOS_LOCALIZADOS", "LoteDFe": lot, **changed}).encode()


def test_a_batch_of_the_distribution_gives_each_document_with_its_nsu() -> None:
    event = nfse.event(Rng("e"), DOCUMENT, "101101")
    found = all_of(adn(DOCUMENT.processed().payload, event.payload))
    assert [(one.raw.origin, one.entry.key, one.entry.layout) for one in found] == [
        ("o#NSU=40", DOCUMENT.key, "nfse"),
        ("o#NSU=41", DOCUMENT.key, "nfse_event"),
    ]
    assert found[0].raw.payload == DOCUMENT.processed().payload


def test_the_answer_of_the_service_that_issues() -> None:
    packed = base64.b64encode(gzip.compress(DOCUMENT.processed().payload)).decode()
    (record,) = all_of(json.dumps({"chaveAcesso": DOCUMENT.key, "nfseXmlGZipB64": packed}))
    assert (record.entry.key, record.raw.origin) == (DOCUMENT.key, "o#nfseXmlGZipB64[1]")


def test_answers_one_a_line() -> None:
    event = nfse.event(Rng("e"), DOCUMENT, "101101").payload
    found = all_of(adn(DOCUMENT.processed().payload) + b"\n" + adn(event) + b"\n")
    assert [one.entry.layout for one in found] == ["nfse", "nfse_event"]


def test_an_answer_without_documents_tells_what_it_says() -> None:
    dead = refused(adn(StatusProcessamento="NENHUM_DOCUMENTO_LOCALIZADO"))
    assert dead.code == "no_document" and "NENHUM_DOCUMENTO_LOCALIZADO" in dead.message


def test_one_damaged_document_of_a_batch_spoils_no_other() -> None:
    whole = json.loads(adn(DOCUMENT.processed().payload, b"<x/>"))
    whole["LoteDFe"][0]["ArquivoXml"] = "H4sIAAAA"
    found = all_of(json.dumps(whole))
    assert [getattr(one, "code", "record") for one in found] == ["bad_doczip", "unknown_root"]
    assert found[0].payload == b"H4sIAAAA"


def test_other_json_is_no_xml() -> None:
    for text in ('{"nota": "1"}', "[1, 2]", "{", '{"a": ', '{"a": 1}\n{"b"'):
        assert refused(text).code == "not_xml"


def test_every_key_of_the_generator_is_right() -> None:
    record = parsed(DOCUMENT.processed().payload)
    parts = access_key.split(record.key)
    assert parts.issuer_id == WORLD.sellers[0].id and access_key.has_right_check_digit(record.key)
    wrong = record.key[:-1] + str((int(record.key[-1]) + 1) % 10)
    assert "key_check_digit" in parsed(DOCUMENT.element.replace(record.key, wrong)).findings
