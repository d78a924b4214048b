"""Rules that families share. Source: the tables of result codes (``cStat``) of their manuals (MOC)."""

from __future__ import annotations

from transforms.families import statuses
from transforms.families.family import EventRule, StatusRule

AUTHORISED = StatusRule((100,), statuses.AUTHORISED, "MOC: 100 autorizado o uso")
AUTHORISED_LATE = StatusRule((150,), statuses.AUTHORISED_LATE, "MOC: 150 autorizado o uso, autorização fora de prazo")
DENIED = StatusRule((110, 301, 302, 303, 304, 305, 306), statuses.DENIED, "MOC: 110 uso denegado; 301-306 its reasons")
CANCELLED = StatusRule((101,), statuses.CANCELLED, "MOC: 101 cancelamento homologado, also the status of a query")
CANCELLED_LATE = StatusRule((151, 155), statuses.CANCELLED_LATE, "MOC: 151/155 cancelamento homologado fora de prazo")

# 135 registered and linked to the document, 136 registered without it, 155 cancelled late; 101 and 151 are of the
# cancellation service that preceded events.
ACCEPTED_RETURNS = (101, 135, 136, 151, 155)
# 134 (registered and linked, with an alert about the document's situation) is of CT-e and MDF-e.
ACCEPTED_RETURNS_WITH_ALERT = (101, 134, 135, 136, 151, 155)
LATE_RETURNS = (151, 155)

CANCELLATION = EventRule(("110111",), statuses.CANCELLED, statuses.CANCELLED_LATE, "MOC: 110111 cancelamento")
