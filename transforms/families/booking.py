"""How documents are booked in SPED's EFD ICMS/IPI: in which register, by whom, and in which situation (``COD_SIT``).

Sources: Ato COTEPE/ICMS 44/2018, table 4.1.2 (situations); Guia Prático EFD-ICMS/IPI 3.1.8 (registers C100, C500, C800,
D100, D700). Models that are not here are booked in no register of their own: MDF-e, GTV-e, NFS-e.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from transforms.families import cte, nfe, statuses

REGULAR, CANCELLED, DENIED, VOIDED, COMPLEMENTARY, SPECIAL = "00", "02", "04", "05", "06", "08"

# What a booking with another code says the same of: 01, 03 and 07 are 00, 02 and 06 booked late; 08 (special regime, or
# what a state rules) stands in no document, and holds for what is in force.
SAME_SITUATION = {
    REGULAR: (REGULAR, "01", SPECIAL),
    CANCELLED: (CANCELLED, "03"),
    DENIED: (DENIED,),
    VOIDED: (VOIDED,),
    COMPLEMENTARY: (COMPLEMENTARY, "07", SPECIAL),
    SPECIAL: (SPECIAL, REGULAR, "01"),
}
IN_FORCE = (REGULAR, COMPLEMENTARY, SPECIAL)

MUST, MAY, MUST_NOT = "must", "may", "must_not"


class Register(NamedTuple):
    """Where models are booked. ``buyer``: who books them as issued by others, ``recipient`` or ``payer``; None: nobody.

    ``digits`` of the series: three, also where it is 0; of a CF-e it is the device's number.
    """

    models: tuple[str, ...]
    name: str
    buyer: str | None
    source: str
    digits: int = 3


REGISTERS = (
    Register(("55",), "C100", "recipient", "Guia Prático, C100"),
    Register(("65",), "C100", None, "Guia Prático, C100, exception 9: no NFC-e in entries"),
    Register(("66",), "C500", "recipient", "Guia Prático, C500: entries of every buyer"),
    Register(("59",), "C800", None, "Guia Prático, C800: what the company issued", digits=9),
    Register(("57", "67"), "D100", "payer", "Guia Prático, D100, field 17: only the taker has the credit"),
    Register(("63",), "D100", None, "Guia Prático, D100, exception 6: no BP-e in entries"),
    Register(("62",), "D700", "recipient", "Guia Prático, D700"),
)


class Situation(NamedTuple):
    """The situation of models that have a status, and whether issuer and buyer book them so."""

    models: tuple[str, ...]
    statuses: tuple[str, ...]
    code: str
    issuer: str
    buyer: str
    source: str


_AUTHORISED = (statuses.AUTHORISED, statuses.AUTHORISED_LATE)
_CANCELLED = (statuses.CANCELLED, statuses.CANCELLED_LATE)
SITUATIONS = (
    Situation(
        ("55", "65", "57", "67", "63", "66", "62", "59"), _AUTHORISED, REGULAR, MUST, MUST, "4.1.2: 00 regular document"
    ),
    Situation(
        ("55", "65", "57", "67", "63", "66", "59"),
        _CANCELLED,
        CANCELLED,
        MUST,
        MAY,  # a buyer has it only if it came before the cancellation
        "4.1.2: 02 cancelled document; 03 is not cancelled late, but booked late",
    ),
    Situation(("62",), _CANCELLED, CANCELLED, MUST_NOT, MUST_NOT, "Guia Prático, D700: cancelled notes are not booked"),
    Situation(
        ("55", "65", "57", "67"), (statuses.DENIED,), DENIED, MUST, MAY, "4.1.2: 04 denied; C100, D100: field 06"
    ),
    Situation(
        ("57", "67"),
        (statuses.SUBSTITUTED, statuses.ANNULLED),
        REGULAR,
        MUST,
        MUST,
        "Ajuste SINIEF 09/07, 17th clause: the substitute is booked beside it, and what was debited is reversed (D197)",
    ),
    Situation(
        ("63",), (statuses.SUBSTITUTED,), REGULAR, MAY, MUST_NOT, "Guia Prático, D100, exception 1: as the state rules"
    ),
    Situation(
        ("66", "62"),
        (statuses.SUBSTITUTED, statuses.ADJUSTED),
        REGULAR,
        MUST,
        MUST,
        "Guia Prático, C500 and D700, FIN_DOCe: the substitute and the adjusted document are booked beside it",
    ),
)

# 04 and 05 since the Ajustes SINIEF 34/2021, 38/2021 (NF-e) and 28/2021, 39/2021 (CT-e), and since the Guia Prático
# discontinued them (C100, D100).
OPTIONAL_FROM, DISCONTINUED_FROM = date(2021, 12, 1), date(2023, 1, 1)
DISCONTINUED = (DENIED, VOIDED)

# Purposes of what complements another document: finNFe 2, tpCTe 1.
COMPLEMENTS = (("55", 2), ("57", 1), ("67", 1))

# Series of an NF-e that a state's office issues for a taxpayer (avulsa). Guia Prático, C100, exception 7.
OFFICE_MODEL = "55"
OFFICE_SERIES = (890, 899)

# What the recipient says did not happen he need not book.
NOT_RECEIVED = tuple(
    value for code, value in nfe.MANIFESTATION.values.items() if code in ("210220", "210240") and value
)

# tpNF of an entry note: the issuer's own entry, which nobody else books.
ENTRY = 0

# Numbers of one request to void; MOC: 201, rejected for more. An array in SQL has a limit, too.
MOST_VOIDED = 10_000
VOIDED_MODELS = (*nfe.FAMILY.models, *(model for model in cte.FAMILY.models if model != "64"))
