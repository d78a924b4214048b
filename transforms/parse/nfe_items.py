"""The items of NF-e and NFC-e: goods, their batches, medicines and fuels, and the taxes on them.

Source: leiauteNFe_v4.00.xsd, groups H to V; leiauteNFe_v3.10.xsd for the batches of medicines.
"""

from __future__ import annotations

from transforms.parse import item_taxes
from transforms.parse.layout import Field, PartFields, amount, day, integer, many, quantity, text
from transforms.parse.shared_fields import PRODUCT
from transforms.parse.values import Target

_BATCH: dict[str, Field] = {
    "nLote": text("number"),
    "qLote": quantity("quantity"),
    "dFab": day("made_on"),
    "dVal": day("expires_on"),
}
# What is said of a medicine once, whatever its batches.
MEDICINE: dict[str, Field] = {
    "cProdANVISA": text("anvisa_code"),
    "xMotivoIsencao": text("anvisa_exemption"),
    "vPMC": amount("maximum_price"),
}
_FUEL: dict[str, Field] = {
    "prod/comb/cProdANP": text("anp_code"),
    "prod/comb/descANP": text("anp_description"),
    "prod/comb/CODIF": text("codif"),
    "prod/comb/UFCons": text("consumption_uf"),
    "prod/comb/qTemp": quantity("ambient_quantity"),
    "prod/comb/pBio": amount("biofuel_rate"),
    "prod/comb/CIDE/qBCProd": amount("cide_quantity"),
    "prod/comb/CIDE/vAliqProd": amount("cide_unit_value"),
    "prod/comb/CIDE/vCIDE": amount("cide_value"),
}

ITEM: PartFields = {
    **PRODUCT,
    "prod/CEST": text("cest"),
    "prod/cBenef": text("benefit_code"),
    "prod/vFrete": amount("freight"),
    "prod/vSeg": amount("insurance"),
    "prod/vOutro": amount("other"),
    "prod/indTot": integer("in_total"),
    "prod/xPed": text("order_number"),
    "prod/nItemPed": text("order_item"),
    "prod/rastro": many("batches", {**_BATCH, "cAgreg": text("aggregation_code")}),
    # Until layout 3.10 a medicine has a med for each of its batches, and no rastro.
    "prod/med": many("_medicines", {**MEDICINE, **_BATCH}),
    **_FUEL,
    **item_taxes.GOODS,
    "infAdProd": text("additional_info"),
    "DFeReferenciado/chaveAcesso": text("referenced_key"),
}


def settle_medicines(fields: Target) -> None:
    """What every ``med`` of an item says: of the medicine once, of each batch in the list of batches."""
    for item in fields.get("items", ()):
        for medicine in item.pop("_medicines", ()):
            for field in MEDICINE.values():
                if field.column in medicine:
                    item.setdefault(field.column, medicine.pop(field.column))
            if "number" in medicine:
                item.setdefault("batches", []).append(medicine)
