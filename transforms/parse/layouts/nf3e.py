"""NF3e (66), the electricity bill. Source: nf3eTiposBasico_v1.00.xsd."""

from transforms.families.nf3e import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.layout import BODY, PROTOCOL, Layout, each, integer, text
from transforms.parse.shared_fields import AUTHORISED, REMARKS, document_shapes, identification, party, protocol_fields
from transforms.parse.taxes import bill_totals

NF3E_BODY = {
    **identification("nNF"),
    **AUTHORISED,
    **REMARKS,
    "ide/finNF3e": integer("purpose"),
    **party("emit", "issuer", "enderEmit"),
    **party("dest", "recipient", "enderDest"),
    "dest/idOutros": text("recipient_other_id"),
    "gSub/chNF3e": each("replaced_keys"),
    "NFdet/@chNF3eAnt": each("adjusted_keys"),
    **bill_totals("total"),
}

LAYOUT = Layout(
    name="nf3e",
    family=FAMILY,
    kind=DOCUMENT,
    shapes=document_shapes(FAMILY, "NF3e", "infNF3e", ("nf3eProc",), with_protocol=True),
    parts={BODY: NF3E_BODY, PROTOCOL: protocol_fields(FAMILY)},
)
