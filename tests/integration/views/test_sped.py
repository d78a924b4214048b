"""What companies book in SPED's EFD: situations of each family, sides, voided numbers, items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import views_world as world
from tests.integration.views.dataset import Dataset

ISSUER, BUYER, PAYER = "11222333000181", "99888777000161", "92929292000160"

FREIGHT = {"payer_id": PAYER, "payer_role": "sender", "purpose": 0}
# Model, series, what is said of the document, event that follows; situation, booking by the issuer and by the buyer.
CASES: dict[str, tuple[str, int, dict[str, Any], str | None, tuple[str | None, str, str | None]]] = {
    "authorised": ("55", 1, {"operation_type": 1}, None, ("00", "must", "must")),
    "cancelled": ("55", 1, {}, "110111", ("02", "must", "may")),
    "complements": ("55", 1, {"purpose": 2}, None, ("06", "must", "must")),
    "complements, cancelled": ("55", 1, {"purpose": 2}, "110111", ("02", "must", "may")),
    "entry note": ("55", 1, {"operation_type": 0}, None, ("00", "must", None)),
    "not received": ("55", 1, {}, "210240", ("00", "must", "may")),
    "of the office": ("55", 890, {}, None, ("08", "may", "must")),
    "rejected": ("55", 1, {"protocol_status": 539}, None, (None, "must_not", "must_not")),
    "denied": ("55", 1, {"protocol_status": 302}, None, ("04", "must_not", "must_not")),
    "denied, optional": (
        "55", 1, {"protocol_status": 302, "issued_on": "2021-12-01", "issued_at": "2021-12-01T12:00:00Z"}, None,
        ("04", "may", "may"),
    ),
    "denied, before": (
        "55", 1, {"protocol_status": 302, "issued_on": "2021-11-30", "issued_at": "2021-11-30T12:00:00Z"}, None,
        ("04", "must", "may"),
    ),
    "to a foreigner": ("55", 1, {"recipient_id_type": "foreign", "recipient_id": "X1"}, None, ("00", "must", None)),
    "to itself": ("55", 1, {"recipient_id": ISSUER}, None, ("00", "must", None)),
    "to a consumer": ("65", 1, {}, None, ("00", "must", None)),
    "to a consumer, replaced": ("65", 1, {}, "110112", ("02", "must", None)),
    "freight": ("57", 1, FREIGHT, None, ("00", "must", "must")),
    "freight, more of it": ("57", 1, {**FREIGHT, "purpose": 1}, None, ("06", "must", "must")),
    "freight, substituted": ("57", 1, FREIGHT, "240140", ("00", "must", "must")),
    "freight, annulled": ("57", 1, FREIGHT, "240150", ("00", "must", "must")),
    "passengers": ("67", 1, FREIGHT, None, ("00", "must", "must")),
    "ticket": ("63", 1, {}, None, ("00", "must", None)),
    "ticket, exchanged": ("63", 1, {}, "240140", ("00", "may", None)),
    "energy": ("66", 1, {}, None, ("00", "must", "must")),
    "energy, adjusted": ("66", 1, {}, "240150", ("00", "must", "must")),
    "energy, cancelled": ("66", 1, {}, "110111", ("02", "must", "may")),
    "telephone": ("62", 1, {}, "240140", ("00", "must", "must")),
    "telephone, cancelled": ("62", 1, {}, "110111", ("02", "must_not", "must_not")),
    "a manifest": ("58", 1, {}, None, (None, "", None)),
}  # fmt: skip


def key_of(name: str) -> str:
    model, series, *_ = CASES[name]
    return world.key_of(model, list(CASES).index(name) + 1, series, ISSUER)


HISTORY = [
    entry
    for name, (_, _, fields, event, _) in CASES.items()
    for entry in (
        world.document(key_of(name), f"d {name}", **fields),
        *([world.event(key_of(name), f"e {name}", event)] if event else []),
    )
]


@pytest.fixture(scope="module")
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    made = make_dataset()
    bought = world.document(
        world.key_of("55", 900, issuer=ISSUER), "items", total="30.00", icms_base="25.00", icms_total="4.50",
        products_total="28.00", freight_total="2.00", operation_type=1,
        items=[
            {"number": 1, "code": "A", "description": "a", "ncm": "1", "cfop": "5102", "unit": "UN", "quantity": "2",
             "value": "20.00"},
            {"number": 2, "code": "B", "unit": "KG", "quantity": "0.5", "value": "8.00", "discount": "1.00"},
        ],
    )  # fmt: skip
    sale = world.document(
        "35260311222333000181590000123450000011234560", "sale", "bare", number=1, series=12345, protocol_status=None,
        protocol_at=None, protocol_number=None,
    )  # fmt: skip
    ranges = [world.voided_range("v1", 5001, 5003), world.voided_range("v2", 5003, 5004)]
    refused = [world.voided_range("v3", 6001, 6009, status=241)]
    undated = world.voided_range("v4", 7001, 7001)
    undated.fields.update(year=2020, registered_at=None)
    taken = world.document(
        world.key_of("55", 8001, issuer=ISSUER, month="2112"), "taken", protocol_status=206, protocol_at=None,
        issued_on="2021-12-02", issued_at="2021-12-02T12:00:00Z",
    )  # fmt: skip
    history = [*HISTORY, bought, sale, *ranges, *refused, undated, taken]
    made.write_history(history)
    return made


@pytest.fixture(scope="module")
def booked(dataset: Dataset) -> dict[tuple[str, str], dict[str, Any]]:
    rows = dataset.query("SELECT * FROM sped_documents WHERE access_key IS NOT NULL")
    found = {(row["access_key"], row["ind_emit"]): row for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_situation_and_who_books_it(booked: dict[tuple[str, str], dict[str, Any]], name: str) -> None:
    situation, by_issuer, by_buyer = CASES[name][-1]
    own, bought = booked.get((key_of(name), "0")), booked.get((key_of(name), "1"))
    assert (own["cod_sit"], own["booking"]) == (situation, by_issuer) if own else by_issuer == ""
    assert (bought["cod_sit"], bought["booking"]) == (situation, by_buyer) if bought else by_buyer is None
    if own:
        assert own["company_id"] == ISSUER
        assert own["ind_oper"] == ("0" if name == "entry note" else "1")
    if bought:
        buyer = PAYER if "payer_id" in CASES[name][2] else BUYER
        assert (bought["company_id"], bought["partner_id"], bought["ind_oper"]) == (buyer, ISSUER, "0")


def test_registers_series_and_amounts_are_those_of_the_efd(booked: dict[tuple[str, str], dict[str, Any]]) -> None:
    registers = {(row["cod_mod"], row["register"], len(row["ser"])) for row in booked.values()}
    assert registers == {
        ("55", "C100", 3), ("65", "C100", 3), ("66", "C500", 3), ("59", "C800", 9), ("57", "D100", 3),
        ("67", "D100", 3), ("63", "D100", 3), ("62", "D700", 3),
    }  # fmt: skip
    amounts = ("vl_doc", "vl_merc", "vl_serv", "vl_frt", "vl_bc_icms", "vl_icms")
    bought, freight = booked[world.key_of("55", 900, issuer=ISSUER), "1"], booked[key_of("freight"), "1"]
    assert [bought[name] for name in amounts] == [30, 28, None, 2, 25, pytest.approx(4.5)]
    assert [freight[name] for name in amounts] == [100, None, 100, None, None, None]
    assert (bought["ser"], bought["num_doc"], str(bought["dt_doc"])) == ("001", 900, "2026-03-10")


def test_every_accepted_voided_number_is_there_once(dataset: Dataset) -> None:
    rows = dataset.query(
        "SELECT company_id, register, cod_mod, cod_sit, ind_oper, ind_emit, ser, num_doc, booking, month "
        "FROM sped_documents WHERE access_key IS NULL ORDER BY num_doc"
    )
    common = (ISSUER, "C100", "55", "05", "1", "0", "001")
    assert [tuple(str(value) for value in row.values()) for row in rows] == [
        *((*common, str(number), "must_not", "2026-03-01") for number in (5001, 5002, 5003, 5004)),
        (*common, "7001", "must", "2020-12-01"),
        (*common, "8001", "may", "2021-12-01"),
    ]


def test_items_are_those_of_what_is_booked(dataset: Dataset) -> None:
    rows = dataset.query(
        "SELECT company_id, num_item, cod_item, unid, qtd, vl_item, vl_desc, cfop FROM sped_items "
        f"WHERE company_id = '{BUYER}' ORDER BY num_item"
    )
    assert [tuple(row.values()) for row in rows] == [
        (BUYER, 1, "A", "UN", 2, 20, None, "5102"), (BUYER, 2, "B", "KG", pytest.approx(0.5), 8, 1, None),
    ]  # fmt: skip
