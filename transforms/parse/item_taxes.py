"""Taxes of an item, alike in all documents that have items: where each is, and the column that it goes to.

A rate or reduction is in percent, a value in BRL, and what is due of a tax is ``<tax>_value``. An element that an item
does not have leaves its column empty. Source: leiauteNFe_v4.00.xsd, groups M to V and UB; for bills
nf3eTiposBasico_v1.00.xsd and nfcomTiposBasico_v1.00.xsd.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from transforms.parse.layout import Field, amount, integer, text

# ICMS of an item, by any of its groups (ICMS00, ICMS10, ICMSSN101, ...): each has some of these.
_ICMS_TEXTS = {"orig": "origin", "CST": "icms_cst", "CSOSN": "icms_csosn", "cBenef": "benefit_code"}
_ICMS_INTEGERS = {
    "motDesICMS": "icms_relief_reason",
    "indDeduzDeson": "icms_relief_deducted",
    "motDesICMSST": "icms_st_relief_reason",
}
_ICMS_AMOUNTS = {
    "pRedBC": "icms_reduction",
    "vBC": "icms_base",
    "pICMS": "icms_rate",
    "vICMS": "icms_value",
    "vICMSOp": "icms_undeferred",
    "pDif": "icms_deferral_rate",
    "vICMSDif": "icms_deferred",
    "vICMSDeson": "icms_relieved",
    # By substitution: of this operation, of an earlier one, due to the state of destination.
    "pMVAST": "icms_st_margin",
    "pRedBCST": "icms_st_reduction",
    "vBCST": "icms_st_base",
    "pICMSST": "icms_st_rate",
    "vICMSST": "icms_st_value",
    "vICMSSTDeson": "icms_st_relieved",
    "vBCSTRet": "icms_st_withheld_before_base",
    "pST": "icms_st_withheld_before_rate",
    "pICMSSTRet": "icms_st_withheld_before_rate",
    "vICMSSubstituto": "icms_substitute",
    "vICMSSTRet": "icms_st_withheld_before",
    "vBCSTDest": "icms_st_destination_base",
    "vICMSSTDest": "icms_st_destination_value",
    # What would be due without substitution.
    "pRedBCEfet": "icms_effective_reduction",
    "vBCEfet": "icms_effective_base",
    "pICMSEfet": "icms_effective_rate",
    "vICMSEfet": "icms_effective_value",
    "vBCFCP": "fcp_base",
    "pFCP": "fcp_rate",
    "vFCP": "fcp_value",
    "vFCPDif": "fcp_deferred",
    "vFCPEfet": "fcp_effective_value",
    "vBCFCPST": "fcp_st_base",
    "pFCPST": "fcp_st_rate",
    "vFCPST": "fcp_st_value",
    "vBCFCPSTRet": "fcp_st_withheld_before_base",
    "pFCPSTRet": "fcp_st_withheld_before_rate",
    "vFCPSTRet": "fcp_st_withheld_before",
    # Monophasic, of fuels: by quantity, its rate in BRL for each unit.
    "qBCMono": "icms_mono_quantity",
    "adRemICMS": "icms_mono_rate",
    "vICMSMono": "icms_mono_value",
    "vICMSMonoDif": "icms_mono_deferred",
    "qBCMonoReten": "icms_mono_withheld_quantity",
    "adRemICMSReten": "icms_mono_withheld_rate",
    "vICMSMonoReten": "icms_mono_withheld",
    "qBCMonoRet": "icms_mono_withheld_before_quantity",
    "adRemICMSRet": "icms_mono_withheld_before_rate",
    "vICMSMonoRet": "icms_mono_withheld_before",
    "pCredSN": "simples_credit_rate",
    "vCredICMSSN": "simples_credit",
}

# The share of the state of destination in what a consumer there buys.
_DESTINATION = {
    "vBCUFDest": "icms_destination_base",
    "pICMSUFDest": "icms_destination_rate",
    "pICMSInter": "icms_interstate_rate",
    "vICMSUFDest": "icms_destination_value",
    "vICMSUFRemet": "icms_origin_value",
    "vBCFCPUFDest": "fcp_destination_base",
    "pFCPUFDest": "fcp_destination_rate",
    "vFCPUFDest": "fcp_destination_value",
}
_IPI = {
    "vBC": "ipi_base",
    "pIPI": "ipi_rate",
    "qUnid": "ipi_quantity",
    "vUnid": "ipi_unit_value",
    "vIPI": "ipi_value",
}
_IMPORT = {
    "vBC": "import_tax_base",
    "vDespAdu": "customs_expenses",
    "vII": "import_tax_value",
    "vIOF": "iof_value",
}
_ISSQN = {
    "vBC": "iss_base",
    "vAliq": "iss_rate",
    "vISSQN": "iss_value",
    "vDeducao": "iss_deduction",
    "vISSRet": "iss_withheld",
}
_SELECTIVE = {"vBCIS": "is_base", "pIS": "is_rate", "vIS": "is_value"}
_IBS_CBS = {
    "vBC": "ibs_cbs_base",
    "vIBS": "ibs_value",
    "gIBSUF/pIBSUF": "ibs_uf_rate",
    "gIBSUF/gRed/pAliqEfet": "ibs_uf_effective_rate",
    "gIBSUF/gDif/vDif": "ibs_uf_deferred",
    "gIBSUF/gDevTrib/vDevTrib": "ibs_uf_returned",
    "gIBSUF/vIBSUF": "ibs_uf_value",
    "gIBSMun/pIBSMun": "ibs_city_rate",
    "gIBSMun/gRed/pAliqEfet": "ibs_city_effective_rate",
    "gIBSMun/gDif/vDif": "ibs_city_deferred",
    "gIBSMun/gDevTrib/vDevTrib": "ibs_city_returned",
    "gIBSMun/vIBSMun": "ibs_city_value",
    "gCBS/pCBS": "cbs_rate",
    "gCBS/gRed/pAliqEfet": "cbs_effective_rate",
    "gCBS/gDif/vDif": "cbs_deferred",
    "gCBS/gDevTrib/vDevTrib": "cbs_returned",
    "gCBS/vCBS": "cbs_value",
}
_IBS_CBS_BESIDE = {
    "gIBSCBSMono/vTotIBSMonoItem": "ibs_mono_value",
    "gIBSCBSMono/vTotCBSMonoItem": "cbs_mono_value",
    "gCredPresOper/gIBSCredPres/vCredPres": "ibs_presumed_credit",
    "gCredPresOper/gCBSCredPres/vCredPres": "cbs_presumed_credit",
    "gEstornoCred/vIBSEstCred": "ibs_credit_reversal",
    "gEstornoCred/vCBSEstCred": "cbs_credit_reversal",
}


def _amounts(path: str, columns: Mapping[str, str]) -> dict[str, Field]:
    return {f"{path}/{tag}": amount(column) for tag, column in columns.items()}


def icms(groups: Iterable[str]) -> dict[str, Field]:
    """ICMS, FCP and their substitution at each path of ``groups``, which may end in ``*``."""
    fields: dict[str, Field] = {}
    for group in groups:
        fields |= {f"{group}/{tag}": text(column) for tag, column in _ICMS_TEXTS.items()}
        fields |= {f"{group}/{tag}": integer(column) for tag, column in _ICMS_INTEGERS.items()}
        fields |= _amounts(group, _ICMS_AMOUNTS)
    return fields


def contribution(path: str, tag: str, column: str) -> dict[str, Field]:
    """PIS or COFINS at ``path``: ``tag`` is in the names of its rate and value, columns begin with ``column``."""
    return {
        f"{path}/CST": text(f"{column}_cst"),
        f"{path}/vBC": amount(f"{column}_base"),
        f"{path}/p{tag}": amount(f"{column}_rate"),
        f"{path}/qBCProd": amount(f"{column}_quantity"),
        f"{path}/vAliqProd": amount(f"{column}_unit_value"),
        f"{path}/v{tag}": amount(f"{column}_value"),
    }


def substituted_contribution(path: str, tag: str, column: str) -> dict[str, Field]:
    """PIS or COFINS by substitution at ``path``: ``PISST``, ``COFINSST``."""
    return {
        f"{path}/vBC": amount(f"{column}_st_base"),
        f"{path}/p{tag}": amount(f"{column}_st_rate"),
        f"{path}/v{tag}": amount(f"{column}_st_value"),
    }


def ibs_cbs(path: str) -> dict[str, Field]:
    """IBS and CBS of an item at ``path``, an ``IBSCBS``. Source: TTribNFe, TTribNFCom, TTribNF3e of DFeTiposBasicos."""
    return {
        f"{path}/CST": text("ibs_cbs_cst"),
        f"{path}/cClassTrib": text("ibs_cbs_classification"),
        **_amounts(f"{path}/gIBSCBS", _IBS_CBS),
        **_amounts(path, _IBS_CBS_BESIDE),
    }


# Of an item of NF-e and NFC-e.
GOODS: dict[str, Field] = {
    "imposto/vTotTrib": amount("tax_total"),
    **icms(["imposto/ICMS/*"]),
    **_amounts("imposto/ICMSUFDest", _DESTINATION),
    "imposto/IPI/cEnq": text("ipi_framework"),
    "imposto/IPI/IPINT/CST": text("ipi_cst"),
    "imposto/IPI/IPITrib/CST": text("ipi_cst"),
    **_amounts("imposto/IPI/IPITrib", _IPI),
    "impostoDevol/IPI/vIPIDevol": amount("ipi_returned"),
    **_amounts("imposto/II", _IMPORT),
    **_amounts("imposto/ISSQN", _ISSQN),
    "imposto/ISSQN/cMunFG": text("iss_city"),
    "imposto/ISSQN/cListServ": text("iss_service_code"),
    "imposto/ISSQN/indISS": integer("iss_liability"),
    **contribution("imposto/PIS/*", "PIS", "pis"),
    **substituted_contribution("imposto/PISST", "PIS", "pis"),
    **contribution("imposto/COFINS/*", "COFINS", "cofins"),
    **substituted_contribution("imposto/COFINSST", "COFINS", "cofins"),
    "imposto/IS/CSTIS": text("is_cst"),
    "imposto/IS/cClassTribIS": text("is_classification"),
    **_amounts("imposto/IS", _SELECTIVE),
    **ibs_cbs("imposto/IBSCBS"),
}

# Of an item of a CF-e, which writes the origin's tag with a capital letter.
DEVICE: dict[str, Field] = {
    "imposto/vItem12741": amount("tax_total"),
    "imposto/ICMS/*/Orig": text("origin"),
    "imposto/ICMS/*/CST": text("icms_cst"),
    "imposto/ICMS/*/CSOSN": text("icms_csosn"),
    "imposto/ICMS/*/pICMS": amount("icms_rate"),
    "imposto/ICMS/*/vICMS": amount("icms_value"),
    **contribution("imposto/PIS/*", "PIS", "pis"),
    **substituted_contribution("imposto/PISST", "PIS", "pis"),
    **contribution("imposto/COFINS/*", "COFINS", "cofins"),
    **substituted_contribution("imposto/COFINSST", "COFINS", "cofins"),
    "imposto/ISSQN/vDeducISSQN": amount("iss_deduction"),
    "imposto/ISSQN/vBC": amount("iss_base"),
    "imposto/ISSQN/vAliq": amount("iss_rate"),
    "imposto/ISSQN/vISSQN": amount("iss_value"),
    "imposto/ISSQN/cMunFG": text("iss_city"),
    "imposto/ISSQN/cListServ": text("iss_service_code"),
}

_BILL_GROUPS = ("ICMS00", "ICMS10", "ICMS20", "ICMS40", "ICMS51", "ICMS60", "ICMS90", "ICMSSN")


def of_bill(path: str) -> dict[str, Field]:
    """Taxes of an item of NFCom or NF3e at ``path``, an ``imposto`` with nothing around its groups of ICMS."""
    return {
        **icms(f"{path}/{group}" for group in _BILL_GROUPS),
        **contribution(f"{path}/PIS", "PIS", "pis"),
        **contribution(f"{path}/COFINS", "COFINS", "cofins"),
        **ibs_cbs(f"{path}/IBSCBS"),
    }
