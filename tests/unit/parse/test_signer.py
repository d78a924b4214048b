"""Who signed, by the certificate; and whether that was for him to sign, and at that time."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

import pytest

from local.generate.certificate import LASTING, Holder, certificate
from local.generate.rng import Rng
from tests.unit.parse.samples import CNPJ, NFE_NS, event, event_return, key, nfe, parsed, processed, protocol
from transforms.access_key import check_digit
from transforms.parse.certificate import certificate_of

PERSON = "52998224725"
OTHER = "98765432000198"
BRANCH = CNPJ[:8] + "000276"
# The sample is of 1 March 2026, 10:20:30, authorised half a minute later.
NOON_BEFORE, NOON_AFTER = datetime(2026, 2, 28, 12, tzinfo=UTC), datetime(2026, 3, 1, 15, tzinfo=UTC)


def of(holder: str, validity: tuple[datetime, datetime] = LASTING, has_other_names: bool = True) -> str:
    """The text of a certificate of a company or person."""
    id_type = "CPF" if len(holder) == 11 else "CNPJ"
    made = certificate(Rng("signer"), Holder(holder, id_type, "Exemplo"), validity, has_other_names)
    return b64encode(made).decode()


def signed(xml: str, text: str, end: str = "</NFe>") -> str:
    signature = (
        '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><Reference><DigestValue>abc=</DigestValue>'
        f"</Reference></SignedInfo><KeyInfo><X509Data><X509Certificate>{text}</X509Certificate></X509Data></KeyInfo>"
        "</Signature>"
    )
    return xml.replace(end, signature + end)


def document(text: str, **parts: str) -> str:
    return processed(signed(nfe(**parts), text))


def signed_event(text: str, event_type: str = "110111", author: str = CNPJ) -> str:
    request = event(event_type=event_type).replace(f"<CNPJ>{CNPJ}</CNPJ>", f"<CNPJ>{author}</CNPJ>")
    both = signed(request, text, "</evento>") + event_return(event_type=event_type)
    return f'<procEventoNFe xmlns="{NFE_NS}" versao="1.00">{both}</procEventoNFe>'


def test_the_signer_is_the_holder_of_the_certificate() -> None:
    for xml in (document(of(CNPJ)), signed(nfe(), of(CNPJ)), signed_event(of(CNPJ))):
        record = parsed(xml)
        assert record.findings == ()
        assert {name: record.fields[name] for name in ("signer_id", "signer_id_type", "certificate_valid_until")} == {
            "signer_id": CNPJ,
            "signer_id_type": "CNPJ",
            "certificate_valid_until": "2035-12-31T00:00:00Z",
        }
        assert not [name for name in record.fields if name.startswith("_")]


@pytest.mark.parametrize("has_other_names", [True, False])
@pytest.mark.parametrize("holder", [CNPJ, PERSON, "12ABC34501DE35"])
def test_a_holder_is_named_by_other_names_or_as_of_old_behind_the_name(holder: str, has_other_names: bool) -> None:
    found = certificate_of(of(holder, has_other_names=has_other_names))
    assert found is not None and found.holder_id == holder
    assert found.holder_id_type == ("CPF" if holder == PERSON else "CNPJ")


def test_lines_in_the_text_of_a_certificate_change_nothing() -> None:
    text = of(CNPJ)
    wrapped = "\n".join(text[i : i + 76] for i in range(0, len(text), 76))
    assert parsed(document(f"\n{wrapped}\n")).fields["signer_id"] == CNPJ


def findings_of_validity(begins: datetime, ends: datetime) -> tuple[str, ...]:
    return parsed(document(of(CNPJ, (begins, ends)))).findings


_EXPIRED, _LATER = (LASTING[0], NOON_BEFORE), (NOON_AFTER, LASTING[1])
_EXEMPT = {
    "the office issues it": ("<tpEmis>1</tpEmis>", "<tpEmis>1</tpEmis><procEmi>1</procEmi>"),
    "a provider of signatures signs": (
        "</infNFe>",
        f"<infPAA><CNPJPAA>{OTHER}</CNPJPAA></infPAA></infNFe>",
    ),
    "the office signs what its app asks for": ("</infNFe>", "<infSolicNFF><xSolic>{}</xSolic></infSolicNFF></infNFe>"),
}


@pytest.mark.parametrize(
    ("situation", "xml", "findings"),
    [
        ("the head office signs for a branch", document(of(BRANCH)), ()),
        ("another company signs", document(of(OTHER)), ("signer_mismatch",)),
        ("a person signs for a company", document(of(PERSON)), ("signer_mismatch",)),
        ("it had ended before the issue", document(of(CNPJ, _EXPIRED)), ("certificate_not_valid",)),
        ("it began after the authorisation", document(of(CNPJ, _LATER)), ("certificate_not_valid",)),
        ("renewed after the issue, before it was sent", signed(nfe(), of(CNPJ, _LATER)), ()),
        ("it never ends", document(of(CNPJ, (LASTING[0], datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)))), ()),
        ("damaged", document(of(CNPJ)[:-400]), ("certificate_unreadable",)),
        ("no certificate", document("ICP"), ("certificate_unreadable",)),
        ("names nobody", document(of("0" * 14, has_other_names=False)), ("signer_unknown",)),
        ("the author signs an event of another's document", signed_event(of(OTHER), "210200", OTHER), ()),
        ("another signs an event", signed_event(of(OTHER)), ("signer_mismatch",)),
        ("an office signs its own event", signed_event(of(OTHER), "410300", BRANCH), ()),
        *((why, document(of(OTHER)).replace(*change), ()) for why, change in _EXEMPT.items()),
    ],
)  # fmt: skip
def test_only_what_is_odd_is_a_finding(situation: str, xml: str, findings: tuple[str, ...]) -> None:
    assert parsed(xml).findings == findings, situation


def test_a_person_signs_what_he_issues() -> None:
    access_key = key(issuer=PERSON.zfill(14))
    xml = processed(nfe(access_key, emit=f"<CPF>{PERSON}</CPF>"), protocol(access_key))
    assert parsed(signed(xml, of(PERSON))).findings == ()
    assert parsed(signed(xml, of("11144477735"))).findings == ("signer_mismatch",)


def test_an_nfse_is_signed_by_whom_it_may_be_and_told_by_its_dps() -> None:
    alone = f'<pedRegEvento xmlns="http://www.sped.fazenda.gov.br/nfse" versao="1.01">{_asked()}</pedRegEvento>'
    record = parsed(signed(alone, of(OTHER), "</pedRegEvento>"))
    assert (record.fields["signer_id"], record.findings) == (OTHER, ())


def _asked() -> str:
    body = f"355030822{CNPJ}00000000000012603000000001"
    nfse = body + check_digit(body)
    return (
        f'<infPedReg Id="PRE{nfse}101101"><tpAmb>1</tpAmb><dhEvento>2026-03-01T10:00:00-03:00</dhEvento>'
        f"<CNPJAutor>{CNPJ}</CNPJAutor><chNFSe>{nfse}</chNFSe><e101101><xDesc>Cancelamento</xDesc></e101101></infPedReg>"
    )


def test_many_documents_of_one_certificate_read_it_once() -> None:
    before = certificate_of.cache_info()
    for number in range(20):
        access_key = key(number=number)
        parsed(signed(nfe(access_key), of(CNPJ, (LASTING[0], NOON_AFTER))))
    after = certificate_of.cache_info()
    assert after.misses - before.misses <= 1 and after.hits - before.hits >= 19
    assert after.maxsize is not None
