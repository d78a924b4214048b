"""A history of documents that were replaced, rejected, returned or only asked for."""

from __future__ import annotations

from typing import Any

from tests import views_world as world

US, SUPPLIER, CARRIER, PAYER = "11222333000181", "99888777000161", "52998224000199", "92929292000160"


ORIGINAL, ANNULMENT, SUBSTITUTE = (world.key_of("57", number, issuer=CARRIER) for number in (1, 2, 3))


SILENT, ITS_SUBSTITUTE, REJECTED = (world.key_of("57", number, issuer=CARRIER) for number in (4, 5, 6))


SUMMARY, AWARE = (world.key_of(number=number, issuer=SUPPLIER) for number in (10, 11))


ENTRY_NOTE, RETURN, BARE, BOUGHT = (world.key_of(number=number, issuer=SUPPLIER) for number in (12, 13, 14, 15))


def freight(key: str, record_id: str, total: str, **fields: Any) -> Any:
    return world.document(key, record_id, total=total, payer_id=PAYER, payer_role="sender", **{"purpose": 0, **fields})


def bought(key: str, record_id: str, form: str = "processed", **fields: Any) -> Any:
    return world.document(key, record_id, form, **{"recipient_id": US, "total": "10.00", "operation_type": 1, **fields})


HISTORY = [
    freight(ORIGINAL, "c1", "1000.00"),
    freight(ANNULMENT, "c2", "1000.00", purpose=2, annulled_keys=[ORIGINAL]),
    freight(SUBSTITUTE, "c3", "900.00", purpose=3, replaced_keys=[ORIGINAL]),
    world.event(ORIGINAL, "e1", "240150"),
    world.event(ORIGINAL, "e2", "240140", registered_at="2026-03-13T12:00:00Z"),
    # The office's event never came, and a substitute that was rejected replaces nothing.
    freight(SILENT, "c4", "50.00"),
    freight(ITS_SUBSTITUTE, "c5", "40.00", purpose=3, replaced_keys=[SILENT]),
    freight(REJECTED, "c6", "1.00", purpose=3, replaced_keys=[ITS_SUBSTITUTE], protocol_status=646),
    world.document(SUMMARY, "s1", "summary", summary_status=1, total="5.00"),
    world.document(AWARE, "s2", "summary", summary_status=1, total="6.00"),
    world.event(AWARE, "m2", "210210"),
    bought(ENTRY_NOTE, "n1", operation_type=0),
    bought(RETURN, "n2", purpose=4),
    bought(BARE, "n3", "bare", protocol_status=None, protocol_at=None),
    bought(BOUGHT, "n4"),
]
