"""What the event layouts of all families have in common.

Requests and returns of any family may stand in any family's envelope, and in the wrong namespace: real files have
an MDF-e's event in a procEventoCTe. So every event root reads them all, and the element that carries the key
(``chNFe``, ``chCTe``, ...) says whose event it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from transforms.model import EVENT
from transforms.parse.layout import (
    REQUEST,
    RETURN,
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
from transforms.parse.values import Target

FAMILY_OF_KEY_ELEMENT = {
    "chNFe": "nfe",
    "chCTe": "cte",
    "chMDFe": "mdfe",
    "chNF3e": "nf3e",
    "chNFCom": "nfcom",
    "chBPe": "bpe",
}
_REQUESTS = ("evento", "eventoCTe", "eventoMDFe", "eventoNF3e", "eventoNFCom", "eventoBPe")
_RETURNS = tuple("retE" + request[1:] for request in _REQUESTS)

# A return without its own element occurs: procEventoCTe/infEvento. So do request and return in the batches in which
# they were sent and answered.
_ENVELOPE = {
    **{f"{request}/infEvento": REQUEST for request in _REQUESTS},
    **{f"{answer}/infEvento": RETURN for answer in _RETURNS},
    "infEvento": RETURN,
    "envEvento/evento/infEvento": REQUEST,
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
    **{element: text(f"_key_{family}") for element, family in FAMILY_OF_KEY_ELEMENT.items()},
    "cOrgao": text("organ"),
    "tpAmb": integer("environment"),
    "CNPJ": cnpj("author_id"),
    "CPF": cpf("author_id"),
    "dhEvento": instant("occurred_at"),
    "tpEvento": text("event_type"),
    "nSeqEvento": integer("sequence"),
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
    **{element: text(f"_return_key_{family}") for element, family in FAMILY_OF_KEY_ELEMENT.items()},
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
    **{element: text(f"_key_{family}") for element, family in FAMILY_OF_KEY_ELEMENT.items()},
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


def event_layout(
    family: str,
    request: str,
    envelopes: tuple[str, ...],
    models: tuple[str, ...],
    event_names: Mapping[str, str],
    summaries: tuple[str, ...] = (),
    finish: Callable[[Target], None] | None = None,
) -> Layout:
    """The event layout of a family: ``request`` is its event's element (``eventoCTe``)."""
    return Layout(
        name=f"{family}_event",
        family=family,
        kind=EVENT,
        namespace=f"http://www.portalfiscal.inf.br/{family}",
        models=models,
        shapes={
            request: {"infEvento": REQUEST},
            "retE" + request[1:]: {"infEvento": RETURN},
            **dict.fromkeys(envelopes, _ENVELOPE),
            **{summary: {"": SUMMARY} for summary in summaries},
        },
        parts={REQUEST: REQUEST_FIELDS, RETURN: RETURN_FIELDS, SUMMARY: SUMMARY_FIELDS},
        event_names=event_names,
        finish=finish,
    )
