"""Rules that families share. Source: the tables of result codes (``cStat``) of their manuals (MOC)."""

from __future__ import annotations

from transforms.families import statuses
from transforms.families.family import EventRule, StatusRule

AUTHORISED = StatusRule((100,), statuses.AUTHORISED, "MOC: 100 autorizado o uso")
AUTHORISED_LATE = StatusRule((150,), statuses.AUTHORISED_LATE, "MOC: 150 autorizado o uso, autorização fora de prazo")
DENIED = StatusRule((110, 301, 302, 303, 304, 305, 306), statuses.DENIED, "MOC: 110 uso denegado; 301-306 its reasons")
# The instant of a protocol rewritten on cancellation is the authorisation's: only the event tells when.
CANCELLED = StatusRule(
    (101,), statuses.CANCELLED, "MOC: 101 cancelamento homologado, also the status of a query", dated=False
)
CANCELLED_LATE = StatusRule(
    (151, 155), statuses.CANCELLED_LATE, "MOC: 151/155 cancelamento homologado fora de prazo", dated=False
)


def already(code: int, status: str, source: str) -> StatusRule:
    """A rejection that says which status the key already has."""
    return StatusRule((code,), status, source, dated=False, is_rejection=True)


# 539 is no such rejection: the number is taken by another key.
ALREADY = (
    already(204, statuses.AUTHORISED, "MOC: 204 rejeição: duplicidade, the key was authorised before"),
    already(206, statuses.VOIDED, "MOC: 206 rejeição: o número já está inutilizado na base de dados da SEFAZ"),
    already(205, statuses.DENIED, "MOC: 205 rejeição: denegada na base de dados da SEFAZ"),
    already(218, statuses.CANCELLED, "MOC: 218 rejeição: já está cancelada na base de dados da SEFAZ"),
    already(420, statuses.CANCELLED, "MOC: 420 rejeição: cancelamento para NF-e já cancelada"),
)
DOCUMENTS = (AUTHORISED, AUTHORISED_LATE, CANCELLED, CANCELLED_LATE, *ALREADY)

# 135 registered and linked to the document, 136 registered without it, 155 cancelled late; 101 and 151 are of the
# cancellation service that preceded events.
ACCEPTED_RETURNS = (101, 135, 136, 151, 155)
# 134 (registered and linked, with an alert about the document's situation) is of CT-e and MDF-e.
ACCEPTED_RETURNS_WITH_ALERT = (101, 134, 135, 136, 151, 155)
LATE_RETURNS = (151, 155)

# The same event again: MOC: 573, MOC-CTe and MOC-MDFe: 631, duplicidade de evento.
REPEATED_RETURNS = (573, 631)

CANCELLATION = EventRule(("110111",), statuses.CANCELLED, statuses.CANCELLED_LATE, "MOC: 110111 cancelamento")
SUBSTITUTION = EventRule(
    ("240140",), statuses.SUBSTITUTED, statuses.SUBSTITUTED, "MOC: 240140, the office registers the substitute"
)
ADJUSTMENT = EventRule(
    ("240150",), statuses.ADJUSTED, statuses.ADJUSTED, "MOC NF3e, NFCom: 240150, the office registers the adjustment"
)
# In these families a query answers so, and what 110 means elsewhere (denied) they do not have.
SUBSTITUTED_OR_ADJUSTED = (
    StatusRule((102,), statuses.SUBSTITUTED, "MOC NF3e, NFCom, BP-e: 102 substituted, of a query", dated=False),
    StatusRule((110,), statuses.ADJUSTED, "MOC NF3e, NFCom: 110 adjusted, of a query", dated=False),
)
