"""IBS, CBS and totals where families other than NF-e have them."""

from __future__ import annotations

from tests.unit.parse.samples import CTE_KEY, CTE_NS, key, parsed

DUE = (
    "<IBSCBS><CST>000</CST><gIBSCBS><vBC>100.00</vBC><gIBSUF><gDif><vDif>0.01</vDif></gDif><gDevTrib><vDevTrib>0.02"
    "</vDevTrib></gDevTrib><vIBSUF>0.10</vIBSUF></gIBSUF><gIBSMun><vIBSMun>0.20</vIBSMun></gIBSMun><vIBS>0.30</vIBS>"
    "<gCBS><gDif><vDif>0.03</vDif></gDif><vCBS>0.90</vCBS></gCBS></gIBSCBS><gEstornoCred><vIBSEstCred>0.04</vIBSEstCred>"
    "<vCBSEstCred>0.05</vCBSEstCred></gEstornoCred></IBSCBS>"
)
TOTALS = (
    "<IBSCBSTot><vBCIBSCBS>100.00</vBCIBSCBS><gIBS><gIBSUF><vDif>0.01</vDif><vDevTrib>0.02</vDevTrib>"
    "<vIBSUF>0.10</vIBSUF></gIBSUF><gIBSMun><vIBSMun>0.20</vIBSMun></gIBSMun><vIBS>0.30</vIBS></gIBS><gCBS>"
    "<vDif>0.03</vDif><vCBS>0.90</vCBS></gCBS><gEstornoCred><vIBSEstCred>0.04</vIBSEstCred>"
    "<vCBSEstCred>0.05</vCBSEstCred></gEstornoCred></IBSCBSTot>"
)
EXPECTED = {
    "ibs_cbs_base": "100.00", "ibs_total": "0.30", "ibs_uf_total": "0.10", "ibs_city_total": "0.20",
    "cbs_total": "0.90", "ibs_uf_deferred": "0.01", "ibs_uf_returned": "0.02", "cbs_deferred": "0.03",
    "ibs_credit_reversal": "0.04", "cbs_credit_reversal": "0.05", "grand_total": "101.20",
}  # fmt: skip


def found(xml: str) -> dict[str, str | None]:
    fields = parsed(xml).fields
    return {name: fields.get(name) for name in EXPECTED}


def test_of_a_cte() -> None:
    for root in ("CTe", "CTeOS"):
        access_key = CTE_KEY if root == "CTe" else key("67")
        assert (
            found(
                f'<{root} xmlns="{CTE_NS}"><infCte Id="CTe{access_key}"><vPrest><vTPrest>100.00</vTPrest></vPrest>'
                f"<imp>{DUE}<vTotDFe>101.20</vTotDFe></imp></infCte></{root}>"
            )
            == EXPECTED
        )


def test_of_a_simplified_cte() -> None:
    assert (
        found(
            f'<CTeSimp xmlns="{CTE_NS}"><infCte Id="CTe{CTE_KEY}"><total><vTPrest>100.00</vTPrest>{TOTALS}'
            "<vTotDFe>101.20</vTotDFe></total></infCte></CTeSimp>"
        )
        == EXPECTED
    )


def test_of_bills_with_what_is_withheld() -> None:
    withheld = (
        "<vRetTribTot><vRetPIS>1.01</vRetPIS><vRetCofins>1.02</vRetCofins><vRetCSLL>1.03</vRetCSLL><vIRRF>1.04</vIRRF>"
        "</vRetTribTot>"
    )
    icms = "<ICMSTot><vBC>1.00</vBC><vICMS>2.00</vICMS><vICMSDeson>3.00</vICMSDeson><vFCP>4.00</vFCP></ICMSTot>"
    for name, model in (("NFCom", "62"), ("NF3e", "66")):
        fields = parsed(
            f'<{name} xmlns="http://www.portalfiscal.inf.br/{name.lower()}"><inf{name} Id="{name}{key(model)}"><total>'
            f"<vProd>100.00</vProd>{icms}{withheld}<vNF>100.00</vNF>{TOTALS}<vTotDFe>101.20</vTotDFe></total>"
            f"</inf{name}></{name}>"
        ).fields
        assert {column: fields.get(column) for column in EXPECTED} == EXPECTED
        assert [fields[f"{tax}_withheld"] for tax in ("pis", "cofins", "csll", "irrf")] == [
            "1.01",
            "1.02",
            "1.03",
            "1.04",
        ]
        assert (fields["icms_relieved"], fields["fcp_total"], fields["total"]) == ("3.00", "4.00", "100.00")


def test_of_a_ticket() -> None:
    assert (
        found(
            f'<BPe xmlns="http://www.portalfiscal.inf.br/bpe"><infBPe Id="BPe{key("63")}"><imp>{DUE}'
            "<vTotDFe>101.20</vTotDFe></imp></infBPe></BPe>"
        )
        == EXPECTED
    )
