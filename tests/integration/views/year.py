"""A year of a company, bought and sold, for the views of analysts."""

from __future__ import annotations

from typing import Any

from tests import views_world as world
from transforms.model import Entry
from transforms.views.rows import TableRow, rows_of, rows_of_dead_letter

US, SUPPLIER, OTHER = "11222333000181", "99888777000161", "52998224000199"


SOLD = world.key_of(number=1)


CANCELLED_LATE = world.key_of(number=2)


ONLY_EVENT = world.key_of(number=5)


DENIED = world.key_of(number=6)


BOUGHT = world.key_of(number=70, issuer=SUPPLIER)


AWARE = world.key_of(number=71, issuer=SUPPLIER)


CONFIRMED = world.key_of(number=72, issuer=SUPPLIER)


SUMMARY = world.key_of(number=73, issuer=SUPPLIER)


REVOKED = world.key_of(number=74, issuer=SUPPLIER)


TEST = world.key_of(number=75, issuer=SUPPLIER)


FREIGHT = world.key_of("57", 9, issuer=OTHER)


FREIGHT_2 = world.key_of("57", 10, issuer=OTHER)


MANIFEST = world.key_of("58", 3, issuer=OTHER)


MANIFEST_CLOSED = world.key_of("58", 4, issuer=OTHER)


UNKNOWN_KEY = world.key_of(number=999, issuer=SUPPLIER)


def bought(key: str, record_id: str, form: str = "processed", **fields: Any) -> Entry:
    return world.document(key, record_id, form, **{"recipient_id": US, "issuer_name": "Fornecedor", **fields})


def sold() -> Entry:
    items = [{"number": 1, "ncm": "22030000", "value": "60.00"}, {"number": 2, "ncm": "22030000", "value": "40.00"}]
    findings = ["check_digit", "no_offset"]
    return world.document(
        SOLD, "d1", total="100.00", ibs_total="1.50", cbs_total="0.50", findings=findings, items=items
    )


YEAR = [
    # The event before its document, the bare document before the processed one, then another version of it.
    world.event(CANCELLED_LATE, "e2", "110111", registered_at="2026-04-02T10:00:00Z", reason="erro"),
    world.document(SOLD, "d1-bare", "bare", protocol_at=None, protocol_status=None, total="90.00"),
    sold(),
    # Rejected, and sent again: what was authorised speaks for the key.
    world.document(SOLD, "d1-rejected", total="80.00", protocol_at="2026-03-10T11:00:00Z", protocol_status=778),
    world.document(SOLD, "d1-later", total="120.00", protocol_at="2026-03-10T13:00:00Z", findings=["check_digit"]),
    world.document(CANCELLED_LATE, "d2", total="50.00"),
    world.voided_range("v1", 3, 3),
    world.voided_range("v2", 8, 9, status=256),
    world.event(ONLY_EVENT, "e5", "110110", correction="novo texto"),
    world.document(DENIED, "d6", protocol_status=301, total="7.00"),
    bought(BOUGHT, "b70", total="10.00", protocol_at="2026-03-10T12:00:00Z"),
    bought(AWARE, "b71", total="20.00", protocol_at="2026-03-20T12:00:00Z"),
    world.event(AWARE, "m71", "210210", registered_at="2026-03-21T12:00:00Z"),
    bought(CONFIRMED, "b72", total="30.00"),
    world.event(CONFIRMED, "m72", "210200", registered_at="2026-03-22T12:00:00Z"),
    bought(SUMMARY, "s73", "summary", protocol_status=None, summary_status=1, total="40.00", environment=None),
    bought(REVOKED, "b74", total="5.00", issued_at="2026-03-05T12:00:00Z"),
    world.event(REVOKED, "m74", "210200", registered_at="2026-03-12T12:00:00Z"),
    world.event(REVOKED, "c74", "110111", registered_at="2026-03-15T12:00:00Z"),
    bought(TEST, "b75", total="1.00", environment=2),
    world.document(
        FREIGHT, "f9", total="200.00", cargo_value="1000.00", payer_id=US, payer_role="sender", origin_uf="SP",
        destination_uf="RJ", referenced_keys=[SOLD, UNKNOWN_KEY],
    ),
    world.document(
        FREIGHT_2, "f10", total="100.00", cargo_value="500.00", payer_id=US, payer_role="sender", origin_uf="SP",
        destination_uf="RJ", referenced_keys=[],
    ),
    world.document(MANIFEST, "x3", protocol_at="2026-03-10T12:00:00Z"),
    world.document(MANIFEST_CLOSED, "x4"),
    world.event(MANIFEST_CLOSED, "x4e", "110112"),
    # What came again, in the same run and in other bytes.
    sold(),
]  # fmt: skip


LETTERS = [
    world.dead_letter("not_xml", "file:a.xml", b"aaaa"),
    world.dead_letter("not_xml", "file:b.xml", b"bb")._replace(message="a message before the other's"),
    world.dead_letter("too_large", "file:c.xml", b"c"),
]


def _year_rows() -> list[TableRow]:
    first = world.applied(YEAR)
    other_run = [
        a._replace(
            arrival=a.arrival._replace(outcome="duplicate", run="run-2", job="run-2/1", origin=f"queue/{n}"),
            change=None,
        )
        for n, a in enumerate(first[:3])
    ]
    found = [row for result in (*first, *world.retried(first), *other_run) for row in rows_of(result)]
    for run, at in (("run-1", 7), ("run-1", 9), ("run-2", 11)):
        for letter in LETTERS:
            found += rows_of_dead_letter(letter, run, f"{run}/1", world.RECEIVED_AT + at * world.SECOND)
    return found


YEAR_ROWS = _year_rows()
