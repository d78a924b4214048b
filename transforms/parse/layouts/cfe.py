"""CF-e of SAT devices (59) and its cancellation. Source: the layouts 0.07 and 0.08 of the SAT's manual.

Its date and time are those of the device, in digits and without an offset: local time of its state.
"""

from transforms.families.cfe import FAMILY
from transforms.model import DOCUMENT, EVENT
from transforms.parse.item_taxes import DEVICE
from transforms.parse.layout import (
    BODY,
    REQUEST,
    Field,
    Layout,
    PartFields,
    amount,
    cnpj,
    compact_day,
    cpf,
    integer,
    many,
    text,
)
from transforms.parse.shared_fields import PRODUCT, REMARKS
from transforms.parse.values import Reading, Target, utc_instant


def put_key(target: Target, column: str, text: str, reading: Reading) -> None:
    """The key in an attribute, where it has the prefix of an Id."""
    target[column] = text.removeprefix("CFe")


PARTIES: PartFields = {
    "@Id": text("_id"),
    "@versao": text("layout_version"),
    "ide/cUF": text("_uf_code"),
    "ide/mod": text("model"),
    "ide/tpAmb": integer("environment"),
    "emit/CNPJ": cnpj("issuer_id"),
    "emit/xNome": text("issuer_name"),
    "emit/IE": text("issuer_ie"),
    "dest/CNPJ": cnpj("recipient_id"),
    "dest/CPF": cpf("recipient_id"),
    "dest/xNome": text("recipient_name"),
}

ITEM: dict[str, Field] = {
    **PRODUCT,
    "prod/vOutro": amount("other"),
    **DEVICE,
    "infAdProd": text("additional_info"),
}

CFE_BODY: PartFields = {
    **PARTIES,
    "ide/nserieSAT": integer("series"),
    "ide/nCFe": integer("number"),
    "ide/dEmi": compact_day("_issue_date"),
    "ide/hEmi": text("_issue_time"),
    "det": many("items", ITEM),
    "total/vCFe": amount("total"),
    "total/vCFeLei12741": amount("tax_total"),
    "total/ICMSTot/vProd": amount("products_total"),
    "total/ICMSTot/vICMS": amount("icms_total"),
    "total/ICMSTot/vPIS": amount("pis_total"),
    "total/ICMSTot/vCOFINS": amount("cofins_total"),
    "total/ICMSTot/vDesc": amount("discount_total"),
    "total/ICMSTot/vOutro": amount("other_total"),
    **REMARKS,
}

# The Id is the key of the cancellation itself; its total and parties are those of what it cancels.
CANCELLATION: PartFields = {
    "@Id": Field("own_key", put_key),
    "@chCanc": Field("_key_cfe", put_key),
    "@versao": text("layout_version"),
    "ide/tpAmb": integer("environment"),
    "ide/dEmi": compact_day("_issue_date"),
    "ide/hEmi": text("_issue_time"),
    "emit/CNPJ": cnpj("author_id"),
}


def date_document(fields: Target) -> None:
    """The instant of the device's signature, which authorises."""
    found = _instant(fields, fields.get("issued_on"))
    if found is not None:
        fields["issued_at_text"], fields["issued_at"] = found
        fields["protocol_at"] = found[1]


def date_cancellation(fields: Target) -> None:
    """The instant of the device's signature."""
    found = _instant(fields, fields.pop("_issue_date", None))
    if found is not None:
        fields["occurred_at_text"], fields["occurred_at"] = found
        fields["registered_at"] = found[1]


def _instant(fields: Target, day: str | None) -> tuple[str, str] | None:
    """The device's local time as text, and in UTC."""
    time = fields.pop("_issue_time", "")
    if day is None or len(time) != 6:
        return None
    written = f"{day}T{time[:2]}:{time[2:4]}:{time[4:]}"
    instant = utc_instant(written, fields.get("uf"))
    return (written, instant[0]) if instant else None


LAYOUTS = (
    Layout(
        name="cfe",
        family=FAMILY,
        kind=DOCUMENT,
        shapes={"CFe": {"infCFe": BODY}},
        parts={BODY: CFE_BODY},
        finish=date_document,
    ),
    Layout(
        name="cfe_event",
        family=FAMILY,
        kind=EVENT,
        shapes={"CFeCanc": {"infCFe": REQUEST}},
        parts={REQUEST: CANCELLATION},
        constants={"event_type": "110111", "sequence": 1},
        finish=date_cancellation,
    ),
)
