"""NF-e (55) and NFC-e (65), layouts 2.00, 3.10 and 4.00, with the IBS/CBS totals of Nota Técnica 2025.002.

Source: leiauteNFe_v4.00.xsd, leiauteNFe_v3.10.xsd, leiauteNFe_v2.00.xsd, resNFe_v1.01.xsd.
"""

from transforms.families.nfe import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.layout import (
    BODY,
    PROTOCOL,
    SUMMARY,
    Layout,
    PartFields,
    amount,
    cnpj,
    cpf,
    each,
    foreign_id,
    instant,
    integer,
    many,
    text,
)
from transforms.parse.nfe_items import ITEM, settle_medicines
from transforms.parse.nfe_parts import PAYMENT, PLACES, TOTALS, TRANSPORT, pair_payments
from transforms.parse.shared_fields import (
    AUTHORISED,
    REMARKS,
    document_shapes,
    identification,
    party,
    protocol_fields,
)
from transforms.parse.values import Target

NFE_BODY: PartFields = {
    **identification("nNF"),
    "ide/natOp": text("operation"),
    "ide/tpNF": integer("operation_type"),
    "ide/finNFe": integer("purpose"),
    "ide/tpNFDebito": text("debit_note_type"),
    "ide/tpNFCredito": text("credit_note_type"),
    "ide/gPagAntecipado/refNFe": each("referenced_keys"),
    "ide/NFref/refNFe": each("referenced_keys"),
    "ide/NFref/refNFeSig": each("referenced_keys"),
    "ide/NFref/refCTe": each("referenced_keys"),
    **party("emit", "issuer", "enderEmit"),
    # An NF-e that the tax office issued itself (series 890-899) has the office's CNPJ in its key.
    "avulsa/CNPJ": text("_office_id"),
    **party("dest", "recipient", "enderDest"),
    "dest/idEstrangeiro": foreign_id("recipient_id"),
    "det": many("items", ITEM),
    **TOTALS,
    **PAYMENT,
    **TRANSPORT,
    **PLACES,
    **AUTHORISED,
    **REMARKS,
}

NFE_SUMMARY = {
    "@versao": text("layout_version"),
    "chNFe": text("_protocol_key"),
    "CNPJ": cnpj("issuer_id"),
    "CPF": cpf("issuer_id"),
    "xNome": text("issuer_name"),
    "IE": text("issuer_ie"),
    "dhEmi": instant("issued_at"),
    "dEmi": text("_issue_date"),
    "tpNF": integer("operation_type"),
    "vNF": amount("total"),
    "digVal": text("protocol_digest"),
    "dhRecbto": instant("protocol_at"),
    "nProt": text("protocol_number"),
    "cSitNFe": integer("summary_status"),
}


def settle(fields: Target) -> None:
    """Payments and batches, which older layouts write otherwise."""
    pair_payments(fields)
    settle_medicines(fields)


LAYOUT = Layout(
    name="nfe",
    family=FAMILY,
    kind=DOCUMENT,
    shapes={
        **document_shapes(FAMILY, "NFe", "infNFe", ("nfeProc", "procNFe"), with_protocol=True),
        "resNFe": {"": SUMMARY},
        # A cancelled NF-e in the answers of the service that listed documents before the distribution did.
        "resCanc": {"": SUMMARY},
    },
    parts={BODY: NFE_BODY, PROTOCOL: protocol_fields(FAMILY), SUMMARY: NFE_SUMMARY},
    finish=settle,
)
