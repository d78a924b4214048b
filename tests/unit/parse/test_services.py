"""Items of bills, prices and taxes of transports, and the items of a device."""

from __future__ import annotations

from typing import Any

from tests.unit.parse.samples import CTE_KEY, CTE_NS, key, parsed
from transforms.views import schema

BILL_TAXES = (
    "<imposto><ICMS20><CST>20</CST><pRedBC>10.00</pRedBC><vBC>90.00</vBC><pICMS>18.00</pICMS><vICMS>16.20</vICMS>"
    "<cBenef>SP000001</cBenef><pFCP>2.00</pFCP><vFCP>1.80</vFCP></ICMS20><PIS><CST>01</CST><vBC>100.00</vBC>"
    "<pPIS>0.6500</pPIS><vPIS>0.65</vPIS></PIS><COFINS><CST>01</CST><vBC>100.00</vBC><pCOFINS>3.0000</pCOFINS>"
    "<vCOFINS>3.00</vCOFINS></COFINS>{more}<IBSCBS><CST>000</CST><cClassTrib>000001</cClassTrib><gIBSCBS>"
    "<vBC>80.00</vBC><vIBS>0.08</vIBS></gIBSCBS></IBSCBS></imposto>"
)
BILL_EXPECTED = {
    "service_class": "0601001", "cfop": "5258", "unit": "2", "quantity": "10", "icms_cst": "20",
    "icms_reduction": "10.00", "icms_base": "90.00", "icms_rate": "18.00", "icms_value": "16.20",
    "benefit_code": "SP000001", "fcp_rate": "2.00", "fcp_value": "1.80", "pis_cst": "01", "pis_base": "100.00",
    "pis_rate": "0.6500", "pis_value": "0.65", "cofins_cst": "01", "cofins_base": "100.00", "cofins_rate": "3.0000",
    "cofins_value": "3.00", "ibs_cbs_cst": "000", "ibs_cbs_classification": "000001", "ibs_cbs_base": "80.00",
    "ibs_value": "0.08", "additional_info": "nota",
}  # fmt: skip
BILL_PRODUCT = "<cClass>0601001</cClass><CFOP>5258</CFOP><uMed>2</uMed><qFaturada>10</qFaturada>"


def test_items_of_a_bill_of_telecommunication() -> None:
    more = (
        "<FUST><vBC>100.00</vBC><pFUST>1.00</pFUST><vFUST>1.00</vFUST></FUST><FUNTTEL><vBC>100.00</vBC>"
        "<pFUNTTEL>0.50</pFUNTTEL><vFUNTTEL>0.50</vFUNTTEL></FUNTTEL>"
    )
    record = parsed(
        f'<NFCom xmlns="http://www.portalfiscal.inf.br/nfcom"><infNFCom Id="NFCom{key("62")}"><det nItem="1"><prod>'
        f"<cProd>P</cProd><xProd>Dados</xProd>{BILL_PRODUCT}<vItem>10.12345678</vItem><vDesc>1.00</vDesc>"
        f"<vOutro>2.00</vOutro><vProd>101.23456789</vProd></prod>{BILL_TAXES.format(more=more)}<infAdProd>nota</infAdProd>"
        "</det></infNFCom></NFCom>"
    )
    expected = {
        **BILL_EXPECTED, "number": 1, "code": "P", "description": "Dados", "unit_value": "10.12345678",
        "value": "101.23456789", "discount": "1.00", "other": "2.00", "fust_base": "100.00", "fust_rate": "1.00",
        "fust_value": "1.00", "funttel_base": "100.00", "funttel_rate": "0.50", "funttel_value": "0.50",
    }  # fmt: skip
    assert record.fields["items"] == [expected]
    assert "bad_decimal" not in record.findings


