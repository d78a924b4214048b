"""Totals, payments, invoice, transport and places of NF-e and NFC-e, the parts of its layout that are tables of tags.

Source: leiauteNFe_v4.00.xsd, groups F (retirada), G (entrega), W (total), X (transp),
Y (cobr), YA (pag) and ZA (exporta).
"""

from __future__ import annotations

import re

from transforms.parse.layout import Field, PartFields, amount, day, each, integer, many, quantity, tax_id, text
from transforms.parse.taxes import ibs_cbs_totals
from transforms.parse.values import AMOUNT, Target

_ICMS = {
    "vNF": "total",
    "vProd": "products_total",
    "vBC": "icms_base",
    "vICMS": "icms_total",
    "vICMSDeson": "icms_relieved",
    "vICMSUFDest": "icms_destination_total",
    "vICMSUFRemet": "icms_origin_total",
    "vFCPUFDest": "fcp_destination_total",
    "vFCP": "fcp_total",
    "vBCST": "icms_st_base",
    "vST": "icms_st_total",
    "vFCPST": "fcp_st_total",
    "vFCPSTRet": "fcp_st_withheld_before",
    "vICMSMono": "icms_mono_total",
    "vICMSMonoReten": "icms_mono_withheld",
    "vICMSMonoRet": "icms_mono_withheld_before",
    "vFrete": "freight_total",
    "vSeg": "insurance_total",
    "vDesc": "discount_total",
    "vII": "import_tax_total",
    "vIPI": "ipi_total",
    "vIPIDevol": "ipi_returned_total",
    "vPIS": "pis_total",
    "vCOFINS": "cofins_total",
    "vOutro": "other_total",
    "vTotTrib": "tax_total",
}
_ICMS_QUANTITIES = {
    "qBCMono": "icms_mono_quantity",
    "qBCMonoReten": "icms_mono_withheld_quantity",
    "qBCMonoRet": "icms_mono_withheld_before_quantity",
}
_ISSQN = {
    "vServ": "services_total",
    "vBC": "iss_base",
    "vISS": "iss_total",
    "vPIS": "services_pis_total",
    "vCOFINS": "services_cofins_total",
    "vDeducao": "deduction_total",
    "vOutro": "services_other_total",
    "vDescIncond": "services_discount_total",
    "vDescCond": "conditional_discount",
    "vISSRet": "iss_withheld",
}
_WITHHELD = {
    "vRetPIS": "pis_withheld",
    "vRetCOFINS": "cofins_withheld",
    "vRetCSLL": "csll_withheld",
    "vBCIRRF": "irrf_base",
    "vIRRF": "irrf_withheld",
    "vBCRetPrev": "inss_base",
    "vRetPrev": "inss_withheld",
}

TOTALS: dict[str, Field] = {
    **{f"total/ICMSTot/{tag}": amount(column) for tag, column in _ICMS.items()},
    **{f"total/ICMSTot/{tag}": quantity(column) for tag, column in _ICMS_QUANTITIES.items()},
    **{f"total/ISSQNtot/{tag}": amount(column) for tag, column in _ISSQN.items()},
    "total/ISSQNtot/dCompet": day("competence_on"),
    "total/ISSQNtot/cRegTrib": integer("special_tax_regime"),
    **{f"total/retTrib/{tag}": amount(column) for tag, column in _WITHHELD.items()},
    **ibs_cbs_totals("total/IBSCBSTot"),
    "total/ISTot/vIS": amount("is_total"),
    "total/vNFTot": amount("grand_total"),
}

PAYMENT: PartFields = {
    "pag/detPag": many(
        "payments",
        {
            "indPag": integer("terms"),
            "tPag": text("means"),
            "xPag": text("description"),
            "vPag": amount("value"),
            "dPag": day("paid_on"),
            "card/CNPJ": tax_id("acquirer_id"),
            "card/tBand": text("card_brand"),
            "card/cAut": text("authorisation"),
        },
    ),
    # Until layout 3.10 an NFC-e has a pag for each payment, without detPag.
    "pag/tPag": each("_means"),
    "pag/vPag": each("_values"),
    "pag/vTroco": amount("change_total"),
    "cobr/fat/nFat": text("invoice_number"),
    "cobr/fat/vOrig": amount("invoice_total"),
    "cobr/fat/vDesc": amount("invoice_discount"),
    "cobr/fat/vLiq": amount("invoice_net"),
    "cobr/dup": many("instalments", {"nDup": text("number"), "dVenc": day("due_on"), "vDup": amount("value")}),
}

PLACES: dict[str, Field] = {
    "retirada/CNPJ": tax_id("pickup_id"),
    "retirada/CPF": tax_id("pickup_id"),
    "retirada/xNome": text("pickup_name"),
    "retirada/cMun": text("pickup_city"),
    "retirada/UF": text("pickup_uf"),
    "entrega/CNPJ": tax_id("delivery_id"),
    "entrega/CPF": tax_id("delivery_id"),
    "entrega/xNome": text("delivery_name"),
    "entrega/cMun": text("delivery_city"),
    "entrega/UF": text("delivery_uf"),
    "exporta/UFSaidaPais": text("export_uf"),
    "exporta/xLocExporta": text("export_place"),
    "exporta/xLocDespacho": text("export_clearance_place"),
    # Until layout 2.00.
    "exporta/UFEmbarq": text("export_uf"),
    "exporta/xLocEmbarq": text("export_place"),
}

TRANSPORT: PartFields = {
    "transp/modFrete": integer("freight_mode"),
    "transp/transporta/CNPJ": tax_id("carrier_id"),
    "transp/transporta/CPF": tax_id("carrier_id"),
    "transp/transporta/xNome": text("carrier_name"),
    "transp/transporta/IE": text("carrier_ie"),
    "transp/transporta/UF": text("carrier_uf"),
    "transp/veicTransp/placa": text("vehicle_plate"),
    "transp/veicTransp/UF": text("vehicle_uf"),
    "transp/veicTransp/RNTC": text("vehicle_rntc"),
    "transp/vol": many(
        "volumes",
        {
            "qVol": quantity("quantity"),
            "esp": text("species"),
            "marca": text("brand"),
            "nVol": text("numbering"),
            "pesoL": quantity("net_weight"),
            "pesoB": quantity("gross_weight"),
        },
    ),
}


def pair_payments(fields: Target) -> None:
    """Payments of layout 3.10: the means and the value of each, which stand in lists of their own.

    If the numbers of means and values differ, it is unknown which belong together, and no payment has a value.
    """
    means, values = fields.pop("_means", None), fields.pop("_values", [])
    if means is None or "payments" in fields:
        return
    paired = zip(means, values if len(values) == len(means) else [""] * len(means), strict=True)
    fields["payments"] = [
        {"means": mean, "value": value} if re.fullmatch(AMOUNT, value) else {"means": mean} for mean, value in paired
    ]
