"""What the event layouts of all families have in common.

Requests and returns of any family may be in any family's envelope, and in the wrong namespace: real files have an
MDF-e's event in a procEventoCTe. So every event root reads all of them, and the element that carries the key
(``chNFe``, ``chCTe``, ...) says which family's event it is.
"""

from __future__ import annotations

import json

from transforms.families import FAMILIES, FAMILY_OF_KEY_ELEMENT
from transforms.families.family import Family
from transforms.model import EVENT
from transforms.parse.layout import (
    REQUEST,
    RETURN,
    SIGNATURE,
    SIGNER_FIELDS,
    SUMMARY,
    Field,
    Layout,
    PartFields,
    cnpj,
    cpf,
    instant,
    integer,
    many,
    text,
)
from transforms.parse.shared_fields import SIGNED_FOR_OTHERS
from transforms.parse.values import Target

_REQUESTS = tuple(family.event_element for family in FAMILIES.values() if family.has_services)
_RETURNS = tuple("retE" + request[1:] for request in _REQUESTS)

# A return without its own element occurs: procEventoCTe/infEvento. So do request and return in the batches in which
# they were sent and answered.
_ENVELOPE = {
    **{f"{request}/infEvento": REQUEST for request in _REQUESTS},
    **{f"{request}/Signature": SIGNATURE for request in _REQUESTS},
    **{f"{answer}/infEvento": RETURN for answer in _RETURNS},
    "infEvento": RETURN,
    "envEvento/evento/infEvento": REQUEST,
    "envEvento/evento/Signature": SIGNATURE,
    "retEnvEvento/retEvento/infEvento": RETURN,
}


def _detail(path: str) -> dict[str, Field]:
    return {
        f"{path}/descEvento": text("description"),
        f"{path}/nProt": text("target_protocol"),
        f"{path}/xJust": text("reason"),
        f"{path}/xCorrecao": text("correction"),
        f"{path}/tpEventoAut": text("target_event_type"),
        f"{path}/nProtEvento": text("target_event_protocol"),
        f"{path}/chNFeRef": text("replacement_key"),
    }


REQUEST_FIELDS: PartFields = {
    "@Id": text("_id"),
    **{element: text(f"_key_{family.name}") for element, family in FAMILY_OF_KEY_ELEMENT.items()},
    "cOrgao": text("organ"),
    "tpAmb": integer("environment"),
    "CNPJ": cnpj("author_id"),
    "CPF": cpf("author_id"),
    "dhEvento": instant("occurred_at"),
    "tpEvento": text("event_type"),
    "nSeqEvento": integer("sequence"),
    **SIGNED_FOR_OTHERS,
    "detEvento/@versao": text("layout_version"),
    "detEvento/@versaoEvento": text("layout_version"),
    **_detail("detEvento"),
    **_detail("detEvento/*"),
    "detEvento/*/infCorrecao": many(
        "_corrections",
        {
            "grupoAlterado": text("group"),
            "campoAlterado": text("field"),
            "valorAlterado": text("value"),
            "nroItemAlterado": text("item"),
        },
    ),
}

RETURN_FIELDS: PartFields = {
    **{element: text(f"_return_key_{family.name}") for element, family in FAMILY_OF_KEY_ELEMENT.items()},
    "tpAmb": integer("_return_environment"),
    "cOrgao": text("_return_organ"),
    "tpEvento": text("_return_event_type"),
    "xEvento": text("_return_description"),
    "nSeqEvento": integer("_return_sequence"),
    "cStat": integer("return_status"),
    "xMotivo": text("return_reason"),
    "dhRegEvento": instant("registered_at"),
    "nProt": text("protocol_number"),
}

SUMMARY_FIELDS: PartFields = {
    "@versao": text("layout_version"),
    **{element: text(f"_key_{family.name}") for element, family in FAMILY_OF_KEY_ELEMENT.items()},
    "cOrgao": text("organ"),
    "CNPJ": cnpj("author_id"),
    "CPF": cpf("author_id"),
    "dhEvento": instant("occurred_at"),
    "tpEvento": text("event_type"),
    "nSeqEvento": integer("sequence"),
    "xEvento": text("description"),
    "descEvento": text("description"),
    "xCorrecao": text("correction"),
    "dhRecbto": instant("registered_at"),
    "nProt": text("protocol_number"),
}


def event_layout(family: Family) -> Layout:
    """The layout of a family's events."""
    request = family.event_element
    return Layout(
        name=f"{family.name}_event",
        family=family,
        kind=EVENT,
        shapes={
            request: {"infEvento": REQUEST, "Signature": SIGNATURE},
            "retE" + request[1:]: {"infEvento": RETURN},
            **dict.fromkeys(family.event_envelopes, _ENVELOPE),
            **{summary: {"": SUMMARY} for summary in family.event_summaries},
        },
        parts={REQUEST: REQUEST_FIELDS, RETURN: RETURN_FIELDS, SUMMARY: SUMMARY_FIELDS, SIGNATURE: SIGNER_FIELDS},
        finish=corrections_as_text,
    )


def corrections_as_text(fields: Target) -> None:
    """A CT-e's correction letter names fields and values: kept as JSON, a list in the order of the letter."""
    corrections = fields.pop("_corrections", None)
    if corrections:
        fields.setdefault("correction", json.dumps(corrections, ensure_ascii=False, sort_keys=True))