def test_items_of_a_bill_of_electricity_with_those_of_what_it_adjusts() -> None:
    det = (
        f"<detItem><prod><cProd>E</cProd><xProd>Consumo</xProd>{BILL_PRODUCT}<vItem>0.1234567891</vItem>"
        f"<vProd>1.2345678915</vProd></prod>{BILL_TAXES.format(more='')}<infAdProd>nota</infAdProd></detItem>"
    )
    earlier = key("66", number=77)
    record = parsed(
        f'<NF3e xmlns="http://www.portalfiscal.inf.br/nf3e"><infNF3e Id="NF3e{key("66")}"><NFdet><det nItem="1">{det}'
        f'</det></NFdet><NFdet chNF3eAnt="{earlier}"><det nItem="1"><gAjusteNF3eAnt><tpAjuste>1</tpAjuste>'
        f"</gAjusteNF3eAnt>{det}</det></NFdet></infNF3e></NF3e>"
    )
    one = {
        **BILL_EXPECTED, "number": 1, "code": "E", "description": "Consumo", "unit_value": "0.1234567891",
        "value": "1.234567892",
    }  # fmt: skip
    assert record.fields["items"] == [one, {**one, "adjustment": 1}]
    assert record.fields["referenced_keys"] == [earlier]
    assert not {"bad_decimal", "repeated_element"} & set(record.findings)


def test_an_amount_of_too_many_decimals_is_rounded_where_a_layout_allows_them() -> None:
    values = {
        "-1.00000000050": "-1.000000001", "1.0000000004": "1.000000000", "7": "7", "7.25": "7.25", "1,5": None,
        f"{'9' * 19}.0000000001": None, "999999999999999999.9999999999": None,
    }  # fmt: skip
    for written, stored in values.items():
        record = parsed(
            f'<NF3e xmlns="http://www.portalfiscal.inf.br/nf3e"><infNF3e Id="NF3e{key("66")}"><NFdet><det nItem="1">'
            f"<detItem><prod><vProd>{written}</vProd></prod></detItem></det></NFdet></infNF3e></NF3e>"
        )
        assert record.fields["items"][0].get("value") == stored, written
        assert ("bad_decimal" in record.findings) == (stored is None), written


IMP = (
    "<imp><ICMS><ICMS60><CST>60</CST><vBCSTRet>100.00</vBCSTRet><vICMSSTRet>12.00</vICMSSTRet>"
    "<pICMSSTRet>12.00</pICMSSTRet><vCred>2.40</vCred><vICMSDeson>1.00</vICMSDeson><cBenef>SP1</cBenef></ICMS60>"
    "</ICMS><ICMSUFFim><vBCUFFim>100.00</vBCUFFim><pFCPUFFim>2.00</pFCPUFFim><pICMSUFFim>18.00</pICMSUFFim>"
    "<pICMSInter>12.00</pICMSInter><vFCPUFFim>2.00</vFCPUFFim><vICMSUFFim>6.00</vICMSUFFim>"
    "<vICMSUFIni>0.00</vICMSUFIni></ICMSUFFim>{more}</imp>"
)
PRICE = (
    "<vPrest><vTPrest>100.00</vTPrest><vRec>90.00</vRec><Comp><xNome>FRETE</xNome><vComp>88.00</vComp></Comp>"
    "<Comp><xNome>PEDAGIO</xNome><vComp>12.00</vComp></Comp></vPrest>"
)
FEDERAL = (
    "<infTribFed><vPIS>1.00</vPIS><vCOFINS>2.00</vCOFINS><vIR>3.00</vIR><vINSS>4.00</vINSS><vCSLL>5.00</vCSLL>"
    "</infTribFed>"
)
SERVICE = (
    "<infCTeNorm><infServico><xDescServ>Turismo</xDescServ><infQ><qCarga>40.0000</qCarga></infQ></infServico>"
    "</infCTeNorm>"
)


def test_what_the_price_of_a_transport_is_made_of_and_its_taxes() -> None:
    of_any: dict[str, Any] = {
        "total": "100.00", "receivable_total": "90.00", "icms_cst": "60", "icms_st_withheld_before_base": "100.00",
        "icms_st_withheld_before_rate": "12.00", "icms_st_withheld_before": "12.00", "icms_presumed_credit": "2.40",
        "icms_relieved": "1.00", "benefit_code": "SP1", "icms_destination_base": "100.00",
        "icms_destination_rate": "18.00", "icms_interstate_rate": "12.00", "icms_destination_total": "6.00",
        "icms_origin_total": "0.00", "fcp_destination_rate": "2.00", "fcp_destination_total": "2.00",
        "components": [{"name": "FRETE", "value": "88.00"}, {"name": "PEDAGIO", "value": "12.00"}],
    }  # fmt: skip
    of_os = {
        "pis_total": "1.00", "cofins_total": "2.00", "income_tax_total": "3.00", "inss_total": "4.00",
        "csll_total": "5.00", "service_description": "Turismo", "service_quantity": "40.0000",
    }  # fmt: skip
    freight = parsed(
        f'<CTe xmlns="{CTE_NS}"><infCte Id="CTe{CTE_KEY}">{PRICE}{IMP.format(more="")}</infCte></CTe>'
    ).fields
    people = parsed(
        f'<CTeOS xmlns="{CTE_NS}"><infCte Id="CTe{key("67")}">{PRICE}{IMP.format(more=FEDERAL)}{SERVICE}'
        "</infCte></CTeOS>"
    ).fields
    assert {name: freight.get(name) for name in of_any} == of_any
    assert {name: people.get(name) for name in of_any | of_os} == of_any | of_os
    assert (of_any | of_os).keys() <= schema.column_names(schema.DOCUMENTS)


