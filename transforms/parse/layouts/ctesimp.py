"""Simplified CT-e (57), one for many deliveries. Source: cteTiposBasico_v4.00.xsd, TCTeSimp."""

from transforms.families.cte import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.layout import BODY, PROTOCOL, Layout, PartFields, amount, each, tax_id, text
from transforms.parse.layouts.cte import SHARED, TAXES, name_payer
from transforms.parse.shared_fields import document_shapes, protocol_fields
from transforms.parse.taxes import NAMED_COMPONENTS, ibs_cbs_totals

CTESIMP_BODY: PartFields = {
    **SHARED,
    "toma/toma": text("_payer"),
    "toma/CNPJ": tax_id("payer_id"),
    "toma/CPF": tax_id("payer_id"),
    "total/vTPrest": amount("total"),
    "total/vTRec": amount("receivable_total"),
    "det/Comp": NAMED_COMPONENTS,
    **ibs_cbs_totals("total/IBSCBSTot"),
    "total/vTotDFe": amount("grand_total"),
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
