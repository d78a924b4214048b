"""CT-e OS (67), transport of people, valuables and excess baggage. Source: cteTiposBasico_v4.00.xsd, TCTeOS."""

from transforms.families.cte import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.layout import BODY, PROTOCOL, Layout, amount, each, tax_id
from transforms.parse.layouts.cte import SHARED, TAXES
from transforms.parse.shared_fields import document_shapes, protocol_fields
from transforms.parse.values import Target

CTEOS_BODY = {
    **SHARED,
    "toma/CNPJ": tax_id("payer_id"),
    "toma/CPF": tax_id("payer_id"),
    "vPrest/vTPrest": amount("total"),
    **TAXES,
    "infCTeNorm/infCteSub/chCte": each("replaced_keys"),
    "infCTeNorm/infGTVe/chCTe": each("referenced_keys"),
    "infCteComp/chCTe": each("complemented_keys"),
    "infCteAnu/chCte": each("annulled_keys"),
}


def name_payer(fields: Target) -> None:
    """The customer of the service pays, who is not one of the parties of a cargo."""
    if "payer_id" in fields:
        fields["payer_role"] = "other"


LAYOUT = Layout(
    name="cteos",
    family=FAMILY,
    kind=DOCUMENT,
    models=("67",),
    shapes=document_shapes(FAMILY, "CTeOS", "infCte", ("cteOSProc",)),
    parts={BODY: CTEOS_BODY, PROTOCOL: protocol_fields(FAMILY)},
    finish=name_payer,
)