def test_icms_that_a_transport_owes_to_another_state_and_an_issuer_in_simples() -> None:
    other = (
        "<ICMSOutraUF><CST>90</CST><pRedBCOutraUF>20.00</pRedBCOutraUF><vBCOutraUF>80.00</vBCOutraUF>"
        "<pICMSOutraUF>12.00</pICMSOutraUF><vICMSOutraUF>9.60</vICMSOutraUF></ICMSOutraUF>"
    )
    columns = (
        "icms_cst", "icms_other_uf_reduction", "icms_other_uf_base", "icms_other_uf_rate", "icms_other_uf_total",
        "simples_indicator", "icms_total",
    )  # fmt: skip
    found = []
    for group in (other, "<ICMSSN><CST>90</CST><indSN>1</indSN></ICMSSN>"):
        record = parsed(
            f'<CTe xmlns="{CTE_NS}"><infCte Id="CTe{CTE_KEY}"><imp><ICMS>{group}</ICMS></imp></infCte></CTe>'
        )
        found.append([record.fields.get(name) for name in columns])
    assert found == [["90", "20.00", "80.00", "12.00", "9.60", None, None], ["90", None, None, None, None, 1, None]]


def test_components_of_every_delivery_and_of_a_ticket() -> None:
    delivery = "<det nItem='{0}'><Comp><xNome>FRETE</xNome><vComp>{0}.00</vComp></Comp></det>"
    record = parsed(
        f'<CTeSimp xmlns="{CTE_NS}"><infCte Id="CTe{CTE_KEY}">{delivery.format(1)}{delivery.format(2)}<total>'
        "<vTPrest>3.00</vTPrest><vTRec>2.50</vTRec></total></infCte></CTeSimp>"
    )
    assert record.fields["components"] == [{"name": "FRETE", "value": "1.00"}, {"name": "FRETE", "value": "2.00"}]
    assert record.fields["receivable_total"] == "2.50"
    ticket = parsed(
        f'<BPe xmlns="http://www.portalfiscal.inf.br/bpe"><infBPe Id="BPe{key("63")}"><infValorBPe><vBP>9.00</vBP>'
        "<Comp><tpComp>01</tpComp><vComp>9.00</vComp></Comp></infValorBPe></infBPe></BPe>"
    )
    assert ticket.fields["components"] == [{"code": "01", "value": "9.00"}]


def test_taxes_of_an_item_of_a_device() -> None:
    item = (
        '<det nItem="1"><prod><cProd>1</cProd><vProd>10.00</vProd><vOutro>0.10</vOutro></prod><imposto>'
        "<vItem12741>3.00</vItem12741><ICMS><ICMSSN900><Orig>0</Orig><CSOSN>900</CSOSN><pICMS>18.00</pICMS>"
        "<vICMS>1.80</vICMS></ICMSSN900></ICMS><PIS><PISAliq><CST>01</CST><vBC>10.00</vBC><pPIS>0.0165</pPIS>"
        "<vPIS>0.17</vPIS></PISAliq></PIS></imposto><infAdProd>x</infAdProd></det>"
    )
    record = parsed(f'<CFe><infCFe Id="CFe{key("59")}" versao="0.08">{item}</infCFe></CFe>')
    assert record.fields["items"] == [
        {
            "number": 1, "code": "1", "value": "10.00", "other": "0.10", "tax_total": "3.00", "origin": "0",
            "icms_csosn": "900", "icms_rate": "18.00", "icms_value": "1.80", "pis_cst": "01", "pis_base": "10.00",
            "pis_rate": "0.0165", "pis_value": "0.17", "additional_info": "x",
        }
    ]  # fmt: skip
