"""Every total, the payments, the invoice and the transport of an NF-e, each in a column that its table has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.generate import Rng, world_of
from local.generate.nfe import nfe as generated_nfe
from local.generate.nfe_options import Options
from tests.unit.parse.samples import KEY, nfe, parsed
from transforms.parse.layout import Field, Many
from transforms.parse.layouts.nfe import NFE_BODY
from transforms.parse.nfe_parts import TOTALS
from transforms.views import schema
from transforms.views.encode import RowEncoder

TRANSPORT = (
    "<transp><modFrete>0</modFrete><transporta><CNPJ>11.222.333/0001-81</CNPJ><xNome>Transportes</xNome><IE>77</IE>"
    "<UF>PR</UF></transporta><veicTransp><placa>ABC1D23</placa><UF>PR</UF><RNTC>123</RNTC></veicTransp>"
    "<vol><qVol>2</qVol><esp>CAIXA</esp><marca>X</marca><nVol>1-2</nVol><pesoL>1.500</pesoL><pesoB>2.000</pesoB></vol>"
    "<vol><qVol>1</qVol></vol></transp>"
)
BILLING = (
    "<cobr><fat><nFat>77</nFat><vOrig>100.00</vOrig><vDesc>1.00</vDesc><vLiq>99.00</vLiq></fat>"
    "<dup><nDup>001</nDup><dVenc>2026-04-01</dVenc><vDup>50.00</vDup></dup>"
    "<dup><nDup>002</nDup><dVenc>2026-13-01</dVenc><vDup>49.00</vDup></dup></cobr>"
    "<pag><detPag><indPag>1</indPag><tPag>15</tPag><vPag>99.00</vPag></detPag>"
    "<detPag><tPag>03</tPag><vPag>1.00</vPag><card><CNPJ>11222333000181</CNPJ><tBand>01</tBand><cAut>Z9</cAut></card>"
    "</detPag><vTroco>0.50</vTroco></pag>"
)


def with_parts(total: str, rest: str = "") -> str:
    """An NF-e with all of its totals, and with what follows them."""
    whole = nfe()
    start = whole.index("<total>")
    return f"{whole[:start]}<total>{total}</total>{rest}</infNFe></NFe>"


def test_every_total_is_in_a_column_of_its_own() -> None:
    columns = [field.column for field in TOTALS.values()]
    assert len(set(columns)) == len(columns) > 70
    values: dict[str, str] = {}
    tree: dict[str, Any] = {}
    for number, (path, field) in enumerate(TOTALS.items(), 1):
        text = {"competence_on": "2026-03-01", "special_tax_regime": "3"}.get(field.column, f"{number}.25")
        values[field.column] = text
        *groups, tag = path.split("/")
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
        place[tag] = text
    record = parsed(with_parts(_written(tree["total"])))
    assert {name: str(record.fields.get(name)) for name in values} == values
    assert record.findings == ()


def _written(tree: Mapping[str, Any]) -> str:
    return "".join(
        f"<{tag}>{_written(inside) if isinstance(inside, dict) else inside}</{tag}>" for tag, inside in tree.items()
    )


def test_payments_instalments_and_volumes_are_lists_in_order() -> None:
    record = parsed(with_parts("<ICMSTot><vNF>99.00</vNF></ICMSTot>", TRANSPORT + BILLING))
    fields = record.fields
    assert fields["payments"] == [
        {"terms": 1, "means": "15", "value": "99.00"},
        {"means": "03", "value": "1.00", "acquirer_id": "11222333000181", "card_brand": "01", "authorisation": "Z9"},
    ]
    assert fields["instalments"] == [
        {"number": "001", "due_on": "2026-04-01", "value": "50.00"},
        {"number": "002", "value": "49.00"},
    ]
    assert (fields["invoice_number"], fields["invoice_net"], fields["change_total"]) == ("77", "99.00", "0.50")
    assert fields["volumes"][0]["gross_weight"] == "2.000" and fields["volumes"][1] == {"quantity": "1"}
    assert (fields["freight_mode"], fields["carrier_id"], fields["carrier_uf"]) == (0, "11222333000181", "PR")
    assert (fields["vehicle_plate"], fields["vehicle_rntc"]) == ("ABC1D23", "123")
    assert record.findings == ("bad_date", "tax_id_form") and record.key == KEY


def test_payments_of_an_old_nfce_stand_side_by_side() -> None:
    old = (
        "<pag><tPag>01</tPag><vPag>5.00</vPag></pag><pag><tPag>03</tPag><vPag>7,00</vPag></pag>"
        "<pag><tPag>99</tPag><vPag>1.00</vPag></pag>"
    )
    paid = [{"means": "01", "value": "5.00"}, {"means": "03"}, {"means": "99", "value": "1.00"}]
    for _ in range(30):  # the first are read from their trees, the others by what was learnt of them
        record = parsed(with_parts("<ICMSTot><vNF>12.00</vNF></ICMSTot>", old))
        assert record.fields["payments"] == paid
        assert record.findings == ()
    without = parsed(with_parts("<ICMSTot><vNF>12.00</vNF></ICMSTot>", old.replace("<vPag>1.00</vPag>", "")))
    assert without.fields["payments"] == [{"means": "01"}, {"means": "03"}, {"means": "99"}]


def test_the_table_of_documents_has_a_column_for_each_of_them() -> None:
    table = schema.load(schema.DOCUMENTS)
    columns = {column.name: column for column in table.columns}
    for what in NFE_BODY.values():
        if what.column.startswith("_"):
            continue
        column = columns[what.column]
        if isinstance(what, Many):
            nested = {one.name for one in column.fields}
            filled = {field.column for field in what.fields.values() if not field.column.startswith("_")}
            assert column.mode == "REPEATED" and filled <= nested
        else:
            assert isinstance(what, Field)


def test_what_the_generator_pays_and_ships_fits_its_columns() -> None:
    encoder = RowEncoder(schema.load(schema.DOCUMENTS))
    required = {"record_id": "r", "access_key": KEY, "layout": "nfe", "form": "processed", "partition_month": 202603,
                "run": "r", "origin": "o", "received_at": 1, "revision": 1}  # fmt: skip
    found: set[str] = set()
    for n in range(60):
        document = generated_nfe(Rng(f"parts/{n}"), world_of(3), options=Options())
        fields = {k: v for k, v in parsed(document.processed().payload).fields.items() if k not in required}
        row = {name: value for name, value in fields.items() if name in schema.column_names(schema.DOCUMENTS)}
        assert fields.keys() == row.keys()
        decoded = encoder.decode(encoder.encode({**required, **row}))
        found |= {name for name in ("payments", "instalments", "volumes", "carrier_id") if decoded.get(name)}
    assert found == {"payments", "instalments", "volumes", "carrier_id"}


PLACES = (
    "<retirada><CNPJ>99888777000161</CNPJ><xNome>Armaz\u00e9m</xNome><cMun>4106902</cMun><UF>PR</UF></retirada>"
    "<entrega><CPF>52998224725</CPF><cMun>3550308</cMun><UF>SP</UF></entrega>"
    "<autXML><CNPJ>99888777000161</CNPJ></autXML><autXML><CPF>52998224725</CPF></autXML>"
)
REMARKS = (
    "<infAdic><infAdFisco>Regime 1</infAdFisco><infCpl>Pedido 7 &amp; 8</infCpl></infAdic>"
    "<exporta><UFSaidaPais>SC</UFSaidaPais><xLocExporta>Itajai</xLocExporta><xLocDespacho>Joinville</xLocDespacho></exporta>"
)


def test_places_readers_and_remarks_are_columns() -> None:
    whole = with_parts("<ICMSTot><vNF>99.00</vNF></ICMSTot>", REMARKS)
    record = parsed(whole.replace("<det ", f"{PLACES}<det ", 1))
    expected = {
        "pickup_id": "99888777000161",
        "pickup_name": "Armaz\u00e9m",
        "pickup_city": "4106902",
        "pickup_uf": "PR",
        "delivery_id": "52998224725",
        "delivery_city": "3550308",
        "delivery_uf": "SP",
        "authorised_readers": ["99888777000161", "52998224725"],
        "additional_info": "Pedido 7 & 8",
        "tax_authority_info": "Regime 1",
        "export_uf": "SC",
        "export_place": "Itajai",
        "export_clearance_place": "Joinville",
    }
    assert {name: record.fields.get(name) for name in expected} == expected
    assert set(expected) <= schema.column_names(schema.DOCUMENTS)
    assert record.findings == ()
