"""Taxes of items of an NF-e, group by group; what the items add up to; batches, medicines, fuels."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from local.generate import Rng, world_of
from local.generate.nfe_groups import NOTE, every_group
from tests.unit.parse.samples import item, nfe, parsed
from transforms.model import RawDocument, Record
from transforms.parse import reader, registry, sax, tree
from transforms.parse.parser import parse
from transforms.views import schema
from transforms.views.encode import RowEncoder

OWN = {"icms_base": "100.00", "icms_rate": "18.0000", "icms_value": "18.00"}
FUND = {"fcp_base": "100.00", "fcp_rate": "2.0000", "fcp_value": "2.00"}
ST = {
    "icms_st_margin": "40.0000", "icms_st_reduction": "10.0000", "icms_st_base": "126.00", "icms_st_rate": "18.0000",
    "icms_st_value": "4.68", "fcp_st_base": "126.00", "fcp_st_rate": "2.0000", "fcp_st_value": "0.52",
}  # fmt: skip
ST_RELIEVED = {"icms_st_relieved": "0.30", "icms_st_relief_reason": 9}
RELIEVED = {"icms_relieved": "7.00", "icms_relief_reason": 9, "icms_relief_deducted": 0}
BEFORE = {
    "icms_st_withheld_before_base": "80.00", "icms_st_withheld_before_rate": "20.0000", "icms_substitute": "9.00",
    "icms_st_withheld_before": "5.40", "fcp_st_withheld_before_base": "80.00",
    "fcp_st_withheld_before_rate": "2.0000", "fcp_st_withheld_before": "1.60",
}  # fmt: skip
EFFECTIVE = {
    "icms_effective_reduction": "5.0000", "icms_effective_base": "95.00", "icms_effective_rate": "18.0000",
    "icms_effective_value": "17.10",
}  # fmt: skip
DEFERRED = {
    "icms_undeferred": "18.00", "icms_deferral_rate": "33.3300", "icms_deferred": "6.00", "icms_value": "12.00",
    "fcp_deferred": "1.00", "fcp_effective_value": "1.00",
}  # fmt: skip
MONO = {"icms_mono_quantity": "10.0000", "icms_mono_rate": "1.3700", "icms_mono_value": "13.70"}
CREDIT = {"simples_credit_rate": "2.3300", "simples_credit": "2.33"}
TENTH = {"icms_reduction": "10.0000"}

# By the group, as the item's code names it.
OF_GROUP: dict[str, dict[str, Any]] = {
    "ICMS00": {
        "origin": "0", "icms_cst": "00", **OWN, "fcp_rate": "2.0000", "fcp_value": "2.00",
        "icms_destination_base": "100.00", "icms_destination_rate": "18.0000", "icms_interstate_rate": "12.00",
        "icms_destination_value": "6.00", "icms_origin_value": "0.00", "fcp_destination_base": "100.00",
        "fcp_destination_rate": "2.0000", "fcp_destination_value": "2.00",
    },
    "ICMS02": {"origin": "0", "icms_cst": "02", **MONO},
    "ICMS10": {"origin": "1", "icms_cst": "10", **OWN, **FUND, **ST, **ST_RELIEVED},
    "ICMS15": {
        "origin": "0", "icms_cst": "15", **MONO, "icms_mono_withheld_quantity": "2.0000",
        "icms_mono_withheld_rate": "1.2500", "icms_mono_withheld": "2.50",
    },
    "ICMS20": {"origin": "0", "icms_cst": "20", "icms_reduction": "33.3300", **OWN, **FUND, **RELIEVED},
    "ICMS30": {"origin": "0", "icms_cst": "30", **ST, **RELIEVED},
    "ICMS40": {"origin": "2", "icms_cst": "41", **RELIEVED},
    "ICMS51": {"origin": "0", "icms_cst": "51", **TENTH, **OWN, **FUND, **DEFERRED},
    "ICMS53": {
        "origin": "0", "icms_cst": "53", **MONO, "icms_deferral_rate": "10.0000", "icms_mono_deferred": "1.37",
        "icms_mono_value": "12.33",
    },
    "ICMS60": {"origin": "0", "icms_cst": "60", **BEFORE, **EFFECTIVE},
    "ICMS61": {
        "origin": "0", "icms_cst": "61", "icms_mono_withheld_before_quantity": "4.0000",
        "icms_mono_withheld_before_rate": "1.3700", "icms_mono_withheld_before": "5.48",
    },
    "ICMS70": {"origin": "0", "icms_cst": "70", **TENTH, **OWN, **FUND, **ST, **RELIEVED, **ST_RELIEVED},
    "ICMS90": {"origin": "0", "icms_cst": "90", **TENTH, **OWN, **FUND, **DEFERRED, **ST, **RELIEVED, **ST_RELIEVED},
    "ICMSPart": {"origin": "0", "icms_cst": "10", **TENTH, **OWN, **ST},
    "ICMSST": {
        "origin": "0", "icms_cst": "60", **BEFORE, **EFFECTIVE, "icms_st_destination_base": "70.00",
        "icms_st_destination_value": "6.30",
    },
    "ICMSSN101": {"origin": "0", "icms_csosn": "101", **CREDIT},
    "ICMSSN102": {"origin": "0", "icms_csosn": "400"},
    "ICMSSN201": {"origin": "0", "icms_csosn": "201", **ST, **CREDIT},
    "ICMSSN202": {"origin": "0", "icms_csosn": "202", **ST},
    "ICMSSN500": {"origin": "0", "icms_csosn": "500", **BEFORE, **EFFECTIVE},
    "ICMSSN900": {"origin": "0", "icms_csosn": "900", **TENTH, **OWN, **ST, **CREDIT},
    "SERVICO": {},
}  # fmt: skip
# By the group of ICMS of the item that they stand in.
OTHER: dict[str, dict[str, Any]] = {
    "ICMS00": {
        "tax_total": "31.00", "ipi_framework": "999", "ipi_cst": "50", "ipi_base": "100.00", "ipi_rate": "5.0000",
        "ipi_value": "5.00", "import_tax_base": "90.00", "customs_expenses": "4.00", "import_tax_value": "12.60",
        "iof_value": "0.40", "pis_cst": "01", "pis_base": "100.00", "pis_rate": "1.6500", "pis_value": "1.65",
        "pis_st_base": "100.00", "pis_st_rate": "1.0000", "pis_st_value": "1.00", "cofins_cst": "01",
        "cofins_base": "100.00", "cofins_rate": "1.6500", "cofins_value": "1.65", "cofins_st_base": "100.00",
        "cofins_st_rate": "1.0000", "cofins_st_value": "1.00", "is_cst": "000", "is_classification": "000001",
        "is_base": "100.00", "is_rate": "10.0000", "is_value": "10.00", "ibs_cbs_cst": "200",
        "ibs_cbs_classification": "200001", "ibs_cbs_base": "100.00", "ibs_uf_rate": "0.1000",
        "ibs_uf_effective_rate": "0.0400", "ibs_uf_deferred": "0.01", "ibs_uf_returned": "0.02",
        "ibs_uf_value": "0.04", "ibs_city_rate": "0.0500", "ibs_city_effective_rate": "0.0200",
        "ibs_city_deferred": "0.01", "ibs_city_returned": "0.02", "ibs_city_value": "0.02", "ibs_value": "0.06",
        "cbs_rate": "0.9000", "cbs_effective_rate": "0.3600", "cbs_deferred": "0.01", "cbs_returned": "0.02",
        "cbs_value": "0.36", "ibs_credit_reversal": "0.03", "cbs_credit_reversal": "0.05",
        "ibs_presumed_credit": "0.01", "cbs_presumed_credit": "0.04",
    },
    "ICMS02": {
        "ipi_framework": "999", "ipi_cst": "53", "pis_cst": "03", "pis_quantity": "10.0000",
        "pis_unit_value": "0.0500", "pis_value": "0.50", "cofins_cst": "03", "cofins_quantity": "10.0000",
        "cofins_unit_value": "0.0500", "cofins_value": "0.50", "ibs_cbs_cst": "620",
        "ibs_cbs_classification": "620001", "ibs_mono_value": "0.20", "cbs_mono_value": "0.50",
    },
    "ICMS10": {
        "ipi_framework": "999", "ipi_cst": "50", "ipi_quantity": "10.0000", "ipi_unit_value": "0.2500",
        "ipi_value": "2.50", "pis_cst": "07", "cofins_cst": "07",
    },
    "ICMS15": {
        "ipi_framework": "999", "ipi_cst": "53", "ipi_returned": "1.25", "pis_cst": "99", "pis_base": "50.00",
        "pis_rate": "0.6500", "pis_value": "0.33", "cofins_cst": "99", "cofins_base": "50.00",
        "cofins_rate": "0.6500", "cofins_value": "0.33",
    },
    "SERVICO": {
        "iss_base": "100.00", "iss_rate": "5.0000", "iss_value": "5.00", "iss_city": "3550308",
        "iss_service_code": "14.01", "iss_deduction": "1.00", "iss_withheld": "2.00", "iss_liability": 1,
        "pis_cst": "01", "pis_base": "100.00", "pis_rate": "1.6500", "pis_value": "1.65", "cofins_cst": "01",
        "cofins_base": "100.00", "cofins_rate": "1.6500", "cofins_value": "1.65",
    },
}  # fmt: skip
GOODS: dict[str, dict[str, Any]] = {
    "ICMS00": {
        "cest": "1300402", "benefit_code": "SC123456", "freight": "1.00", "insurance": "0.50", "discount": "2.00",
        "other": "0.25", "in_total": 1, "order_number": "PED77", "order_item": "3", "additional_info": NOTE,
        "anvisa_code": "1234567890123", "maximum_price": "19.90",
        "batches": [
            {"number": "L1", "quantity": "6.000", "made_on": "2026-01-10", "expires_on": "2027-01-09",
             "aggregation_code": "77"},
            {"number": "L2", "quantity": "4.000", "made_on": "2026-02-10", "expires_on": "2027-02-09"},
        ],
    },
    "ICMS02": {
        "in_total": 1, "anp_code": "820101034", "anp_description": "OLEO DIESEL B S10", "codif": "123",
        "ambient_quantity": "9.9800", "consumption_uf": "SP", "cide_quantity": "10.0000", "cide_unit_value": "0.0500",
        "cide_value": "0.50", "biofuel_rate": "14.0000",
    },
    "SERVICO": {"in_total": 0},
}  # fmt: skip
COMMON = {"number", "code", "gtin", "description", "ncm", "cfop", "unit", "quantity", "unit_value", "value"}
OF_ICMS = ("icms_", "fcp_", "simples_", "origin")


@pytest.fixture(scope="module")
def record() -> Record:
    [found] = parse(RawDocument(every_group(Rng("taxes"), world_of(3)).processed().payload, "", 0))
    assert isinstance(found, Record) and found.entry.findings == ()
    return found


@pytest.fixture(scope="module")
def items(record: Record) -> dict[str, dict[str, Any]]:
    return {one["code"]: one for one in record.entry.fields["items"]}


def test_every_group_has_an_item(items: dict[str, Any]) -> None:
    assert items.keys() == OF_GROUP.keys()


@pytest.mark.parametrize("group", OF_GROUP)
def test_icms_of_each_group(items: dict[str, Any], group: str) -> None:
    found = {name: value for name, value in items[group].items() if name.startswith(OF_ICMS)}
    assert found == OF_GROUP[group]


@pytest.mark.parametrize("group", OTHER)
def test_other_taxes_and_what_is_said_of_the_goods(items: dict[str, Any], group: str) -> None:
    found = {k: v for k, v in items[group].items() if k not in COMMON and not k.startswith(OF_ICMS)}
    assert found == {"in_total": 1, **OTHER[group], **GOODS.get(group, {})}


# A column of the items, and that of the total that adds it up.
TOTALS = {
    "icms_base": "icms_base", "icms_value": "icms_total", "icms_relieved": "icms_relieved",
    "icms_st_base": "icms_st_base", "icms_st_value": "icms_st_total", "fcp_value": "fcp_total",
    "fcp_st_value": "fcp_st_total", "fcp_st_withheld_before": "fcp_st_withheld_before",
    "icms_mono_quantity": "icms_mono_quantity", "icms_mono_value": "icms_mono_total",
    "icms_mono_withheld": "icms_mono_withheld", "icms_mono_withheld_before": "icms_mono_withheld_before",
    "icms_destination_value": "icms_destination_total", "fcp_destination_value": "fcp_destination_total",
    "ipi_value": "ipi_total", "ipi_returned": "ipi_returned_total", "import_tax_value": "import_tax_total",
    "iss_value": "iss_total", "iss_withheld": "iss_withheld", "freight": "freight_total", "discount": "discount_total",
    "ibs_cbs_base": "ibs_cbs_base", "ibs_value": "ibs_total", "cbs_value": "cbs_total", "is_value": "is_total",
    "ibs_mono_value": "ibs_mono_total", "cbs_presumed_credit": "cbs_presumed_credit", "tax_total": "tax_total",
}  # fmt: skip


@pytest.mark.parametrize(("column", "total"), TOTALS.items())
def test_the_items_add_up_to_the_total(record: Record, column: str, total: str) -> None:
    fields = record.entry.fields
    assert sum(Decimal(one.get(column, "0")) for one in fields["items"]) == Decimal(fields[total]) > 0


def test_a_row_of_every_group_fits_its_table(record: Record) -> None:
    required = {"record_id": "r", "access_key": "k", "layout": "nfe", "form": "processed", "partition_month": 202603,
                "run": "r", "origin": "o", "received_at": 1, "revision": 1}  # fmt: skip
    encoder = RowEncoder(schema.load(schema.DOCUMENTS))
    decoded = encoder.decode(encoder.encode({**required, "items": record.entry.fields["items"]}))
    assert decoded["items"][0]["batches"][1]["number"] == "L2"
    assert decoded["items"][-1]["iss_value"] == "5.00"


def test_lists_inside_of_items_are_read_in_every_way_alike() -> None:
    node = registry.SHAPES["nfeProc"].node
    for number in range(20):
        payload = every_group(Rng(f"alike/{number}"), world_of(3)).processed().payload
        source = reader.open_text(payload, len(payload))
        read = sax.read(source.data, node)
        assert sax.MISSING or read is not None and read.fields == tree.read(reader.parse_tree(source), node).fields


MEDICINE = (
    "<med><nLote>A</nLote><qLote>1.000</qLote><dFab>2015-01-01</dFab><dVal>2017-01-01</dVal><vPMC>9.90</vPMC></med>"
    "<med><nLote>B</nLote><qLote>2.000</qLote><dFab>2015-01-01</dFab><dVal>2017-13-01</dVal><vPMC>9.90</vPMC></med>"
)


def test_every_batch_of_an_old_medicine_is_one_of_its_item() -> None:
    record = parsed(nfe(items=item().replace("</prod>", f"{MEDICINE}</prod>") + item(2)))
    first, second = record.fields["items"]
    assert first["batches"] == [
        {"number": "A", "quantity": "1.000", "made_on": "2015-01-01", "expires_on": "2017-01-01"},
        {"number": "B", "quantity": "2.000", "made_on": "2015-01-01"},
    ]
    assert first["maximum_price"] == "9.90" and "batches" not in second
    assert record.findings == ("bad_date",)


def test_a_bad_number_of_a_tax_is_a_finding_and_costs_its_column_alone() -> None:
    taxes = "<ICMS><ICMS00><orig>0</orig><CST>00</CST><vBC>1,00</vBC><vICMS>0.18</vICMS></ICMS00></ICMS>"
    record = parsed(nfe(items=item().replace("<ICMS><vBC>9.00</vBC></ICMS>", taxes)))
    assert record.fields["items"][0] | {"icms_value": "0.18", "icms_cst": "00"} == record.fields["items"][0]
    assert "icms_base" not in record.fields["items"][0] and record.findings == ("bad_decimal",)
