"""Documents of two companies whose items bear every kind of tax that the views add up."""

from __future__ import annotations

from typing import Any

from tests import views_world as world

SELLER, BUYER = "31323334000155", "41424344000166"


def note(number: int, items: list[dict[str, Any]], issuer: str = SELLER, **fields: Any) -> Any:
    """An NF-e between the two, of production, a sale unless the fields say otherwise."""
    other = {SELLER: BUYER, BUYER: SELLER}[issuer]
    defaults = {"operation_type": 1, "purpose": 1, "recipient_id": other}
    key = world.key_of(number=number, issuer=issuer)
    return world.document(key, f"t{issuer[:2]}{number}", items=items, **defaults | fields)


def taxed(base: str, icms: str, **fields: Any) -> dict[str, Any]:
    """An item of national goods at the full rate of ICMS, with PIS and COFINS, unless the fields say otherwise."""
    return {
        "number": 1, "cfop": "5102", "ncm": "22030000", "value": base, "origin": "0", "icms_cst": "00",
        "icms_base": base, "icms_rate": "18.0000", "icms_value": icms, "pis_cst": "01", "pis_base": base,
        "pis_rate": "1.6500", "pis_value": "1.65", "cofins_cst": "01", "cofins_base": base, "cofins_rate": "7.6000",
        "cofins_value": "7.60",
    } | fields  # fmt: skip


SUBSTITUTED = taxed(
    "100.00", "18.00", number=3, origin="1", icms_cst="10", icms_st_base="140.00", icms_st_rate="18.0000",
    icms_st_value="7.20", fcp_value="2.00", fcp_st_value="0.80", ipi_cst="50", ipi_framework="999",
    ipi_base="100.00", ipi_rate="5.0000", ipi_value="5.00", freight="3.00", insurance="0.50", other="0.25",
    discount="1.00",
)  # fmt: skip
SIMPLE = {
    "number": 1, "cfop": "5101", "ncm": "22030000", "value": "80.00", "origin": "0", "icms_csosn": "101",
    "simples_credit_rate": "2.3300", "simples_credit": "1.86",
}  # fmt: skip
REFORMED = {
    "number": 1, "cfop": "5102", "ncm": "24022000", "value": "60.00", "ibs_cbs_cst": "000",
    "ibs_cbs_classification": "000001", "ibs_cbs_base": "60.00", "ibs_uf_value": "0.10", "ibs_city_value": "0.05",
    "cbs_value": "0.54", "is_cst": "000", "is_base": "60.00", "is_value": "6.00", "icms_cst": "02",
    "icms_mono_value": "1.37", "icms_destination_value": "0.60", "fcp_destination_value": "0.20",
    "icms_relieved": "0.70", "icms_deferred": "0.30",
}  # fmt: skip
DEBIT = {"purpose": 6}
HISTORY = [
    note(1, [taxed("100.00", "18.00"), taxed("50.00", "9.00", number=2, discount="2.00"), SUBSTITUTED]),
    note(2, [taxed("30.00", "5.40")]),
    note(3, [taxed("30.00", "5.40", cfop="5202")], issuer=BUYER, purpose=4),
    note(4, [taxed("7000.00", "1260.00")]),
    world.event(world.key_of(number=4, issuer=SELLER), "t4 cancelled", "110111"),
    note(5, [taxed("8000.00", "1440.00")], environment=2),
    note(6, [taxed("10.00", "1.80", cfop="1102")], operation_type=0),
    note(7, [SIMPLE], issuer=BUYER),
    note(8, [REFORMED, {**REFORMED, "number": 2, "ibs_value": "0.20"}], recipient_id=None),
    note(9, [taxed("20.00", "3.60")], recipient_id=SELLER),
    note(10, [taxed("15.00", "2.70")], **DEBIT),
]  # fmt: skip
