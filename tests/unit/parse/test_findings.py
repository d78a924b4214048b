"""What is odd in a record is a finding; the record is kept."""

from __future__ import annotations

import pytest

from tests.unit.parse.samples import KEY, item, key, nfe, parsed, processed, refused
from transforms.access_key import check_digit
from transforms.parse.codes import DEAD_LETTER_CODES, FINDINGS
from transforms.parse.parser import ParseOptions

IDE = "<cUF>{uf}</cUF><mod>{model}</mod><serie>{series}</serie><nNF>{number}</nNF><dhEmi>{issued}</dhEmi>"
RIGHT = {"uf": "35", "model": "55", "series": "1", "number": "1234", "issued": "2026-03-01T10:20:30-03:00"}


def signed(digest: str) -> str:
    reference = f'<Reference URI="#NFe{KEY}"><DigestValue>{digest}</DigestValue></Reference>'
    signature = (
        f'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>{reference}</SignedInfo></Signature>'
    )
    return nfe().replace("</NFe>", f"{signature}</NFe>")


def with_ide(**changed: str) -> str:
    return nfe(ide=IDE.format(**{**RIGHT, **changed}))


@pytest.mark.parametrize(
    ("xml", "finding"),
    [
        (with_ide(uf="33"), "key_uf_mismatch"),
        (with_ide(model="65"), "key_model_mismatch"),
        (with_ide(series="2"), "key_series_mismatch"),
        (with_ide(number="4321"), "key_number_mismatch"),
        (with_ide(issued="2026-04-01T10:20:30-03:00"), "key_month_mismatch"),
        (with_ide(issued="2026-03-01T10:20:30"), "instant_without_offset"),
        (with_ide(issued="2026-03-01T10:20:30-00:00"), "instant_without_offset"),
        (with_ide(series="1a"), "bad_integer"),
        (with_ide(number="9" * 19), "bad_integer"),
        (nfe(emit="<CNPJ>11111111000191</CNPJ>"), "key_issuer_mismatch"),
        (nfe(KEY[:-1] + str((int(KEY[-1]) + 1) % 10)), "key_check_digit"),
        (nfe(total="<vNF>12.00</vNF><vProd>12,00</vProd>"), "bad_decimal"),
        (nfe(total="<vProd>12.00</vProd>"), "missing_total"),
        (nfe(items=item(qCom="um")), "bad_decimal"),
        (nfe(ide="<cUF>35</cUF><mod>55</mod><serie>1</serie><nNF>1234</nNF>"), "missing_issue_date"),
        (nfe(body=f'<infNFe Id="{KEY}" versao="4.00">'), "id_form"),
        (nfe(body=f'<infNFe Id="nfe {KEY} ">'), "id_form"),
        (nfe(body=f'<infNFe Id="CTe{KEY}">'), "id_form"),
        (nfe().replace(' xmlns="http://www.portalfiscal.inf.br/nfe"', ""), "namespace_mismatch"),
        (nfe().replace("/nfe", "/cte", 1), "namespace_mismatch"),
        (nfe(dest="<dest><CPF>1</CPF></dest><dest><CPF>2</CPF></dest>"), "repeated_element"),
        (nfe(ide=IDE.format(**RIGHT) + "<tpEmis>9</tpEmis>"), "key_emission_mismatch"),
        (processed(signed("other=")), "digest_mismatch"),
        (nfe(dest="<dest><CNPJ>98.765.432/0001-98</CNPJ></dest>"), "tax_id_form"),
        (nfe(dest="<dest><CPF>529.982.247-25</CPF></dest>"), "tax_id_form"),
        (processed(nfe("0")), "id_missing"),
        (processed(nfe(body='<infNFe versao="4.00">')), "id_missing"),
        (nfe() + "fim", "trailing_data"),
        ('<?xml version="1.0" encoding="utf-16"?>' + nfe(), "encoding_mismatch"),
    ],
)
def test_finding(xml: str, finding: str) -> None:
    record = parsed(xml)
    assert record.findings == (finding,)
    assert finding in FINDINGS


def test_lower_case_key_is_read_in_upper_case() -> None:
    access_key = key(issuer="12ABC34501DE35")
    record = parsed(nfe(access_key.lower(), emit="<CNPJ>12abc34501de35</CNPJ>"))
    assert (record.key, record.findings) == (access_key, ("id_form", "tax_id_form"))


def test_a_digest_that_the_protocol_repeats_is_no_finding() -> None:
    assert parsed(processed(signed("abc="))).findings == ()
    assert "_digest" not in parsed(processed(signed("abc="))).fields


