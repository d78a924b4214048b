"""CT-e OS (67), transport of people, valuables and excess baggage. Source: cteTiposBasico_v4.00.xsd, TCTeOS."""

from transforms.families.cte import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.layout import BODY, PROTOCOL, Layout, PartFields, amount, each, quantity, tax_id, text
from transforms.parse.layouts.cte import PRICE, SHARED, TAXES
from transforms.parse.shared_fields import document_shapes, protocol_fields
from transforms.parse.values import Target

FEDERAL_TAXES = {
    "imp/infTribFed/vPIS": amount("pis_total"),
    "imp/infTribFed/vCOFINS": amount("cofins_total"),
    "imp/infTribFed/vIR": amount("income_tax_total"),
    "imp/infTribFed/vINSS": amount("inss_total"),
    "imp/infTribFed/vCSLL": amount("csll_total"),
}

CTEOS_BODY: PartFields = {
    **SHARED,
    "toma/CNPJ": tax_id("payer_id"),
    "toma/CPF": tax_id("payer_id"),
    **PRICE,
    **TAXES,
    **FEDERAL_TAXES,
    "infCTeNorm/infServico/xDescServ": text("service_description"),
    "infCTeNorm/infServico/infQ/qCarga": quantity("service_quantity"),
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
