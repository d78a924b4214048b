"""The rules of the fold, as data: which code of which family means what, and where the rule comes from.

Sources: MOC = Manual de Orientação do Contribuinte of NF-e/NFC-e, MOC-CTe and MOC-MDFe = the same of CT-e and
MDF-e (their tables of result codes ``cStat`` and of event types); SINIEF 07/05 = the Ajuste that created the NF-e.
The views fill their SQL from these tables, so a rule is written once.
"""

from __future__ import annotations

from typing import NamedTuple

NFE, CTE, MDFE = "nfe", "cte", "mdfe"

FAMILY_OF_MODEL = {"55": NFE, "65": NFE, "57": CTE, "64": CTE, "67": CTE, "58": MDFE}

UNKNOWN = "unknown"
UNPROTOCOLED = "unprotocoled"
AUTHORISED = "authorised"
AUTHORISED_LATE = "authorised_late"
DENIED = "denied"
CLOSED = "closed"
CANCELLED = "cancelled"
CANCELLED_LATE = "cancelled_late"
VOIDED = "voided"

STATUSES = (
    UNKNOWN, UNPROTOCOLED, AUTHORISED, AUTHORISED_LATE, DENIED, CLOSED, CANCELLED, CANCELLED_LATE, VOIDED,
)  # fmt: skip

# What outranks what when one key has evidence of several: a cancellation follows an authorisation, never the reverse.
# Late outranks in time: a document is authorised once and cancelled once, and summaries of it do not tell which.
PRECEDENCE = ((CANCELLED_LATE,), (CANCELLED,), (CLOSED,), (DENIED,), (AUTHORISED_LATE,), (AUTHORISED,), (VOIDED,))


class StatusRule(NamedTuple):
    """Result codes (``cStat``) of a protocol that give its key a status."""

    codes: tuple[int, ...]
    status: str
    source: str


PROTOCOL_RULES = (
    StatusRule((100,), AUTHORISED, "MOC: 100 autorizado o uso"),
    StatusRule((150,), AUTHORISED_LATE, "MOC: 150 autorizado o uso, autorização fora de prazo"),
    StatusRule((110, 301, 302, 303, 304, 305, 306), DENIED, "MOC: 110 uso denegado; 301-306 its reasons"),
    StatusRule((101,), CANCELLED, "MOC: 101 cancelamento homologado, also the status of a query"),
    StatusRule((151, 155), CANCELLED_LATE, "MOC: 151/155 cancelamento homologado fora de prazo"),
    StatusRule((132,), CLOSED, "MOC-MDFe: 132 encerramento homologado, the status of a query"),
)

# resNFe/cSitNFe, MOC (distribution of summaries): 1 uso autorizado, 2 uso denegado, 3 cancelada.
SUMMARY_STATUS = {1: AUTHORISED, 2: DENIED, 3: CANCELLED}

# Inutilização, MOC: 102 inutilização de número homologada.
VOIDED_RANGE_STATUS = {102: VOIDED}

# Returns that register an event, per family. 134 (registered and linked, with an alert about the document's
# situation) is of CT-e and MDF-e. 101, 151: the cancellation service that preceded events.
ACCEPTED_RETURNS = {
    NFE: (101, 135, 136, 151, 155),
    CTE: (101, 134, 135, 136, 151, 155),
    MDFE: (101, 134, 135, 136, 151, 155),
}
LATE_RETURNS = (151, 155)

# Event types that cancel, and those that close, per family: 110112 cancels an NFC-e by substitution and closes an
# MDF-e (MOC; MOC-MDFe, with 310112 closed by the tax office).
CANCELLING_EVENTS = {NFE: ("110111", "110112"), CTE: ("110111",), MDFE: ("110111",)}
CLOSING_EVENTS: dict[str, tuple[str, ...]] = {NFE: (), CTE: (), MDFE: ("110112", "310112")}

CORRECTION_EVENTS = {NFE: ("110110",), CTE: ("110110",), MDFE: ()}
EPEC_EVENTS = {NFE: ("110140",), CTE: ("110113",), MDFE: ()}


class Attribute(NamedTuple):
    """A part of the state that the last registered event of a group decides.

    ``values`` maps an event type to the value it gives, None clears it. ``weaker`` types count only when no type
    of ``values`` was registered.
    """

    name: str
    family: str
    values: dict[str, str | None]
    weaker: dict[str, str]
    source: str


MANIFESTATION = Attribute(
    "manifestation",
    NFE,
    {"210200": "confirmed", "210220": "unknown_operation", "210240": "not_carried_out"},
    {"210210": "aware"},
    "SINIEF 07/05, manifestação do destinatário: aware (ciência) is not conclusive",
)
DELIVERY = Attribute(
    "delivery",
    CTE,
    {"110180": "proved", "110181": None, "110190": "failed", "110191": None},
    {},
    "MOC-CTe: comprovante de entrega and insucesso na entrega, each with its cancellation",
)
DISAGREEMENT = Attribute(
    "disagreement",
    CTE,
    {"610110": "declared", "610111": None},
    {},
    "MOC-CTe: prestação do serviço em desacordo and its cancellation",
)
ATTRIBUTES = (MANIFESTATION, DELIVERY, DISAGREEMENT)

MANIFESTATION_DAYS = 180

# The fullest record of a key speaks for it: its fields are the key's dimensions.
FORM_RANK = {"processed": 0, "bare": 1, "summary": 2, "protocol": 3}


def family_of(key: str) -> str:
    """Family of an access key by its model; a model without rules of its own follows NF-e's."""
    return FAMILY_OF_MODEL.get(key[20:22], NFE)
