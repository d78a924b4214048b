"""NFCom (62), the bill of telecommunication. Source: nfcomTiposBasico_v1.00.xsd."""

from transforms.families.nfcom import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.item_taxes import of_bill
from transforms.parse.layout import (
    BODY,
    PROTOCOL,
    Layout,
    PartFields,
    amount,
    each,
    integer,
    many,
    quantity,
    text,
)
from transforms.parse.shared_fields import AUTHORISED, REMARKS, document_shapes, identification, party, protocol_fields
from transforms.parse.taxes import bill_totals

ITEM: PartFields = {
    "@nItem": integer("number"),
    "prod/cProd": text("code"),
    "prod/xProd": text("description"),
    "prod/cClass": text("service_class"),
    "prod/CFOP": text("cfop"),
    "prod/uMed": text("unit"),
    "prod/qFaturada": quantity("quantity"),
    "prod/vItem": quantity("unit_value"),
    "prod/vProd": amount("value"),
    "prod/vDesc": amount("discount"),
    "prod/vOutro": amount("other"),
    **of_bill("imposto"),
    "imposto/FUST/vBC": amount("fust_base"),
    "imposto/FUST/pFUST": amount("fust_rate"),
    "imposto/FUST/vFUST": amount("fust_value"),
    "imposto/FUNTTEL/vBC": amount("funttel_base"),
    "imposto/FUNTTEL/pFUNTTEL": amount("funttel_rate"),
    "imposto/FUNTTEL/vFUNTTEL": amount("funttel_value"),
    "infAdProd": text("additional_info"),
}

NFCOM_BODY: PartFields = {
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
    "det": many("items", ITEM),
    **bill_totals("total"),
}

LAYOUT = Layout(
    name="nfcom",
    family=FAMILY,
    kind=DOCUMENT,
    shapes=document_shapes(FAMILY, "NFCom", "infNFCom", ("nfcomProc",), with_protocol=True),
    parts={BODY: NFCOM_BODY, PROTOCOL: protocol_fields(FAMILY)},
)
