"""CT-e (57), layouts 2.00, 3.00 and 4.00. Source: cteTiposBasico_v4.00.xsd and its 3.00 and 2.00."""

from transforms.families.cte import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.layout import BODY, PROTOCOL, Layout, PartFields, amount, each, integer, tax_id, text
from transforms.parse.shared_fields import AUTHORISED, document_shapes, identification, party, protocol_fields
from transforms.parse.taxes import NAMED_COMPONENTS, taxes_of_service
from transforms.parse.values import Target

# ide/toma3, toma4: who pays the freight.
PAYER_ROLES = {"0": "sender", "1": "dispatcher", "2": "receiver", "3": "recipient", "4": "other"}
_PARTY_OF_ROLE = {
    "sender": "sender_id",
    "dispatcher": "dispatcher_id",
    "receiver": "receiver_id",
    "recipient": "recipient_id",
}

# What CT-e, CT-e OS, simplified CT-e and GTV-e have in the same place.
SHARED = {
    **identification("nCT"),
    **AUTHORISED,
    "compl/xObs": text("additional_info"),
    "imp/infAdFisco": text("tax_authority_info"),
    "ide/natOp": text("operation"),
    "ide/CFOP": text("cfop"),
    "ide/tpCTe": integer("purpose"),
    "ide/UFIni": text("origin_uf"),
    "ide/UFFim": text("destination_uf"),
    **party("emit", "issuer", "enderEmit"),
}

TAXES = taxes_of_service("imp")

# The price of the service: what is due, what the payer pays, and what it is made of.
PRICE: PartFields = {
    "vPrest/vTPrest": amount("total"),
    "vPrest/vRec": amount("receivable_total"),
    "vPrest/Comp": NAMED_COMPONENTS,
}

CTE_BODY: PartFields = {
    **SHARED,
    "ide/toma3/toma": text("_payer"),
    "ide/toma03/toma": text("_payer"),
    "ide/toma4/toma": text("_payer"),
    "ide/toma4/CNPJ": tax_id("payer_id"),
    "ide/toma4/CPF": tax_id("payer_id"),
    "rem/CNPJ": tax_id("sender_id"),
    "rem/CPF": tax_id("sender_id"),
    "exped/CNPJ": tax_id("dispatcher_id"),
    "exped/CPF": tax_id("dispatcher_id"),
    "receb/CNPJ": tax_id("receiver_id"),
    "receb/CPF": tax_id("receiver_id"),
    **party("dest", "recipient", "enderDest"),
    **PRICE,
    **TAXES,
    "infCTeNorm/infCarga/vCarga": amount("cargo_value"),
    "infCTeNorm/infDoc/infNFe/chave": each("referenced_keys"),
    "infCTeNorm/infCteSub/chCte": each("replaced_keys"),
    "infCteComp/chCTe": each("complemented_keys"),
    "infCteComp/chave": each("complemented_keys"),
    "infCteAnu/chCte": each("annulled_keys"),
    # 2.00
    "rem/infNFe/chave": each("referenced_keys"),
}


def name_payer(fields: Target) -> None:
    """Put the payer's role in words, and his id where he is one of the parties."""
    role = PAYER_ROLES.get(fields.pop("_payer", ""))
    if role is None:
        return
    fields["payer_role"] = role
    party_id = fields.get(_PARTY_OF_ROLE.get(role, ""))
    if party_id is not None:
        fields.setdefault("payer_id", party_id)


LAYOUT = Layout(
    name="cte",
    family=FAMILY,
    kind=DOCUMENT,
    models=("57",),
    # A protocol alone does not say whether it is of a CT-e, CT-e OS or GTV-e.
    shapes=document_shapes(FAMILY, "CTe", "infCte", ("cteProc", "procCTe"), with_protocol=True),
    parts={BODY: CTE_BODY, PROTOCOL: protocol_fields(FAMILY)},
    finish=name_payer,
)
