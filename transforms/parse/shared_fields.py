"""Fields and shapes that several layouts have in common."""

from __future__ import annotations

from collections.abc import Iterable

from transforms.families.family import Family
from transforms.parse.layout import (
    BODY,
    PROTOCOL,
    SIGNATURE,
    Field,
    amount,
    cnpj,
    cpf,
    day,
    each,
    instant,
    integer,
    quantity,
    text,
)

# An item of goods, ``det``: the CF-e took over what the NF-e has.
PRODUCT: dict[str, Field] = {
    "@nItem": integer("number"),
    "prod/cProd": text("code"),
    "prod/cEAN": text("gtin"),
    "prod/xProd": text("description"),
    "prod/NCM": text("ncm"),
    "prod/CFOP": text("cfop"),
    "prod/uCom": text("unit"),
    "prod/qCom": quantity("quantity"),
    "prod/vUnCom": quantity("unit_value"),
    "prod/vProd": amount("value"),
    "prod/vDesc": amount("discount"),
}

# Who besides the parties may download a document: autXML.
AUTHORISED: dict[str, Field] = {
    "autXML/CNPJ": each("authorised_readers"),
    "autXML/CPF": each("authorised_readers"),
}
# A body or request that somebody else may sign: a provider of signatures (PAA), or the office for its simplified app.
SIGNED_FOR_OTHERS: dict[str, Field] = {
    "infPAA/CNPJPAA": text("_signing_provider"),
    "infSolicNFF/xSolic": text("_app_request"),
}
# What a document says in free text, to whom it concerns and to the tax authority.
REMARKS: dict[str, Field] = {
    "infAdic/infCpl": text("additional_info"),
    "infAdic/infAdFisco": text("tax_authority_info"),
}


def document_shapes(
    family: Family, element: str, body: str, envelopes: Iterable[str], with_protocol: bool = False
) -> dict[str, dict[str, str]]:
    """Shapes of a document alone and in its envelopes, and ``with_protocol`` of its protocol alone.

    A lone protocol does not say which of its family's document types it is of: one layout of a family reads it.
    """
    protocol = f"prot{family.tag}"
    processed = {
        f"{element}/{body}": BODY,
        f"{element}/Signature": SIGNATURE,
        f"{protocol}/infProt": PROTOCOL,
    }
    shapes = {element: {body: BODY, "Signature": SIGNATURE}, **{envelope: dict(processed) for envelope in envelopes}}
    if with_protocol:
        shapes[protocol] = {"infProt": PROTOCOL}
    return shapes


def protocol_fields(family: Family) -> dict[str, Field]:
    """Fields of ``infProt``, alike in all families."""
    return {
        family.key_element: text("_protocol_key"),
        "tpAmb": integer("_protocol_environment"),
        "nProt": text("protocol_number"),
        "cStat": integer("protocol_status"),
        "xMotivo": text("protocol_reason"),
        "dhRecbto": instant("protocol_at"),
        "digVal": text("protocol_digest"),
    }


def party(path: str, prefix: str, address: str) -> dict[str, Field]:
    """Fields of an issuer or recipient at ``path``: id and its type, name, IE, state and municipality."""
    return {
        f"{path}/CNPJ": cnpj(f"{prefix}_id"),
        f"{path}/CPF": cpf(f"{prefix}_id"),
        f"{path}/xNome": text(f"{prefix}_name"),
        f"{path}/IE": text(f"{prefix}_ie"),
        f"{path}/{address}/UF": text(f"{prefix}_uf"),
        f"{path}/{address}/cMun": text(f"{prefix}_city"),
    }


def identification(number: str) -> dict[str, Field]:
    """Fields of ``ide`` that all families share; ``number`` names the element of the document's number."""
    return {
        "@Id": text("_id"),
        "@versao": text("layout_version"),
        "ide/cUF": text("_uf_code"),
        "ide/mod": text("model"),
        "ide/serie": integer("series"),
        f"ide/{number}": integer("number"),
        "ide/dhEmi": instant("issued_at"),
        "ide/dEmi": day("_issue_date"),
        "ide/tpEmis": integer("emission_type"),
        "ide/tpAmb": integer("environment"),
        "ide/procEmi": integer("_emission_process"),
        **SIGNED_FOR_OTHERS,
    }
