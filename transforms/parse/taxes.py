"""Where documents of several families have taxes in common. Source: DFeTiposBasicos_v1.00.xsd (IBS, CBS)."""

from __future__ import annotations

from transforms.parse.layout import Field, amount


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
