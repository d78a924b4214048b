"""CF-e of SAT devices, and their cancellation."""

from __future__ import annotations

from local.generate import Rng, cfe, world_of
from tests.unit.parse.samples import parsed, refused
from transforms import access_key
from transforms.history.fold import fold

WORLD = world_of(5)
SHOP = next(shop for shop in WORLD.shops if shop.uf == "SP")
SALE = cfe.cfe(Rng("cfe"), WORLD, SHOP, 12345, 678)
CANCELLATION = cfe.cancellation(Rng("cancelled"), SALE, 679)


def test_fields_of_a_cfe() -> None:
    record = parsed(SALE.processed().payload)
    assert (record.key, record.kind, record.layout, record.form) == (SALE.key, "document", "cfe", "bare")
    assert record.findings == ()
    expected = {
        "model": "59", "series": 12345, "number": 678, "uf": "SP", "environment": 1, "issuer_id": SHOP.id,
        "total": f"{SALE.total / 100:.2f}", "products_total": f"{SALE.total / 100:.2f}",
        "issued_on": SALE.issued.day, "issued_at_text": SALE.issued.naive, "layout_version": "0.08",
    }  # fmt: skip
    assert {name: record.fields.get(name) for name in expected} == expected
    hour = (SALE.issued.moment.hour + 3) % 24
    assert record.fields["issued_at"].split("T")[1] == f"{hour:02}{SALE.issued.naive[13:]}Z"
    assert record.fields["items"][0]["number"] == 1 and record.fields["items"][0]["value"]


def test_the_devices_signature_authorises_and_its_cancellation_cancels() -> None:
    entries = [parsed(SALE.processed().payload), parsed(CANCELLATION.payload)]
    alone, both = fold(entries[:1]).state, fold(entries).state
    assert (alone["status"], alone["authorised_at"]) == ("authorised", entries[0].fields["issued_at"])
    assert (both["status"], both["status_at"]) == ("cancelled", entries[1].fields["occurred_at"])


def test_a_cancellation_has_a_key_of_its_own() -> None:
    record = parsed(CANCELLATION.payload)
    assert (record.key, record.kind, record.layout, record.findings) == (SALE.key, "event", "cfe_event", ())
    own = access_key.split(record.fields["own_key"])
    assert (own.model, own.series, own.number) == ("59", "000012345", "000679")


def test_a_sale_that_no_device_signed_has_no_key() -> None:
    assert refused(SALE.element.replace(f'Id="CFe{SALE.key}"', "")).code == "no_access_key"
