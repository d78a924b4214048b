"""NFS-e of the national standard, and the DPS that asks for one. Source: NFSe_v1.01.xsd and DPS_v1.01.xsd.

An NFS-e is the office's answer to a DPS and contains it, so the DPS is its body. A DPS alone has no key yet:
it is known by its Id, which the NFS-e names in ``dps_id``.
"""

from transforms.access_key import DPS, MODEL_OF_DPS, MODEL_OF_NFSE
from transforms.families.nfse import FAMILY
from transforms.model import DOCUMENT
from transforms.parse.layout import (
    AROUND,
    BODY,
    PROTOCOL,
    SIGNATURE,
    SIGNER_FIELDS,
    Field,
    Layout,
    PartFields,
    amount,
    cnpj,
    cpf,
    day,
    each,
    foreign_id,
    instant,
    integer,
    tax_id,
    text,
)
from transforms.parse.values import Target

_PROVIDER = 1

AROUND_IT: PartFields = {"@versao": text("layout_version")}

SERVICE: PartFields = {
    "@versao": text("layout_version"),
    "tpAmb": integer("environment"),
    "dhEmi": instant("issued_at"),
    "dCompet": day("competence_on"),
    "tpEmit": integer("issuer_role"),
    "cLocEmi": text("_city"),
    "subst/chSubstda": each("replaced_keys"),
    "prest/CNPJ": tax_id("provider_id"),
    "prest/CPF": tax_id("provider_id"),
    "toma/CNPJ": cnpj("recipient_id"),
    "toma/CPF": cpf("recipient_id"),
    "toma/NIF": foreign_id("recipient_id"),
    "toma/xNome": text("recipient_name"),
    "toma/end/endNac/cMun": text("recipient_city"),
    "interm/CNPJ": tax_id("intermediary_id"),
    "interm/CPF": tax_id("intermediary_id"),
    "serv/locPrest/cLocPrestacao": text("service_city"),
    "serv/cServ/cTribNac": text("service_code"),
    "serv/cServ/cTribMun": text("city_service_code"),
    "serv/cServ/cNBS": text("nbs_code"),
    "serv/cServ/xDescServ": text("service_description"),
    "valores/vServPrest/vServ": amount("total"),
    "valores/vDescCondIncond/vDescIncond": amount("discount_total"),
    "valores/vDescCondIncond/vDescCond": amount("conditional_discount"),
    "valores/vDedRed/vDR": amount("deduction_total"),
    "valores/trib/tribMun/tribISSQN": integer("iss_taxation"),
    "valores/trib/tribMun/tpRetISSQN": integer("iss_withholding"),
    "valores/trib/tribFed/piscofins/vPis": amount("pis_total"),
    "valores/trib/tribFed/piscofins/vCofins": amount("cofins_total"),
    "valores/trib/tribFed/vRetCP": amount("inss_withheld"),
    "valores/trib/tribFed/vRetIRRF": amount("irrf_withheld"),
    "valores/trib/tribFed/vRetCSLL": amount("csll_withheld"),
    "IBSCBS/finNFSe": integer("purpose"),
    "IBSCBS/gRefNFSe/refNFSe": each("referenced_keys"),
}

# The office's part: who issued, what is due, and that it is authorised.
ANSWER: dict[str, Field] = {
    "@Id": text("_id"),
    "@versao": text("layout_version"),
    "nNFSe": integer("number"),
    "cLocIncid": text("iss_city"),
    "ambGer": integer("generator"),
    "cStat": integer("protocol_status"),
    "dhProc": instant("protocol_at"),
    "nDFSe": text("protocol_number"),
    "emit/CNPJ": cnpj("issuer_id"),
    "emit/CPF": cpf("issuer_id"),
    "emit/xNome": text("issuer_name"),
    "emit/enderNac/UF": text("issuer_uf"),
    "emit/enderNac/cMun": text("issuer_city"),
    "valores/vBC": amount("iss_base"),
    "valores/pAliqAplic": amount("iss_rate"),
    "valores/vISSQN": amount("iss_total"),
    "valores/vTotalRet": amount("withheld_total"),
    "valores/vLiq": amount("net_total"),
    "IBSCBS/valores/vBC": amount("ibs_cbs_base"),
    "IBSCBS/totCIBS/vTotNF": amount("grand_total"),
    "IBSCBS/totCIBS/gIBS/vIBSTot": amount("ibs_total"),
    "IBSCBS/totCIBS/gIBS/gIBSCredPres/vCredPresIBS": amount("ibs_presumed_credit"),
    "IBSCBS/totCIBS/gIBS/gIBSUFTot/vIBSUF": amount("ibs_uf_total"),
    "IBSCBS/totCIBS/gIBS/gIBSMunTot/vIBSMun": amount("ibs_city_total"),
    "IBSCBS/totCIBS/gCBS/gCBSCredPres/vCredPresCBS": amount("cbs_presumed_credit"),
    "IBSCBS/totCIBS/gCBS/vCBS": amount("cbs_total"),
}


def name_provider(fields: Target) -> None:
    """The provider, where the DPS does not repeat who issued."""
    if fields.get("issuer_role", _PROVIDER) == _PROVIDER and "issuer_id" in fields:
        fields.setdefault("provider_id", fields["issuer_id"])


LAYOUTS = (
    Layout(
        name="nfse",
        family=FAMILY,
        kind=DOCUMENT,
        models=(MODEL_OF_NFSE,),
        shapes={
            "NFSe": {"": AROUND, "infNFSe": PROTOCOL, "infNFSe/DPS/infDPS": BODY, "infNFSe/DPS/Signature": SIGNATURE}
        },
        parts={
            AROUND: AROUND_IT,
            PROTOCOL: ANSWER,
            BODY: {
                **SERVICE,
                "@Id": text("dps_id"),
                "serie": integer("dps_series"),
                "nDPS": integer("dps_number"),
            },
            SIGNATURE: SIGNER_FIELDS,
        },
        needed="protocol_status",
        has_exact_roots=True,
        finish=name_provider,
    ),
    Layout(
        name="dps",
        family=FAMILY,
        kind=DOCUMENT,
        models=(MODEL_OF_DPS,),
        key_kind=DPS,
        id_prefixes=("",),
        shapes={"DPS": {"": AROUND, "infDPS": BODY, "Signature": SIGNATURE}},
        parts={
            AROUND: AROUND_IT,
            BODY: {
                **SERVICE,
                "@Id": text("_id"),
                "serie": integer("series"),
                "nDPS": integer("number"),
            },
            SIGNATURE: SIGNER_FIELDS,
        },
        needed="environment",
        has_exact_roots=True,
        finish=name_provider,
    ),
)
