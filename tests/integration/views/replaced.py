"""A history of documents that were replaced, rejected, returned or only asked for."""

from __future__ import annotations

from typing import Any

from tests import views_world as world
from transforms import access_key

US, SUPPLIER, CARRIER, PAYER = "11222333000181", "99888777000161", "52998224000199", "92929292000160"


ORIGINAL, ANNULMENT, SUBSTITUTE = (world.key_of("57", number, issuer=CARRIER) for number in (1, 2, 3))


SILENT, ITS_SUBSTITUTE, REJECTED = (world.key_of("57", number, issuer=CARRIER) for number in (4, 5, 6))


SUMMARY, AWARE = (world.key_of(number=number, issuer=SUPPLIER) for number in (10, 11))


ENTRY_NOTE, RETURN, BARE, BOUGHT = (world.key_of(number=number, issuer=SUPPLIER) for number in (12, 13, 14, 15))


LATE, LATE_IN_TEST = (world.key_of("65", number, issuer=SUPPLIER) for number in (16, 17))


def freight(key: str, record_id: str, total: str, **fields: Any) -> Any:
    return world.document(key, record_id, total=total, payer_id=PAYER, payer_role="sender", **{"purpose": 0, **fields})


def bought(key: str, record_id: str, form: str = "processed", **fields: Any) -> Any:
    return world.document(key, record_id, form, **{"recipient_id": US, "total": "10.00", "operation_type": 1, **fields})


PROVIDER = "77666555000109"


def nfse_of(number: int) -> str:
    """Key of an NFS-e of São Paulo."""
    body = f"355030822{PROVIDER}{number:013d}2603{number:09d}"
    return body + access_key.check_digit(body)


def dps_of(number: int) -> str:
    """Id of a DPS of series 1 of São Paulo."""
    return f"DPS35503082{PROVIDER}00001{number:015d}"


def sale_of(number: int) -> str:
    """Key of a CF-e of one device."""
    body = f"352603{PROVIDER}59000012345{number:06d}123456"
    return body + access_key.check_digit(body)


def served(number: int, dps: int) -> Any:
    return world.document(
        nfse_of(number), f"f{number}", recipient_id=None, dps_id=dps_of(dps), dps_series=1, dps_number=dps
    )


# Numbers 3 and 4 of the NFS-e are missing, 3 and 5 of the DPS, none of the CF-e: a cancellation has number 2.
SERVICES = [
    served(1, 1),
    served(2, 2),
    served(5, 4),
    world.document(dps_of(4), "p4", "bare", recipient_id=None, protocol_status=None, protocol_at=None),
    world.document(dps_of(6), "p6", "bare", recipient_id=None, protocol_status=None, protocol_at=None),
    world.document(sale_of(1), "q1", "bare", recipient_id=None, protocol_status=None),
    world.document(sale_of(3), "q3", "bare", recipient_id=None, protocol_status=None),
    world.event(sale_of(1), "q2", "110111", "bare", return_status=None, own_key=sale_of(2)),
]

HISTORY = [
    *SERVICES,
    freight(ORIGINAL, "c1", "1000.00"),
    freight(ANNULMENT, "c2", "1000.00", purpose=2, annulled_keys=[ORIGINAL]),
    freight(SUBSTITUTE, "c3", "900.00", purpose=3, replaced_keys=[ORIGINAL]),
    world.event(ORIGINAL, "e1", "240150"),
    world.event(ORIGINAL, "e2", "240140", registered_at="2026-03-13T12:00:00Z"),
    # The office's event never came, and a substitute that was rejected replaces nothing.
    freight(SILENT, "c4", "50.00"),
    freight(ITS_SUBSTITUTE, "c5", "40.00", purpose=3, replaced_keys=[SILENT]),
    freight(REJECTED, "c6", "1.00", purpose=3, replaced_keys=[ITS_SUBSTITUTE], protocol_status=646),
    world.document(LATE, "l1", recipient_id=None),
    world.event(LATE, "l2", "110111", registered_at="2026-04-02T12:00:00Z"),
    world.document(LATE_IN_TEST, "l3", recipient_id=None, environment=2),
    world.event(LATE_IN_TEST, "l4", "110111", registered_at="2026-04-02T12:00:00Z", environment=2),
    world.document(SUMMARY, "s1", "summary", summary_status=1, total="5.00"),
    world.document(AWARE, "s2", "summary", summary_status=1, total="6.00"),
    world.event(AWARE, "m2", "210210"),
    bought(ENTRY_NOTE, "n1", operation_type=0),
    bought(RETURN, "n2", purpose=4),
    bought(BARE, "n3", "bare", protocol_status=None, protocol_at=None),
    bought(
        BOUGHT,
        "n4",
        items=[{"number": 1, "code": "A1", "cfop": "5102", "unit": "UN", "quantity": "1", "value": "10.00"}],
    ),
]
