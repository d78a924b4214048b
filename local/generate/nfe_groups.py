"""An NF-e with an item for every group of ICMS, and among its items every other tax, batches, a medicine and a fuel.

Real issuers use few of them, so the other generated documents hold the common ones. Each item is worth 100.00 and each
total is the sum of its items, as the law's formulas are not what is meant to be right here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from lxml import etree

from local.generate.document import Document
from local.generate.nfe import nfe
from local.generate.nfe_options import Options
from local.generate.rng import Rng
from local.generate.world import World

_OWN = "vBC=100.00 pICMS=18.0000 vICMS=18.00"
_FUND = "vBCFCP=100.00 pFCP=2.0000 vFCP=2.00"
_SUBSTITUTION = "modBCST=4 pMVAST=40.0000 pRedBCST=10.0000 vBCST=126.00 pICMSST=18.0000 vICMSST=4.68"
_FUND_ST = "vBCFCPST=126.00 pFCPST=2.0000 vFCPST=0.52"
_BEFORE = "vBCSTRet=80.00 pST=20.0000 vICMSSubstituto=9.00 vICMSSTRet=5.40"
_FUND_BEFORE = "vBCFCPSTRet=80.00 pFCPSTRet=2.0000 vFCPSTRet=1.60"
_EFFECTIVE = "pRedBCEfet=5.0000 vBCEfet=95.00 pICMSEfet=18.0000 vICMSEfet=17.10"
_DEFERRED = "vICMSOp=18.00 pDif=33.3300 vICMSDif=6.00 vICMS=12.00"
_FUND_DEFERRED = f"{_FUND} pFCPDif=50.0000 vFCPDif=1.00 vFCPEfet=1.00"
_RELIEVED = "vICMSDeson=7.00 motDesICMS=9 indDeduzDeson=0"
_ST_RELIEVED = "vICMSSTDeson=0.30 motDesICMSST=9"
_MONO = "qBCMono=10.0000 adRemICMS=1.3700 vICMSMono=13.70"

# Groups of ICMS, each with all that its schema lets it have.
ICMS = {
    "ICMS00": f"orig=0 CST=00 modBC=3 {_OWN} pFCP=2.0000 vFCP=2.00",
    "ICMS02": f"orig=0 CST=02 {_MONO}",
    "ICMS10": f"orig=1 CST=10 modBC=3 {_OWN} {_FUND} {_SUBSTITUTION} {_FUND_ST} {_ST_RELIEVED}",
    "ICMS15": f"orig=0 CST=15 {_MONO} qBCMonoReten=2.0000 adRemICMSReten=1.2500 vICMSMonoReten=2.50",
    "ICMS20": f"orig=0 CST=20 modBC=3 pRedBC=33.3300 {_OWN} {_FUND} {_RELIEVED}",
    "ICMS30": f"orig=0 CST=30 {_SUBSTITUTION} {_FUND_ST} {_RELIEVED}",
    "ICMS40": f"orig=2 CST=41 {_RELIEVED}",
    "ICMS51": f"orig=0 CST=51 modBC=3 pRedBC=10.0000 vBC=100.00 pICMS=18.0000 {_DEFERRED} {_FUND_DEFERRED}",
    "ICMS53": "orig=0 CST=53 qBCMono=10.0000 adRemICMS=1.3700 vICMSMonoOp=13.70 pDif=10.0000 vICMSMonoDif=1.37 "
    "vICMSMono=12.33",
    "ICMS60": f"orig=0 CST=60 {_BEFORE} {_FUND_BEFORE} {_EFFECTIVE}",
    "ICMS61": "orig=0 CST=61 qBCMonoRet=4.0000 adRemICMSRet=1.3700 vICMSMonoRet=5.48",
    "ICMS70": f"orig=0 CST=70 modBC=3 pRedBC=10.0000 {_OWN} {_FUND} {_SUBSTITUTION} {_FUND_ST} {_RELIEVED} "
    f"{_ST_RELIEVED}",
    "ICMS90": f"orig=0 CST=90 modBC=3 vBC=100.00 pRedBC=10.0000 pICMS=18.0000 {_DEFERRED} {_FUND_DEFERRED} "
    f"{_SUBSTITUTION} {_FUND_ST} {_RELIEVED} {_ST_RELIEVED}",
    "ICMSPart": f"orig=0 CST=10 modBC=3 vBC=100.00 pRedBC=10.0000 pICMS=18.0000 vICMS=18.00 {_SUBSTITUTION} {_FUND_ST} "
    "pBCOp=50.0000 UFST=RJ",
    "ICMSST": f"orig=0 CST=60 {_BEFORE} {_FUND_BEFORE} vBCSTDest=70.00 vICMSSTDest=6.30 {_EFFECTIVE}",
    "ICMSSN101": "orig=0 CSOSN=101 pCredSN=2.3300 vCredICMSSN=2.33",
    "ICMSSN102": "orig=0 CSOSN=400",
    "ICMSSN201": f"orig=0 CSOSN=201 {_SUBSTITUTION} {_FUND_ST} pCredSN=2.3300 vCredICMSSN=2.33",
    "ICMSSN202": f"orig=0 CSOSN=202 {_SUBSTITUTION} {_FUND_ST}",
    "ICMSSN500": f"orig=0 CSOSN=500 {_BEFORE} {_FUND_BEFORE} {_EFFECTIVE}",
    "ICMSSN900": f"orig=0 CSOSN=900 modBC=3 vBC=100.00 pRedBC=10.0000 pICMS=18.0000 vICMS=18.00 {_SUBSTITUTION} "
    f"{_FUND_ST} pCredSN=2.3300 vCredICMSSN=2.33",
}
DESTINATION = (
    "vBCUFDest=100.00 vBCFCPUFDest=100.00 pFCPUFDest=2.0000 pICMSUFDest=18.0000 pICMSInter=12.00 "
    "pICMSInterPart=100.0000 vFCPUFDest=2.00 vICMSUFDest=6.00 vICMSUFRemet=0.00"
)
_IPI = {
    "IPITrib": ("CST=50 vBC=100.00 pIPI=5.0000 vIPI=5.00", "CST=50 qUnid=10.0000 vUnid=0.2500 vIPI=2.50"),
    "IPINT": ("CST=53",),
}
IMPORT = "vBC=90.00 vDespAdu=4.00 vII=12.60 vIOF=0.40"
ISSQN = (
    "vBC=100.00 vAliq=5.0000 vISSQN=5.00 cMunFG=3550308 cListServ=14.01 vDeducao=1.00 vISSRet=2.00 indISS=1 "
    "cMun=3550308 indIncentivo=2"
)
# Each way in which PIS is charged, and COFINS after its fashion.
CONTRIBUTIONS = {
    "Aliq": "CST=01 vBC=100.00 pPIS=1.6500 vPIS=1.65",
    "Qtde": "CST=03 qBCProd=10.0000 vAliqProd=0.0500 vPIS=0.50",
    "NT": "CST=07",
    "Outr": "CST=99 vBC=50.00 pPIS=0.6500 vPIS=0.33",
}
CONTRIBUTION_ST = "vBC=100.00 pPIS=1.0000 vPIS=1.00"
SELECTIVE = "CSTIS=000 cClassTribIS=000001 vBCIS=100.00 pIS=10.0000 vIS=10.00"

_DUE = "<gDif><pDif>10.0000</pDif><vDif>0.01</vDif></gDif><gDevTrib><vDevTrib>0.02</vDevTrib></gDevTrib><gRed>"
IBS_CBS = (
    "<IBSCBS><CST>200</CST><cClassTrib>200001</cClassTrib><gIBSCBS><vBC>100.00</vBC><gIBSUF><pIBSUF>0.1000</pIBSUF>"
    f"{_DUE}<pRedAliq>60.0000</pRedAliq><pAliqEfet>0.0400</pAliqEfet></gRed><vIBSUF>0.04</vIBSUF></gIBSUF><gIBSMun>"
    f"<pIBSMun>0.0500</pIBSMun>{_DUE}<pRedAliq>60.0000</pRedAliq><pAliqEfet>0.0200</pAliqEfet></gRed>"
    f"<vIBSMun>0.02</vIBSMun></gIBSMun><vIBS>0.06</vIBS><gCBS><pCBS>0.9000</pCBS>{_DUE}<pRedAliq>60.0000</pRedAliq>"
    "<pAliqEfet>0.3600</pAliqEfet></gRed><vCBS>0.36</vCBS></gCBS></gIBSCBS><gEstornoCred><vIBSEstCred>0.03</vIBSEstCred>"
    "<vCBSEstCred>0.05</vCBSEstCred></gEstornoCred><gCredPresOper><vBCCredPres>100.00</vBCCredPres><cCredPres>01"
    "</cCredPres><gIBSCredPres><pCredPres>0.0100</pCredPres><vCredPres>0.01</vCredPres></gIBSCredPres><gCBSCredPres>"
    "<pCredPres>0.0400</pCredPres><vCredPres>0.04</vCredPres></gCBSCredPres></gCredPresOper></IBSCBS>"
)
IBS_CBS_MONO = (
    "<IBSCBS><CST>620</CST><cClassTrib>620001</cClassTrib><gIBSCBSMono><gIBSMonoAdRem><gMonoPadrao><qBCMono>10.0000"
    "</qBCMono><adRemIBS>0.0200</adRemIBS><vIBSMono>0.20</vIBSMono></gMonoPadrao></gIBSMonoAdRem><gCBSMonoAdRem>"
    "<gMonoPadrao><qBCMono>10.0000</qBCMono><adRemCBS>0.0500</adRemCBS><vCBSMono>0.50</vCBSMono></gMonoPadrao>"
    "</gCBSMonoAdRem><vTotIBSMonoItem>0.20</vTotIBSMonoItem><vTotCBSMonoItem>0.50</vTotCBSMonoItem></gIBSCBSMono>"
    "</IBSCBS>"
)
BATCHES = (
    "<rastro><nLote>L1</nLote><qLote>6.000</qLote><dFab>2026-01-10</dFab><dVal>2027-01-09</dVal><cAgreg>77</cAgreg>"
    "</rastro><rastro><nLote>L2</nLote><qLote>4.000</qLote><dFab>2026-02-10</dFab><dVal>2027-02-09</dVal></rastro>"
)
MEDICINE = "<med><cProdANVISA>1234567890123</cProdANVISA><vPMC>19.90</vPMC></med>"
FUEL = (
    "<comb><cProdANP>820101034</cProdANP><descANP>OLEO DIESEL B S10</descANP><CODIF>123</CODIF><qTemp>9.9800</qTemp>"
    "<UFCons>SP</UFCons><CIDE><qBCProd>10.0000</qBCProd><vAliqProd>0.0500</vAliqProd><vCIDE>0.50</vCIDE></CIDE>"
    "<pBio>14.0000</pBio></comb>"
)
ORDER = "xPed=PED77 nItemPed=3"
NOTE = "Serie 1 & 2"
# Totals and what they add up, by their paths below an item.
_TOTALS = {
    "vBC": "imposto/ICMS/*/vBC", "vICMS": "imposto/ICMS/*/vICMS", "vICMSDeson": "imposto/ICMS/*/vICMSDeson",
    "vFCPUFDest": "imposto/ICMSUFDest/vFCPUFDest", "vICMSUFDest": "imposto/ICMSUFDest/vICMSUFDest",
    "vICMSUFRemet": "imposto/ICMSUFDest/vICMSUFRemet", "vFCP": "imposto/ICMS/*/vFCP",
    "vBCST": "imposto/ICMS/*/vBCST", "vST": "imposto/ICMS/*/vICMSST", "vFCPST": "imposto/ICMS/*/vFCPST",
    "vFCPSTRet": "imposto/ICMS/*/vFCPSTRet", "qBCMono": "imposto/ICMS/*/qBCMono",
    "vICMSMono": "imposto/ICMS/*/vICMSMono", "qBCMonoReten": "imposto/ICMS/*/qBCMonoReten",
    "vICMSMonoReten": "imposto/ICMS/*/vICMSMonoReten", "qBCMonoRet": "imposto/ICMS/*/qBCMonoRet",
    "vICMSMonoRet": "imposto/ICMS/*/vICMSMonoRet", "vProd": "prod[indTot='1']/vProd", "vFrete": "prod/vFrete",
    "vSeg": "prod/vSeg", "vDesc": "prod/vDesc", "vII": "imposto/II/vII", "vIPI": "imposto/IPI/*/vIPI",
    "vIPIDevol": "impostoDevol/IPI/vIPIDevol", "vPIS": "imposto[ICMS]/PIS/*/vPIS",
    "vCOFINS": "imposto[ICMS]/COFINS/*/vCOFINS", "vOutro": "prod/vOutro",
}  # fmt: skip
_PAID = ("vProd", "vST", "vFCPST", "vFrete", "vSeg", "vOutro", "vII", "vIPI", "vIPIDevol", "vICMSMonoReten")


def every_group(rng: Rng, world: World | None = None) -> Document:
    """An NF-e with its protocol."""
    made = nfe(rng, world, options=Options(items=1))
    items = "".join(_item(number, group) for number, group in enumerate(ICMS, 1)) + _service(len(ICMS) + 1)
    total, value, icms = _total(items)
    element = re.sub("<det .*</det>", lambda _: items, made.element)
    element = re.sub("<total>.*</total>", lambda _: total, element)
    paid = f"<pag><detPag><tPag>01</tPag><vPag>{value}</vPag></detPag></pag>"
    element = re.sub("(<cobr>.*</cobr>)?<pag>.*</pag>", lambda _: paid, element)
    return replace(made, element=element, total=int(value * 100), icms=int(icms * 100))


def tags(text: str) -> str:
    """``a=1 b=2`` as XML."""
    return "".join(f"<{tag}>{value}</{tag}>" for tag, value in (pair.split("=") for pair in text.split()))


def _item(number: int, group: str) -> str:
    """The item of a group of ICMS: the first has every other tax of goods, the second is a fuel."""
    first, fuel = number == 1, number == 2
    costs = "vFrete=1.00 vSeg=0.50 vDesc=2.00 vOutro=0.25" if first else ""
    rest = tags(ORDER) + BATCHES + MEDICINE if first else FUEL if fuel else ""
    ipi = ("IPITrib", _IPI["IPITrib"][0 if first else 1]) if number in (1, 3) else ("IPINT", _IPI["IPINT"][0])
    ways = list(CONTRIBUTIONS)
    taxes = (
        f"<ICMS><{group}>{tags(ICMS[group])}</{group}></ICMS><IPI><cEnq>999</cEnq><{ipi[0]}>{tags(ipi[1])}</{ipi[0]}></IPI>"
        f"{f'<II>{tags(IMPORT)}</II>' if first else ''}{_contributions(ways[(number - 1) % len(ways)], first)}"
    )
    if first:
        taxes = (
            f"<vTotTrib>31.00</vTotTrib>{taxes}<ICMSUFDest>{tags(DESTINATION)}</ICMSUFDest><IS>{tags(SELECTIVE)}</IS>"
        )
    reform = IBS_CBS if first else IBS_CBS_MONO if fuel else ""
    back = "<impostoDevol><pDevol>50.00</pDevol><IPI><vIPIDevol>1.25</vIPIDevol></IPI></impostoDevol>"
    note = f"<infAdProd>{NOTE.replace('&', '&amp;')}</infAdProd>" if first else ""
    return (
        f'<det nItem="{number}">{_prod(group, "30049099" if first else "27101921", costs, rest)}'
        f"<imposto>{taxes}{reform}</imposto>{back if number == 4 else ''}{note}</det>"
    )


def _service(number: int) -> str:
    """A service, on which ISS is due and no ICMS."""
    return (
        f'<det nItem="{number}">{_prod("SERVICO", "00", "", "", in_total=0)}<imposto><ISSQN>{tags(ISSQN)}</ISSQN>'
        f"{_contributions('Aliq', False)}</imposto></det>"
    )


def _prod(code: str, ncm: str, costs: str, rest: str, in_total: int = 1) -> str:
    known = f"cProd={code} cEAN=SEM_GTIN xProd=ITEM_{code} NCM={ncm} CFOP=5102 uCom=UN qCom=10.0000 vUnCom=10.0000"
    if rest.startswith("<xPed>"):
        known = known.replace(" CFOP", " CEST=1300402 cBenef=SC123456 CFOP")
    taxable = "vProd=100.00 cEANTrib=SEM_GTIN uTrib=UN qTrib=10.0000 vUnTrib=10.0000"
    written = tags(f"{known} {taxable} {costs} indTot={in_total}").replace("SEM_GTIN", "SEM GTIN")
    return f"<prod>{written}{rest}</prod>"


def _contributions(way: str, substituted: bool) -> str:
    """PIS and COFINS, charged in the same way."""
    pis = f"<PIS><PIS{way}>{tags(CONTRIBUTIONS[way])}</PIS{way}></PIS>"
    if substituted:
        pis += f"<PISST>{tags(CONTRIBUTION_ST)}</PISST>"
    return pis + pis.replace("PIS", "COFINS")


def _total(items: str) -> tuple[str, Decimal, Decimal]:
    """``total``, with what is paid and the ICMS in it."""
    root = etree.fromstring(f"<items>{items}</items>")
    sums = {tag: _sum(root, path) for tag, path in _TOTALS.items()}
    services = _sum(root, "prod[indTot='0']/vProd")
    paid = sum((sums[tag] for tag in _PAID), services) - sums["vDesc"]
    icms = tags(" ".join(f"{tag}={value}" for tag, value in sums.items()))
    iss = tags(
        f"vServ={services} vBC=100.00 vISS=5.00 vPIS={_sum(root, 'imposto[ISSQN]/PIS/*/vPIS')} "
        f"vCOFINS={_sum(root, 'imposto[ISSQN]/COFINS/*/vCOFINS')} dCompet=2026-03-01 vDeducao=1.00 vISSRet=2.00"
    )
    reform = (
        "<ISTot><vIS>10.00</vIS></ISTot><IBSCBSTot><vBCIBSCBS>100.00</vBCIBSCBS><gIBS><gIBSUF><vDif>0.01</vDif>"
        "<vDevTrib>0.02</vDevTrib><vIBSUF>0.04</vIBSUF></gIBSUF><gIBSMun><vDif>0.01</vDif><vDevTrib>0.02</vDevTrib>"
        "<vIBSMun>0.02</vIBSMun></gIBSMun><vIBS>0.06</vIBS><vCredPres>0.01</vCredPres><vCredPresCondSus>0.00"
        "</vCredPresCondSus></gIBS><gCBS><vDif>0.01</vDif><vDevTrib>0.02</vDevTrib><vCBS>0.36</vCBS><vCredPres>0.04"
        "</vCredPres><vCredPresCondSus>0.00</vCredPresCondSus></gCBS><gMono><vIBSMono>0.20</vIBSMono><vCBSMono>0.50"
        "</vCBSMono><vIBSMonoReten>0.00</vIBSMonoReten><vCBSMonoReten>0.00</vCBSMonoReten><vIBSMonoRet>0.00</vIBSMonoRet>"
        "<vCBSMonoRet>0.00</vCBSMonoRet></gMono><gEstornoCred><vIBSEstCred>0.03</vIBSEstCred><vCBSEstCred>0.05"
        "</vCBSEstCred></gEstornoCred></IBSCBSTot>"
    )
    icms += f"<vNF>{paid}</vNF><vTotTrib>31.00</vTotTrib>"
    return f"<total><ICMSTot>{icms}</ICMSTot><ISSQNtot>{iss}</ISSQNtot>{reform}</total>", paid, sums["vICMS"]


def _sum(root: etree._Element, path: str) -> Decimal:
    found = sum((Decimal(one.text or "0") for one in root.iterfind(f"det/{path}")), Decimal())
    return found.quantize(Decimal("0.01"))
