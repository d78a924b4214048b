"""NFCom (62), the bill of telecommunication. Source: nfcomTiposBasico_v1.00.xsd."""

from transforms.model import DOCUMENT
from transforms.parse.layout import (
    BODY,
    PROTOCOL,
    Layout,
    amount,
    document_shapes,
    each,
    identification,
    integer,
    party,
    protocol_fields,
    protocol_shape,
    text,
)

NFCOM_BODY = {
    **identification("nNF"),
    "ide/finNFCom": integer("purpose"),
    **party("emit", "issuer", "enderEmit"),
    **party("dest", "recipient", "enderDest"),
    "dest/idOutros": text("recipient_other_id"),
    "gSub/chNFCom": each("referenced_keys"),
    "total/vNF": amount("total"),
    "total/vProd": amount("products_total"),
    "total/ICMSTot/vBC": amount("icms_base"),
    "total/ICMSTot/vICMS": amount("icms_total"),
    "total/vPIS": amount("pis_total"),
    "total/vCOFINS": amount("cofins_total"),
    "total/vDesc": amount("discount_total"),
    "total/vOutro": amount("other_total"),
    "total/IBSCBSTot/gIBS/vIBS": amount("ibs_total"),
    "total/IBSCBSTot/gCBS/vCBS": amount("cbs_total"),
}

LAYOUT = Layout(
    name="nfcom",
    family="nfcom",
    kind=DOCUMENT,
    namespace="http://www.portalfiscal.inf.br/nfcom",
    models=("62",),
    key_element="chNFCom",
    id_prefixes=("NFCom",),
    shapes={**document_shapes("NFCom", "infNFCom", ("nfcomProc",), "protNFCom"), **protocol_shape("protNFCom")},
    parts={BODY: NFCOM_BODY, PROTOCOL: protocol_fields("chNFCom")},
)
