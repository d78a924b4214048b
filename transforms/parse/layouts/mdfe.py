"""MDF-e (58), layouts 1.00 and 3.00. Source: mdfeTiposBasico_v3.00.xsd. Its total is the value of the cargo."""

from transforms.families.mdfe import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.layout import BODY, PROTOCOL, Layout, amount, each, integer, text
from transforms.parse.shared_fields import AUTHORISED, REMARKS, document_shapes, identification, party, protocol_fields
from transforms.parse.values import Target

MDFE_BODY = {
    **identification("nMDF"),
    **AUTHORISED,
    **REMARKS,
    "ide/UFIni": text("origin_uf"),
    "ide/UFFim": text("destination_uf"),
    **party("emit", "issuer", "enderEmit"),
    "infDoc/infMunDescarga/infCTe/chCTe": each("referenced_keys"),
    "infDoc/infMunDescarga/infNFe/chNFe": each("referenced_keys"),
    "infDoc/infMunDescarga/infMDFeTransp/chMDFe": each("referenced_keys"),
    "tot/qCTe": integer("cte_count"),
    "tot/qNFe": integer("nfe_count"),
    "tot/vCarga": amount("cargo_value"),
}


def total_is_cargo(fields: Target) -> None:
    if "cargo_value" in fields:
        fields["total"] = fields["cargo_value"]


LAYOUT = Layout(
    name="mdfe",
    family=FAMILY,
    kind=DOCUMENT,
    shapes=document_shapes(FAMILY, "MDFe", "infMDFe", ("mdfeProc", "procMDFe"), with_protocol=True),
    parts={BODY: MDFE_BODY, PROTOCOL: protocol_fields(FAMILY)},
    finish=total_is_cargo,
)
