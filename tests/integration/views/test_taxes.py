"""Taxes of items, added up by their situation, and item by item as SPED's EFD has them: sums made by hand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests import views_world as world
from tests.integration.views.dataset import Dataset
from tests.integration.views.taxed import BUYER, HISTORY, SELLER


@pytest.fixture(scope="module")
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    made = make_dataset()
    made.write_history(HISTORY)
    return made


def numbers(*texts: str) -> tuple[Decimal | None, ...]:
    return tuple(Decimal(text) if text else None for text in texts)


# By direction, issued, purpose, CFOP and CST: documents, items, and the sums of the columns below.
COLUMNS = ("value", "discount", "icms_base", "icms_value", "icms_st_base", "icms_st_value", "fcp_value",
           "fcp_st_value", "ipi_base", "ipi_value", "pis_base", "pis_value", "cofins_base", "cofins_value")  # fmt: skip
SALE = (2, 3, numbers("180", "2", "180", "32.40", "", "", "", "", "", "", "180", "4.95", "180", "22.80"))
SUBSTITUTED = (
    1, 1, numbers("100", "1", "100", "18", "140", "7.20", "2", "0.80", "100", "5", "100", "1.65", "100", "7.60"),
)  # fmt: skip


def one(base: str, icms: str) -> tuple[Any, ...]:
    """A document with one item at the full rate."""
    return 1, 1, numbers(base, "", base, icms, "", "", "", "", "", "", base, "1.65", base, "7.60")


RETURNED, ENTERED, DEBITED = one("30", "5.40"), one("10", "1.80"), one("15", "2.70")
SIMPLE = (1, 1, numbers("80", *[""] * 13))
OWN_SALE = (3, 4, numbers("200", "2", "200", "36", "", "", "", "", "", "", "200", "6.60", "200", "30.40"))
OF_GOODS = {
    (SELLER, "out", True, 1, "5102", "00"): OWN_SALE,
    (SELLER, "out", True, 1, "5102", "10"): SUBSTITUTED,
    (SELLER, "out", True, 6, "5102", "00"): DEBITED,
    (SELLER, "in", False, 4, "5202", "00"): RETURNED,
    (SELLER, "in", True, 1, "1102", "00"): ENTERED,
    (SELLER, "in", False, 1, "5101", "101"): SIMPLE,
    (BUYER, "in", False, 1, "5102", "00"): SALE,
    (BUYER, "in", False, 1, "5102", "10"): SUBSTITUTED,
    (BUYER, "in", False, 6, "5102", "00"): DEBITED,
    (BUYER, "out", True, 4, "5202", "00"): RETURNED,
    (BUYER, "out", False, 1, "1102", "00"): ENTERED,
    (BUYER, "out", True, 1, "5101", "101"): SIMPLE,
}


def test_taxes_are_added_up_by_company_direction_purpose_cfop_and_cst(dataset: Dataset) -> None:
    rows = dataset.query(
        f"SELECT company_id, direction, issued, purpose, cfop, icms_cst, documents, items, {', '.join(COLUMNS)} "
        "FROM taxes_by_cst_cfop_ncm WHERE ncm = '22030000'"
    )
    found = {tuple(row.values())[:6]: (*tuple(row.values())[6:8], tuple(row[name] for name in COLUMNS)) for row in rows}
    assert len(found) == len(rows)
    assert found == OF_GOODS


def test_taxes_of_the_reform_of_fuels_and_of_the_destination(dataset: Dataset) -> None:
    names = ("icms_cst", "ibs_cbs_cst", "ibs_cbs_classification", "items", "ibs_cbs_base", "ibs_value", "ibs_uf_value",
             "ibs_city_value", "cbs_value", "is_base", "is_value", "icms_mono_value", "icms_destination_value",
             "fcp_destination_value", "icms_relieved", "icms_deferred")  # fmt: skip
    rows = dataset.query(f"SELECT company_id, {', '.join(names)} FROM taxes_by_cst_cfop_ncm WHERE ncm = '24022000'")
    # The first item says no vIBS: what state and municipality have of it are added.
    assert [tuple(row.values()) for row in rows] == [
        (SELLER, "02", "000", "000001", 2, *numbers("120", "0.35", "0.20", "0.10", "1.08", "120", "12", "2.74",
                                                    "1.20", "0.40", "1.40", "0.60"))
    ]  # fmt: skip


def test_an_item_is_booked_with_the_taxes_that_c170_has(dataset: Dataset) -> None:
    key = world.key_of(number=1, issuer=SELLER)
    names = ("cst_icms", "csosn", "vl_opr", "vl_bc_icms", "aliq_icms", "vl_icms", "vl_bc_icms_st", "aliq_st",
             "vl_icms_st", "cst_ipi", "cod_enq", "vl_bc_ipi", "aliq_ipi", "vl_ipi", "cst_pis", "vl_bc_pis", "aliq_pis",
             "vl_pis", "cst_cofins", "vl_bc_cofins", "aliq_cofins", "vl_cofins")  # fmt: skip
    rows = dataset.query(
        f"SELECT {', '.join(names)} FROM sped_items WHERE access_key = '{key}' AND company_id = '{BUYER}' "
        "ORDER BY num_item"
    )
    contributions = ("01", *numbers("100", "1.65", "1.65"), "01", *numbers("100", "7.6", "7.6"))
    assert [tuple(row.values()) for row in rows][::2] == [
        ("000", None, *numbers("100", "100", "18", "18"), None, None, None, None, None, None, None, None,
         *contributions),
        # 100.00 + 3.00 + 0.50 + 0.25 - 1.00 + 7.20 + 0.80 + 5.00
        ("110", None, *numbers("115.75", "100", "18", "18", "140", "18", "7.20"), "50", "999",
         *numbers("100", "5", "5"), *contributions),
    ]  # fmt: skip
    [simple] = dataset.query(
        f"SELECT cst_icms, csosn, vl_opr FROM sped_items WHERE company_id = '{SELLER}' AND csosn > ''"
    )
    assert tuple(simple.values()) == (None, "101", Decimal(80))


def test_what_c190_adds_up_is_what_its_items_are(dataset: Dataset) -> None:
    sums = ", ".join(f"SUM({name}) AS {name}" for name in ("vl_opr", "vl_bc_icms", "vl_icms", "vl_ipi"))
    key = world.key_of(number=1, issuer=SELLER)
    rows = dataset.query(
        f"SELECT cst_icms, cfop, aliq_icms, {sums} FROM sped_items WHERE access_key = '{key}' "
        f"AND company_id = '{SELLER}' GROUP BY cst_icms, cfop, aliq_icms ORDER BY cst_icms"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("000", "5102", *numbers("18", "148", "150", "27", "")),
        ("110", "5102", *numbers("18", "115.75", "100", "18", "5")),
    ]
