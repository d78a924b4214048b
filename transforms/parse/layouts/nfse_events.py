"""Events of NFS-e. Source: evento_v1.01.xsd, pedRegEvento_v1.01.xsd, tiposEventos_v1.01.xsd.

The element's name is the event's type: ``e101101``. ``evento`` is what the office registered, with the request in it.
"""

import re

from transforms.families.nfse import EVENT_NAMES, FAMILY
from transforms.model import EVENT
from transforms.parse.layout import (
    REQUEST,
    RETURN,
    SIGNATURE,
    SIGNER_FIELDS,
    Field,
    Layout,
    PartFields,
    cnpj,
    cpf,
    instant,
    integer,
    tax_id,
    text,
)
from transforms.parse.values import Putter, Reading, Target

# EVT, key 50, type 6, number 3; of a request PRE, without the number. Who names an event leaves the letters out.
_TYPE_IN_ID = re.compile(r"(?:EVT|PRE)?[0-9]{9}[0-9A-Z]{12}[0-9]{29}([0-9]{6})(?:[0-9]{3})?\Z")


def _described(event_type: str) -> Putter:
    """Puts the type, which is in the element's name, and its description."""

    def put(target: Target, column: str, text: str, reading: Reading) -> None:
        target[column] = event_type
        target["description"] = text

    return put


def put_id(target: Target, column: str, text: str, reading: Reading) -> None:
    """The Id, with the type in it, where the element of the event's own is not one that is known."""
    target[column] = text
    match = _TYPE_IN_ID.match(text)
    if match:
        target.setdefault("event_type", match[1])


def put_named_type(target: Target, column: str, text: str, reading: Reading) -> None:
    """Type of an event by the name of its element: ``e101101``."""
    target[column] = text.removeprefix("e")


def put_annulled_type(target: Target, column: str, text: str, reading: Reading) -> None:
    """Type of the event that another one names by its Id."""
    match = _TYPE_IN_ID.match(text)
    if match:
        target[column] = match[1]


def _details(event_type: str) -> dict[str, Field]:
    element = f"e{event_type}"
    return {
        f"{element}/xDesc": Field("event_type", _described(event_type)),
        f"{element}/cMotivo": text("reason_code"),
        f"{element}/xMotivo": text("reason"),
        f"{element}/xProcAdm": text("reason"),
        f"{element}/CPFAgTrib": tax_id("agent_id"),
        f"{element}/nProcAdm": text("process_number"),
        f"{element}/chSubstituta": text("replacement_key"),
        f"{element}/infAnRej/idEvManifRej": Field("target_event_type", put_annulled_type),
        f"{element}/idEvManifRej": Field("target_event_type", put_annulled_type),
        f"{element}/codEvento": Field("target_event_type", put_named_type),
        f"{element}/idBloqOfic": Field("target_event_type", put_annulled_type),
    }


ASKED: PartFields = {
    "@Id": Field("_id", put_id),
    "tpAmb": integer("environment"),
    "dhEvento": instant("occurred_at"),
    "CNPJAutor": cnpj("author_id"),
    "CPFAutor": cpf("author_id"),
    "chNFSe": text("_key_nfse"),
    **{path: what for event_type in EVENT_NAMES for path, what in _details(event_type).items()},
}

REGISTERED: PartFields = {
    "ambGer": text("organ"),
    "nSeqEvento": integer("sequence"),
    "dhProc": instant("registered_at"),
    "nDFSe": text("protocol_number"),
    "nDFe": text("protocol_number"),
}


LAYOUT = Layout(
    name="nfse_event",
    family=FAMILY,
    kind=EVENT,
    shapes={
        "evento": {
            "infEvento": RETURN,
            "infEvento/pedRegEvento/infPedReg": REQUEST,
            "infEvento/pedRegEvento/Signature": SIGNATURE,
        },
        "pedRegEvento": {"infPedReg": REQUEST, "Signature": SIGNATURE},
    },
    parts={REQUEST: ASKED, RETURN: REGISTERED, SIGNATURE: SIGNER_FIELDS},
)