def test_a_tax_id_is_one_however_it_is_written() -> None:
    for written in ("12abc34501de35", "12.ABC.345/01DE-35", "12ABC34501DE35"):
        assert parsed(nfe(dest=f"<dest><CNPJ>{written}</CNPJ></dest>")).fields["recipient_id"] == "12ABC34501DE35"


def test_without_a_usable_id_the_protocols_key_is_taken() -> None:
    assert parsed(processed(nfe("0"))).key == KEY


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("1234.5", "1234.5"), ("-1.00", "-1.00"), ("0012.00", "0012.00"), ("  7.00\n", "7.00"), ("1" * 18, "1" * 18),
        ("0.123456789", "0.123456789"), ("1" * 19, None), ("0.1234567890", None), ("1e5", None), (".5", None),
        ("5.", None), ("+1", None), ("1.0.0", None), ("١٢", None), ("NaN", None),
    ],
)  # fmt: skip
def test_amounts_are_exact_text_that_fits_the_column(text: str, kept: str | None) -> None:
    record = parsed(nfe(total=f"<vProd>3.00</vProd><vNF>{text}</vNF>"))
    assert record.fields.get("total") == kept
    assert record.fields["products_total"] == "3.00"
    assert record.findings == (() if kept else ("bad_decimal", "missing_total"))


def test_unit_values_keep_ten_decimals() -> None:
    assert parsed(nfe(items=item(vUnCom="1.0123456789"))).fields["items"][0]["unit_value"] == "1.0123456789"


@pytest.mark.parametrize(
    ("uf", "issued_at"),
    [("35", "2026-03-01T13:20:30Z"), ("12", "2026-03-01T15:20:30Z"), ("13", "2026-03-01T14:20:30Z")],
)
def test_instant_without_offset_is_in_the_states_standard_time(uf: str, issued_at: str) -> None:
    ide = IDE.format(**{**RIGHT, "uf": uf, "issued": "2026-03-01T10:20:30"})
    record = parsed(nfe(key(uf=uf), ide=ide))
    assert (record.fields["issued_at"], record.findings) == (issued_at, ("instant_without_offset",))
    assert record.fields["issued_at_text"] == "2026-03-01T10:20:30"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-31T23:30:00-03:00", "2026-04-01T02:30:00Z"),
        ("2026-03-01T10:20:30Z", "2026-03-01T10:20:30Z"),
        ("2026-03-01T10:20:30.500-03:00", "2026-03-01T13:20:30.5Z"),
        ("2026-03-01T10:20:30.000-03:00", "2026-03-01T13:20:30Z"),
        ("2026-03-01T10:20:30+14:00", "2026-02-28T20:20:30Z"),
    ],
)
def test_instants_become_utc(text: str, instant: str) -> None:
    record = parsed(with_ide(issued=text))
    assert (record.fields["issued_at"], record.fields["issued_on"], record.findings) == (instant, text[:10], ())


@pytest.mark.parametrize(
    "text",
    ["2026-02-30T10:00:00-03:00", "ontem", "2026-03-01T25:00:00-03:00", "0001-01-01T00:00:00+14:00", "2026-03-01"],
)
def test_instants_that_are_none(text: str) -> None:
    record = parsed(with_ide(issued=text))
    assert "bad_instant" in record.findings
    assert "issued_at" not in record.fields
    assert record.fields["issued_at_text"] == text


def test_key_of_a_month_that_is_none_is_kept() -> None:
    access_key = key(month="2613")
    record = parsed(nfe(access_key))
    assert "key_month_mismatch" in record.findings
    assert "key_month" not in record.fields


def test_strict_refuses_what_has_findings() -> None:
    dead = refused(with_ide(uf="33", series="2"), ParseOptions(strict=True))
    assert dead.code == "strict_findings"
    assert "key_series_mismatch, key_uf_mismatch" in dead.message
    assert parsed(nfe(), ParseOptions(strict=True)).key == KEY


def test_codes_hold_no_free_text() -> None:
    for code in (*FINDINGS, *DEAD_LETTER_CODES):
        assert code.replace("_", "").isalpha()


def test_check_digit_agrees_with_the_vocabularys() -> None:
    for number in range(30):
        body = key(issuer="12ABC34501DE35", number=number)[:43]
        findings = [
            parsed(nfe(body + d, emit="", ide="<dhEmi>2026-03-01T00:00:00Z</dhEmi>")).findings for d in "0123456789"
        ]
        right = [d for d, found in zip("0123456789", findings, strict=True) if "key_check_digit" not in found]
        assert right == [check_digit(body + "0")]
