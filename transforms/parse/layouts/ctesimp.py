"""Simplified CT-e (57), one for many deliveries. Source: cteTiposBasico_v4.00.xsd, TCTeSimp."""

from transforms.model import DOCUMENT
from transforms.parse.layout import BODY, PROTOCOL, Layout, amount, document_shapes, each, protocol_fields, text
from transforms.parse.layouts.cte import NAMESPACE, SHARED, TAXES, name_payer

CTESIMP_BODY = {
    **SHARED,
    "toma/toma": text("_payer"),
    "toma/CNPJ": text("payer_id"),
    "toma/CPF": text("payer_id"),
    "total/vTPrest": amount("total"),
    "total/IBSCBSTot/gIBS/vIBS": amount("ibs_total"),
    "total/IBSCBSTot/gCBS/vCBS": amount("cbs_total"),
    **TAXES,
    "infCarga/vCarga": amount("cargo_value"),
    "det/infNFe/chNFe": each("referenced_keys"),
    "det/infDocAnt/chCTe": each("referenced_keys"),
    "infCteSub/chCte": each("referenced_keys"),
}

LAYOUT = Layout(
    name="ctesimp",
    family="cte",
    kind=DOCUMENT,
    namespace=NAMESPACE,
    models=("57",),
    key_element="chCTe",
    id_prefixes=("CTe",),
    shapes=document_shapes("CTeSimp", "infCte", ("cteSimpProc",), "protCTe"),
    parts={BODY: CTESIMP_BODY, PROTOCOL: protocol_fields("chCTe")},
    finish=name_payer,
)
