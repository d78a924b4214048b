"""NF3e (66), the electricity bill. Source: nf3eTiposBasico_v1.00.xsd."""

from transforms.families.nf3e import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.item_taxes import of_bill
from transforms.parse.layout import (
    BODY,
    PROTOCOL,
    Layout,
    PartFields,
    each,
    integer,
    many,
    quantity,
    rounded_amount,
    text,
)
from transforms.parse.shared_fields import AUTHORISED, REMARKS, document_shapes, identification, party, protocol_fields
from transforms.parse.taxes import bill_totals

ITEM: PartFields = {
    "@nItem": integer("number"),
    "detItem/prod/cProd": text("code"),
    "detItem/prod/xProd": text("description"),
    "detItem/prod/cClass": text("service_class"),
    "detItem/prod/CFOP": text("cfop"),
    "detItem/prod/uMed": text("unit"),
    "detItem/prod/qFaturada": quantity("quantity"),
    "detItem/prod/vItem": quantity("unit_value"),
    "detItem/prod/vProd": rounded_amount("value"),
    **of_bill("detItem/imposto"),
    "detItem/infAdProd": text("additional_info"),
    # What an earlier bill said of the item, which this one adjusts.
    "gAjusteNF3eAnt/tpAjuste": integer("adjustment"),
}

NF3E_BODY: PartFields = {
    **identification("nNF"),
    **AUTHORISED,
    **REMARKS,
    "ide/finNF3e": integer("purpose"),
    **party("emit", "issuer", "enderEmit"),
    **party("dest", "recipient", "enderDest"),
    "dest/idOutros": text("recipient_other_id"),
    "gSub/chNF3e": each("replaced_keys"),
    # What the bill adjusts of earlier ones has an NFdet for each of these.
    "NFdet/@chNF3eAnt": each("adjusted_keys"),
    "NFdet/det": many("items", ITEM),
    **bill_totals("total"),
}

LAYOUT = Layout(
    name="nf3e",
    family=FAMILY,
    kind=DOCUMENT,
    shapes=document_shapes(FAMILY, "NF3e", "infNF3e", ("nf3eProc",), with_protocol=True),
    parts={BODY: NF3E_BODY, PROTOCOL: protocol_fields(FAMILY)},
)
