"""BP-e (63), the passenger ticket, also of urban (TM) and air (TA) transport. Source: bpeTiposBasico_v1.00.xsd."""

from transforms.families.bpe import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.layout import BODY, PROTOCOL, Layout, PartFields, amount, each, foreign_id, integer, text
from transforms.parse.shared_fields import AUTHORISED, REMARKS, document_shapes, identification, party, protocol_fields
from transforms.parse.taxes import CODED_COMPONENTS, ibs_cbs_totals, taxes_of_service

BPE_BODY: PartFields = {
    **identification("nBP"),
    **AUTHORISED,
    **REMARKS,
    "ide/tpBPe": integer("purpose"),
    "ide/CFOP": text("cfop"),
    "ide/UFIni": text("origin_uf"),
    "ide/UFFim": text("destination_uf"),
    **party("emit", "issuer", "enderEmit"),
    **party("comp", "recipient", "enderComp"),
    "comp/idEstrangeiro": foreign_id("recipient_id"),
    "infBPeSub/chBPe": each("replaced_keys"),
    "infValorBPe/vPgto": amount("total"),
    "infValorBPe/vBP": amount("products_total"),
    "infValorBPe/vDesconto": amount("discount_total"),
    "infValorBPe/Comp": CODED_COMPONENTS,
    "total/vBP": amount("total"),
    "total/ICMSTot/vBC": amount("icms_base"),
    "total/ICMSTot/vICMS": amount("icms_total"),
    **ibs_cbs_totals("total/IBSCBSTot"),
    **taxes_of_service("imp"),
    "total/vTotDFe": amount("grand_total"),
}

LAYOUT = Layout(
    name="bpe",
    family=FAMILY,
    kind=DOCUMENT,
    shapes={
        **document_shapes(FAMILY, "BPe", "infBPe", ("bpeProc",), with_protocol=True),
        **document_shapes(FAMILY, "BPeTM", "infBPe", ("bpeTMProc",)),
        **document_shapes(FAMILY, "BPeTA", "infBPe", ("bpeTAProc",)),
    },
    parts={BODY: BPE_BODY, PROTOCOL: protocol_fields(FAMILY)},
)
