"""Who signed a document or event, by the certificate in its signature, and whether he may and could at that time.

A certificate of any establishment of a company signs for all of them: the first eight characters of a CNPJ say which
company it is. The tax office signs what it issues for others, a provider of signatures (PAA) what he is asked for, and
the simplified app (NFF) lets the office sign: of these only the signer is told. Sources: MOC 7.00, rejections 213
(CNPJ-Base of issuer and certificate) and 281 (expired); TProcEmi and infPAA of leiauteNFe_v4.00.xsd; infSolicNFF of
eventoCTeTiposBasico_v4.00.xsd.
"""

from __future__ import annotations

from transforms.families.family import Family
from transforms.parse import codes
from transforms.parse.certificate import Certificate, certificate_of
from transforms.parse.values import Target

_ROOT = 8
# procEmi 1: the office issues for a taxpayer; 4: a provider of signatures. cOrgao 92: events of the simplified app.
_ISSUED_FOR_OTHERS = (1, 4)
_ORGAN_OF_APP = "92"


def name_signer(fields: Target, findings: set[str], family: Family) -> None:
    """Puts ``signer_id``, its type and the end of the certificate's validity, and findings where they are odd.

    Takes out the fields that only this needs. Of an event the author signs, of a document its issuer.
    """
    text = fields.pop("_certificate", None)
    is_signed_for_him = _is_signed_for_him(fields)
    if text is None:
        return
    certificate = certificate_of(text)
    if certificate is None:
        findings.add(codes.CERTIFICATE_UNREADABLE)
        return
    fields["certificate_valid_until"] = certificate.valid_until
    if not _could_sign(certificate, fields):
        findings.add(codes.CERTIFICATE_NOT_VALID)
    if not certificate.holder_id:
        findings.add(codes.SIGNER_UNKNOWN)
        return
    fields["signer_id"], fields["signer_id_type"] = certificate.holder_id, certificate.holder_id_type
    if not is_signed_for_him and _is_written_by_party(fields, family):
        writer = fields.get("author_id") or fields.get("issuer_id")
        if writer and _party(writer) != _party(certificate.holder_id):
            findings.add(codes.SIGNER_MISMATCH)


def _is_signed_for_him(fields: Target) -> bool:
    process, provider = fields.pop("_emission_process", None), fields.pop("_signing_provider", None)
    request = fields.pop("_app_request", None)
    return (
        process in _ISSUED_FOR_OTHERS
        or provider is not None
        or request is not None
        or fields.get("organ") == _ORGAN_OF_APP
    )


def _is_written_by_party(fields: Target, family: Family) -> bool:
    """Whether the law lets a party alone write it: a tax office signs its own events, with any of its certificates."""
    event_type = fields.get("event_type")
    return family.signed_by_issuer if event_type is None else event_type.startswith(family.events_of_parties)


def _party(text: str) -> str:
    """A person by his CPF, a company by the root of its CNPJ, whichever establishment it is."""
    written = text.upper()
    return written[:_ROOT] if len(written) == 14 else written


def _could_sign(certificate: Certificate, fields: Target) -> bool:
    """Whether it was valid at some moment between issue and authorisation: within these the document was signed."""
    issued = fields.get("occurred_at") or fields.get("issued_at")
    accepted = fields.get("registered_at") or fields.get("protocol_at")
    return (issued is None or issued <= certificate.signs_until) and (
        accepted is None or accepted >= certificate.signs_from
    )
