"""Signing certificates of the invented economy: of the form that ICP-Brasil's have, with keys and signatures that are
none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from asn1crypto import algos, core, keys, x509

from local.generate.rng import Rng

# Real ones last a year, or three; these outlast all that is generated, as nobody renews one here.
LASTING = (datetime(2006, 1, 1, tzinfo=UTC), datetime(2035, 12, 31, tzinfo=UTC))
_CNPJ, _RESPONSIBLE, _PERSON = "2.16.76.1.3.3", "2.16.76.1.3.4", "2.16.76.1.3.1"
_AUTHORITY = "AC EXEMPLO RFB v5"
_CHAIN = {"country_name": "BR", "organization_name": "ICP-Brasil"}
_OFFICE = "Secretaria da Receita Federal do Brasil - RFB"
_POLICY_TEXT = "http://acexemplo.example/dpc/politica-de-certificado-a1.pdf"


class Holder(NamedTuple):
    """Whom a certificate is of; ``id_type`` is CNPJ or CPF."""

    id: str
    id_type: str
    name: str
    uf: str = "SP"
    city: str = "São Paulo"


def certificate(
    rng: Rng, holder: Holder, validity: tuple[datetime, datetime] = LASTING, has_other_names: bool = True
) -> bytes:
    """A certificate in DER, about 1.4 kB; without other names its common name alone says whose it is."""
    algorithm = algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
    subject = {
        **_CHAIN,
        "state_or_province_name": holder.uf,
        "locality_name": holder.city,
        "organizational_unit_name": f"RFB e-{holder.id_type} A1",
        "common_name": f"{holder.name[:48]}:{holder.id}",
    }
    key = keys.RSAPublicKey({"modulus": int.from_bytes(rng.octets(256), "big") | 1 << 2047, "public_exponent": 65537})
    body = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": int(rng.digits(15)),
            "signature": algorithm,
            "issuer": x509.Name.build(
                {**_CHAIN, "organizational_unit_name": _OFFICE, "common_name": _AUTHORITY}, use_printable=True
            ),
            "validity": x509.Validity({"not_before": _time(validity[0]), "not_after": _time(validity[1])}),
            "subject": x509.Name.build(subject),
            "subject_public_key_info": keys.PublicKeyInfo.wrap(key, "rsa"),
            "extensions": [*_extensions(rng), *([_names(rng, holder)] if has_other_names else [])],
        }
    )
    signed = x509.Certificate(
        {"tbs_certificate": body, "signature_algorithm": algorithm, "signature_value": rng.octets(256)}
    )
    return bytes(signed.dump())


def _time(moment: datetime) -> x509.Time:
    """As RFC 5280 wants it: in two digits of the year up to 2049."""
    return x509.Time({"utc_time": core.UTCTime(moment)} if moment.year < 2050 else {"general_time": moment})


def _extensions(rng: Rng) -> list[dict[str, object]]:
    policy = {
        "policy_identifier": "2.16.76.1.2.1.999",
        "policy_qualifiers": [{"policy_qualifier_id": "certification_practice_statement", "qualifier": _POLICY_TEXT}],
    }
    lists = [_address(f"http://{site}.example/lcr/acexemplorfbv5.crl") for site in ("acexemplo", "lcr.acexemplo")]
    point = {"distribution_point": x509.DistributionPointName("full_name", lists)}
    access = {"access_method": "ca_issuers", "access_location": _address("http://acexemplo.example/acexemplorfbv5.p7b")}
    return [
        {"extn_id": "authority_key_identifier", "extn_value": x509.AuthorityKeyIdentifier(
            {"key_identifier": rng.octets(20)}
        )},
        {"extn_id": "certificate_policies", "extn_value": [policy]},
        {"extn_id": "authority_information_access", "extn_value": [access]},
        {"extn_id": "crl_distribution_points", "extn_value": [point]},
        {"extn_id": "key_usage", "critical": True, "extn_value": {"digital_signature", "key_encipherment"}},
        {"extn_id": "extended_key_usage", "extn_value": ["client_auth", "email_protection"]},
    ]  # fmt: skip


def _names(rng: Rng, holder: Holder) -> dict[str, object]:
    person = f"{rng.between(1, 28):02d}{rng.between(1, 12):02d}{rng.between(1950, 2000)}"
    if holder.id_type == "CPF":
        names = {_PERSON: f"{person}{holder.id}{'0' * 26}"}
    else:
        names = {_RESPONSIBLE: f"{person}{rng.digits(11)}{'0' * 26}", _CNPJ: holder.id}
    return {"extn_id": "subject_alt_name", "extn_value": [_other_name(oid, text) for oid, text in names.items()]}


def _address(text: str) -> x509.GeneralName:
    return x509.GeneralName("uniform_resource_identifier", text)


def _other_name(oid: str, text: str) -> x509.GeneralName:
    value = core.Any(core.OctetString(text.encode("ascii"), explicit=0))
    return x509.GeneralName("other_name", {"type_id": oid, "value": value})
