"""NFCom (62), the bill of telecommunication. Source: nfcomTiposBasico_v1.00.xsd."""

from transforms.families.nfcom import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.layout import BODY, PROTOCOL, Layout, amount, each, integer, text
from transforms.parse.shared_fields import AUTHORISED, REMARKS, document_shapes, identification, party, protocol_fields
from transforms.parse.taxes import bill_totals

NFCOM_BODY = {
    **identification("nNF"),
    **AUTHORISED,
    **REMARKS,
    "ide/finNFCom": integer("purpose"),
    **party("emit", "issuer", "enderEmit"),
    **party("dest", "recipient", "enderDest"),
    "dest/idOutros": text("recipient_other_id"),
    "gSub/chNFCom": each("replaced_keys"),
    "total/vDesc": amount("discount_total"),
    "total/vOutro": amount("other_total"),
    **bill_totals("total"),
}

LAYOUT = Layout(
    name="nfcom",
    family=FAMILY,
    kind=DOCUMENT,
    shapes=document_shapes(FAMILY, "NFCom", "infNFCom", ("nfcomProc",), with_protocol=True),
    parts={BODY: NFCOM_BODY, PROTOCOL: protocol_fields(FAMILY)},
)
