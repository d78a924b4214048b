"""Simplified CT-e (57), one for many deliveries. Source: cteTiposBasico_v4.00.xsd, TCTeSimp."""

from transforms.families.cte import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.layout import BODY, PROTOCOL, Layout, amount, document_shapes, each, protocol_fields, tax_id, text
from transforms.parse.layouts.cte import SHARED, TAXES, name_payer

CTESIMP_BODY = {
    **SHARED,
    "toma/toma": text("_payer"),
    "toma/CNPJ": tax_id("payer_id"),
    "toma/CPF": tax_id("payer_id"),
    "total/vTPrest": amount("total"),
    "total/IBSCBSTot/gIBS/vIBS": amount("ibs_total"),
    "total/IBSCBSTot/gCBS/vCBS": amount("cbs_total"),
    **TAXES,
    "infCarga/vCarga": amount("cargo_value"),
    "det/infNFe/chNFe": each("referenced_keys"),
    "det/infDocAnt/chCTe": each("referenced_keys"),
    "infCteSub/chCte": each("replaced_keys"),
}

LAYOUT = Layout(
    name="ctesimp",
    family=FAMILY,
    kind=DOCUMENT,
    models=("57",),
    shapes=document_shapes(FAMILY, "CTeSimp", "infCte", ("cteSimpProc",)),
    parts={BODY: CTESIMP_BODY, PROTOCOL: protocol_fields(FAMILY)},
    finish=name_payer,
)
