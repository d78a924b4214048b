"""Where documents of several families have taxes and prices in common.

Source: DFeTiposBasicos_v1.00.xsd (IBS, CBS), cteTiposBasico_v4.00.xsd and bpeTiposBasico_v1.00.xsd (ICMS of a service).
"""

from __future__ import annotations

from transforms.parse.layout import Field, amount, integer, many, text

# ICMS of a document of one service, by any of its groups (ICMS00, ICMS20, ICMSOutraUF, ...).
_ICMS = {
    "vBC": "icms_base",
    "pICMS": "icms_rate",
    "vICMS": "icms_total",
    "pRedBC": "icms_reduction",
    "vICMSDeson": "icms_relieved",
    "vCred": "icms_presumed_credit",
    "vBCSTRet": "icms_st_withheld_before_base",
    "pICMSSTRet": "icms_st_withheld_before_rate",
    "vICMSSTRet": "icms_st_withheld_before",
    # Due to the state where the service began, which is not the issuer's.
    "pRedBCOutraUF": "icms_other_uf_reduction",
    "vBCOutraUF": "icms_other_uf_base",
    "pICMSOutraUF": "icms_other_uf_rate",
    "vICMSOutraUF": "icms_other_uf_total",
}
# The share of the state where the service ends, of what a consumer there buys.
_ICMS_OF_END = {
    "vBCUFFim": "icms_destination_base",
    "pICMSUFFim": "icms_destination_rate",
    "pICMSInter": "icms_interstate_rate",
    "vICMSUFFim": "icms_destination_total",
    "vICMSUFIni": "icms_origin_total",
    "pFCPUFFim": "fcp_destination_rate",
    "vFCPUFFim": "fcp_destination_total",
}


def taxes_of_service(path: str) -> dict[str, Field]:
    """Taxes of a document of one service at ``path``, an ``imp``."""
    return {
        f"{path}/ICMS/*/CST": text("icms_cst"),
        f"{path}/ICMS/*/indSN": integer("simples_indicator"),
        f"{path}/ICMS/*/cBenef": text("benefit_code"),
        **{f"{path}/ICMS/*/{tag}": amount(column) for tag, column in _ICMS.items()},
        **{f"{path}/ICMSUFFim/{tag}": amount(column) for tag, column in _ICMS_OF_END.items()},
        f"{path}/vTotTrib": amount("tax_total"),
        f"{path}/vTotDFe": amount("grand_total"),
        **ibs_cbs_of_document(f"{path}/IBSCBS"),
    }


# What a price is made of, each with its name, or by the code that a ticket has for it.
NAMED_COMPONENTS = many("components", {"xNome": text("name"), "vComp": amount("value")})
CODED_COMPONENTS = many("components", {"tpComp": text("code"), "vComp": amount("value")})


def ibs_cbs_totals(path: str) -> dict[str, Field]:
    """Totals of IBS and CBS at ``path``, with monophasic ones and credits. Source: TIBSCBSTot, TIBSCBSMonoTot."""
    parts = {"ibs_uf": "gIBS/gIBSUF", "ibs_city": "gIBS/gIBSMun", "cbs": "gCBS"}
    return {
        **{f"{path}/{element}/vDif": amount(f"{name}_deferred") for name, element in parts.items()},
        **{f"{path}/{element}/vDevTrib": amount(f"{name}_returned") for name, element in parts.items()},
        f"{path}/gIBS/vCredPresCondSus": amount("ibs_suspended_credit"),
        f"{path}/gCBS/vCredPresCondSus": amount("cbs_suspended_credit"),
        f"{path}/gEstornoCred/vIBSEstCred": amount("ibs_credit_reversal"),
        f"{path}/gEstornoCred/vCBSEstCred": amount("cbs_credit_reversal"),
        f"{path}/vBCIBSCBS": amount("ibs_cbs_base"),
        f"{path}/gIBS/vIBS": amount("ibs_total"),
        f"{path}/gIBS/gIBSUF/vIBSUF": amount("ibs_uf_total"),
        f"{path}/gIBS/gIBSMun/vIBSMun": amount("ibs_city_total"),
        f"{path}/gIBS/vCredPres": amount("ibs_presumed_credit"),
        f"{path}/gCBS/vCBS": amount("cbs_total"),
        f"{path}/gCBS/vCredPres": amount("cbs_presumed_credit"),
        f"{path}/gMono/vIBSMono": amount("ibs_mono_total"),
        f"{path}/gMono/vCBSMono": amount("cbs_mono_total"),
        f"{path}/gMono/vIBSMonoReten": amount("ibs_mono_withheld"),
        f"{path}/gMono/vCBSMonoReten": amount("cbs_mono_withheld"),
        f"{path}/gMono/vIBSMonoRet": amount("ibs_mono_withheld_before"),
        f"{path}/gMono/vCBSMonoRet": amount("cbs_mono_withheld_before"),
    }


def ibs_cbs_of_document(path: str) -> dict[str, Field]:
    """IBS and CBS of a document of one service: due, deferred, given back. Source: TCIBS, TEstornoCred."""
    due = f"{path}/gIBSCBS"
    parts = {"ibs_uf": f"{due}/gIBSUF", "ibs_city": f"{due}/gIBSMun", "cbs": f"{due}/gCBS"}
    return {
        f"{path}/CST": text("ibs_cbs_cst"),
        f"{path}/cClassTrib": text("ibs_cbs_classification"),
        f"{due}/vBC": amount("ibs_cbs_base"),
        f"{due}/vIBS": amount("ibs_total"),
        f"{due}/gIBSUF/vIBSUF": amount("ibs_uf_total"),
        f"{due}/gIBSMun/vIBSMun": amount("ibs_city_total"),
        f"{due}/gCBS/vCBS": amount("cbs_total"),
        **{f"{group}/gDif/vDif": amount(f"{name}_deferred") for name, group in parts.items()},
        **{f"{group}/gDevTrib/vDevTrib": amount(f"{name}_returned") for name, group in parts.items()},
        f"{path}/gEstornoCred/vIBSEstCred": amount("ibs_credit_reversal"),
        f"{path}/gEstornoCred/vCBSEstCred": amount("cbs_credit_reversal"),
    }


def bill_totals(path: str) -> dict[str, Field]:
    """Totals of the bills of telecommunication and electricity. Source: TNFCom, TNF3e, total."""
    columns = {
        "vNF": "total",
        "vProd": "products_total",
        "ICMSTot/vBC": "icms_base",
        "ICMSTot/vICMS": "icms_total",
        "ICMSTot/vICMSDeson": "icms_relieved",
        "ICMSTot/vFCP": "fcp_total",
        "ICMSTot/vBCST": "icms_st_base",
        "ICMSTot/vST": "icms_st_total",
        "ICMSTot/vFCPST": "fcp_st_total",
        "vPIS": "pis_total",
        "vCOFINS": "cofins_total",
        "vRetTribTot/vRetPIS": "pis_withheld",
        "vRetTribTot/vRetCofins": "cofins_withheld",
        "vRetTribTot/vRetCSLL": "csll_withheld",
        "vRetTribTot/vIRRF": "irrf_withheld",
        "vTotDFe": "grand_total",
    }
    return {
        **{f"{path}/{tag}": amount(column) for tag, column in columns.items()},
        **ibs_cbs_totals(f"{path}/IBSCBSTot"),
    }
