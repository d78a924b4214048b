"""GTV-e (64), the waybill of valuables in transport. Source: cteTiposBasico_v4.00.xsd, TGTVe. It has no total."""

from transforms.families.cte import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.layout import BODY, PROTOCOL, Layout, tax_id, text
from transforms.parse.layouts.cte import SHARED, name_payer
from transforms.parse.shared_fields import document_shapes, party, protocol_fields

GTVE_BODY = {
    **SHARED,
    "ide/toma/toma": text("_payer"),
    "ide/tomaTerceiro/toma": text("_payer"),
    "ide/tomaTerceiro/CNPJ": tax_id("payer_id"),
    "ide/tomaTerceiro/CPF": tax_id("payer_id"),
    "rem/CNPJ": tax_id("sender_id"),
    "rem/CPF": tax_id("sender_id"),
    **party("dest", "recipient", "enderDest"),
    "origem/UF": text("origin_uf"),
    "destino/UF": text("destination_uf"),
}

LAYOUT = Layout(
    name="gtve",
    family=FAMILY,
    kind=DOCUMENT,
    models=("64",),
    id_prefixes=("CTe", "GTVe"),
    has_total=False,
    shapes=document_shapes(FAMILY, "GTVe", "infCte", ("GTVeProc",)),
    parts={BODY: GTVE_BODY, PROTOCOL: protocol_fields(FAMILY)},
    finish=name_payer,
)
