"""The items of an NF-e, their taxes, and the totals that add them up. Amounts are cents, rates hundredths of a percent.

The tax rules are plausible, not exact: what matters here is that every total is the sum of its items.
"""

from __future__ import annotations

from dataclasses import dataclass

from local.generate.markup import brl, percent, share
from local.generate.rng import Rng
from local.generate.world import Product


@dataclass(slots=True)
class Trade:
    """What the items of one document have in common."""

    simples: bool
    interstate: bool
    consumer: bool
    retail: bool
    reform: bool
    modern: bool
    freight: bool
    icms_rate: int
    inner_rate: int
    cfop: str
    long_prices: bool
    order: str
    made_on: str
    best_before: str


@dataclass(slots=True)
class Totals:
    """Sums over the items, in cents."""

    products: int = 0
    base: int = 0
    icms: int = 0
    exempted: int = 0
    fcp: int = 0
    base_st: int = 0
    st: int = 0
    freight: int = 0
    insurance: int = 0
    discount: int = 0
    other: int = 0
    ipi: int = 0
    pis: int = 0
    cofins: int = 0
    approximate: int = 0
    fcp_destination: int = 0
    icms_destination: int = 0
    reform_base: int = 0
    ibs: int = 0
    cbs: int = 0

    @property
    def total(self) -> int:
        """vNF: what the recipient pays."""
        added = self.st + self.freight + self.insurance + self.other + self.ipi
        return self.products - self.discount + added


def item(rng: Rng, number: int, product: Product, trade: Trade, totals: Totals) -> str:
    """One ``det``; its amounts are added to the totals."""
    quantity = rng.between(1, 24) * 10_000 if product.unit != "KG" else rng.between(5_000, 3_000_000)
    value = (quantity * product.price + 500_000) // 1_000_000
    freight = share(value, rng.between(50, 400)) if trade.freight else 0
    discount = share(value, rng.between(100, 1_000)) if rng.chance(0.15) else 0
    insurance = share(value, 40) if trade.freight and rng.chance(0.1) else 0
    other = rng.between(50, 3_000) if not trade.retail and rng.chance(0.04) else 0
    net = value - discount + freight + insurance + other
    totals.products += value
    totals.freight += freight
    totals.discount += discount
    totals.insurance += insurance
    totals.other += other
    icms_before = totals.icms
    icms = _simples(product, net, trade, totals) if trade.simples else _normal(product, net, trade, totals)
    ipi = "" if trade.retail else _ipi(product, net, trade, totals)
    contributions_before = totals.pis + totals.cofins
    contributions = _pis_cofins(product, net, trade, totals)
    taxed = totals.icms - icms_before + totals.pis + totals.cofins - contributions_before
    destination = _destination(net, trade, totals) if trade.consumer and trade.interstate else ""
    reform = _ibs_cbs(max(net - taxed, 0), totals) if trade.reform else ""
    approximate = ""
    if trade.retail or trade.consumer:
        burden = share(net, 1_345 + product.profile * 20)
        totals.approximate += burden
        approximate = f"<vTotTrib>{brl(burden)}</vTotTrib>"
    note = f"<infAdProd>LOTE {rng.digits(6)} VAL {rng.between(1, 12):02d}/27</infAdProd>" if rng.chance(0.08) else ""
    return (
        f'<det nItem="{number}">{_prod(product, trade, quantity, value, freight, insurance, discount, other)}'
        f"<imposto>{approximate}{icms}{ipi}{contributions}{destination}{reform}</imposto>{note}</det>"
    )


def _prod(
    product: Product, trade: Trade, quantity: int, value: int, freight: int, insurance: int, discount: int, other: int
) -> str:
    cest = f"<CEST>{product.cest}</CEST>" if product.cest else ""
    if not trade.simples and 60 <= product.profile < 68:
        cest += f"<cBenef>PR8{product.profile:02d}{product.ncm[:3]}</cBenef>"
    amount = f"{quantity // 10_000}.{quantity % 10_000:04d}"
    price = f"{product.price // 10_000}.{product.price % 10_000:04d}{'000000' if trade.long_prices else ''}"
    extra = f"<vFrete>{brl(freight)}</vFrete>" if freight else ""
    if insurance:
        extra += f"<vSeg>{brl(insurance)}</vSeg>"
    if discount:
        extra += f"<vDesc>{brl(discount)}</vDesc>"
    if other:
        extra += f"<vOutro>{brl(other)}</vOutro>"
    return (
        f"<prod><cProd>{product.code}</cProd><cEAN>{product.gtin}</cEAN><xProd>{product.description}</xProd>"
        f"<NCM>{product.ncm}</NCM>{cest}<CFOP>{_cfop(product, trade)}</CFOP><uCom>{product.unit}</uCom>"
        f"<qCom>{amount}</qCom><vUnCom>{price}</vUnCom><vProd>{brl(value)}</vProd><cEANTrib>{product.gtin}</cEANTrib>"
        f"<uTrib>{product.unit}</uTrib><qTrib>{amount}</qTrib><vUnTrib>{price}</vUnTrib>{extra}<indTot>1</indTot>{trade.order}"
        f"{_batch(product, trade, amount)}</prod>"
    )


def _batch(product: Product, trade: Trade, amount: str) -> str:
    """The production batch of medicines and meat."""
    if not trade.modern or product.ncm[:4] not in ("3004", "0207", "0201"):
        return ""
    return (
        f"<rastro><nLote>L{product.code[-4:].replace('.', '0')}</nLote><qLote>{amount[:-1]}</qLote>"
        f"<dFab>{trade.made_on}</dFab><dVal>{trade.best_before}</dVal></rastro>"
    )


def _cfop(product: Product, trade: Trade) -> str:
    if trade.cfop in ("5102", "6102") and (68 <= product.profile < 80):
        return "5405" if trade.cfop == "5102" else "6404"
    return trade.cfop


def _normal(product: Product, net: int, trade: Trade, totals: Totals) -> str:
    """ICMS of an issuer of the normal regime."""
    profile, rate = product.profile, trade.icms_rate
    origin = "2" if profile % 17 == 0 else "0"
    if profile < 52:
        tax = _charge(net, rate, totals)
        fcp = ""
        if trade.modern and not trade.interstate and profile % 13 == 0:
            totals.fcp += share(net, 200)
            fcp = f"<pFCP>2.0000</pFCP><vFCP>{brl(share(net, 200))}</vFCP>"
        return f"<ICMS><ICMS00><orig>{origin}</orig><CST>00</CST><modBC>3</modBC>{tax}{fcp}</ICMS00></ICMS>"
    if profile < 60:
        tax = _charge(net - share(net, 3_333), rate, totals)
        return (
            f"<ICMS><ICMS20><orig>{origin}</orig><CST>20</CST><modBC>3</modBC><pRedBC>33.3300</pRedBC>{tax}"
            "</ICMS20></ICMS>"
        )
    if profile < 68:
        exempted = ""
        if profile % 4 == 0:
            totals.exempted += share(net, rate)
            exempted = f"<vICMSDeson>{brl(share(net, rate))}</vICMSDeson><motDesICMS>9</motDesICMS>"
        cst = ("40", "41", "50")[profile % 3]
        return f"<ICMS><ICMS40><orig>{origin}</orig><CST>{cst}</CST>{exempted}</ICMS40></ICMS>"
    if profile < 80:
        held = share(net, 1_400)
        return (
            f"<ICMS><ICMS60><orig>{origin}</orig><CST>60</CST><vBCSTRet>{brl(held)}</vBCSTRet><pST>18.0000</pST>"
            f"<vICMSSubstituto>{brl(share(held, 900))}</vICMSSubstituto><vICMSSTRet>{brl(share(held, 1_800))}"
            "</vICMSSTRet></ICMS60></ICMS>"
            if trade.modern
            else f"<ICMS><ICMS60><orig>{origin}</orig><CST>60</CST></ICMS60></ICMS>"
        )
    if profile < 90:
        tax = _charge(net, rate, totals)
        return (
            f"<ICMS><ICMS10><orig>{origin}</orig><CST>10</CST><modBC>3</modBC>{tax}{_substitution(net, trade, totals)}"
            "</ICMS10></ICMS>"
        )
    if profile < 95:
        return _deferred(origin, net, rate, totals)
    tax = _charge(net, rate, totals).replace("<pICMS>", "<pRedBC>10.0000</pRedBC><pICMS>")
    return f"<ICMS><ICMS90><orig>{origin}</orig><CST>90</CST><modBC>3</modBC>{tax}</ICMS90></ICMS>"


def _charge(base: int, rate: int, totals: Totals) -> str:
    tax = share(base, rate)
    totals.base += base
    totals.icms += tax
    return f"<vBC>{brl(base)}</vBC><pICMS>{percent(rate)}</pICMS><vICMS>{brl(tax)}</vICMS>"


def _substitution(net: int, trade: Trade, totals: Totals) -> str:
    base = net + share(net, 4_000)
    tax = max(share(base, trade.inner_rate) - share(net, trade.icms_rate), 0)
    totals.base_st += base
    totals.st += tax
    return (
        f"<modBCST>4</modBCST><pMVAST>40.0000</pMVAST><vBCST>{brl(base)}</vBCST>"
        f"<pICMSST>{percent(trade.inner_rate)}</pICMSST><vICMSST>{brl(tax)}</vICMSST>"
    )


def _deferred(origin: str, net: int, rate: int, totals: Totals) -> str:
    operation = share(net, rate)
    deferred = share(operation, 3_333)
    totals.base += net
    totals.icms += operation - deferred
    return (
        f"<ICMS><ICMS51><orig>{origin}</orig><CST>51</CST><modBC>3</modBC><vBC>{brl(net)}</vBC>"
        f"<pICMS>{percent(rate)}</pICMS><vICMSOp>{brl(operation)}</vICMSOp><pDif>33.3300</pDif>"
        f"<vICMSDif>{brl(deferred)}</vICMSDif><vICMS>{brl(operation - deferred)}</vICMS></ICMS51></ICMS>"
    )


def _simples(product: Product, net: int, trade: Trade, totals: Totals) -> str:
    """ICMS of an issuer of the Simples Nacional."""
    profile = product.profile
    if profile < 55:
        csosn = "102" if profile % 5 else "300"
        return f"<ICMS><ICMSSN102><orig>0</orig><CSOSN>{csosn}</CSOSN></ICMSSN102></ICMS>"
    if profile < 72:
        return (
            "<ICMS><ICMSSN101><orig>0</orig><CSOSN>101</CSOSN><pCredSN>2.3300</pCredSN>"
            f"<vCredICMSSN>{brl(share(net, 233))}</vCredICMSSN></ICMSSN101></ICMS>"
        )
    if profile < 84:
        return "<ICMS><ICMSSN500><orig>0</orig><CSOSN>500</CSOSN></ICMSSN500></ICMS>"
    if profile < 90:
        return (
            f"<ICMS><ICMSSN202><orig>0</orig><CSOSN>202</CSOSN>{_substitution(net, trade, totals)}</ICMSSN202></ICMS>"
        )
    tax = _charge(net, 360, totals)
    return f"<ICMS><ICMSSN900><orig>0</orig><CSOSN>900</CSOSN><modBC>3</modBC>{tax}</ICMSSN900></ICMS>"


def _ipi(product: Product, net: int, trade: Trade, totals: Totals) -> str:
    if product.profile % 3 or trade.simples:
        return "<IPI><cEnq>999</cEnq><IPINT><CST>53</CST></IPINT></IPI>" if product.profile % 2 else ""
    tax = share(net, 500)
    totals.ipi += tax
    return (
        f"<IPI><cEnq>999</cEnq><IPITrib><CST>50</CST><vBC>{brl(net)}</vBC><pIPI>5.0000</pIPI><vIPI>{brl(tax)}</vIPI>"
        "</IPITrib></IPI>"
    )


def _pis_cofins(product: Product, net: int, trade: Trade, totals: Totals) -> str:
    if trade.simples:
        return (
            "<PIS><PISOutr><CST>49</CST><vBC>0.00</vBC><pPIS>0.0000</pPIS><vPIS>0.00</vPIS></PISOutr></PIS><COFINS>"
            "<COFINSOutr><CST>49</CST><vBC>0.00</vBC><pCOFINS>0.0000</pCOFINS><vCOFINS>0.00</vCOFINS></COFINSOutr>"
            "</COFINS>"
        )
    if product.profile % 5 == 0:
        cst = ("04", "06", "07")[product.profile % 3]
        return f"<PIS><PISNT><CST>{cst}</CST></PISNT></PIS><COFINS><COFINSNT><CST>{cst}</CST></COFINSNT></COFINS>"
    pis, cofins = share(net, 165), share(net, 760)
    totals.pis += pis
    totals.cofins += cofins
    base = brl(net)
    return (
        f"<PIS><PISAliq><CST>01</CST><vBC>{base}</vBC><pPIS>1.6500</pPIS><vPIS>{brl(pis)}</vPIS></PISAliq></PIS>"
        f"<COFINS><COFINSAliq><CST>01</CST><vBC>{base}</vBC><pCOFINS>7.6000</pCOFINS><vCOFINS>{brl(cofins)}</vCOFINS>"
        "</COFINSAliq></COFINS>"
    )


def _destination(net: int, trade: Trade, totals: Totals) -> str:
    """The share of the destination state in a sale to a consumer of another state."""
    fcp = share(net, 200)
    tax = share(net, trade.inner_rate - trade.icms_rate)
    totals.fcp_destination += fcp
    totals.icms_destination += tax
    base = brl(net)
    return (
        f"<ICMSUFDest><vBCUFDest>{base}</vBCUFDest><vBCFCPUFDest>{base}</vBCFCPUFDest><pFCPUFDest>2.0000</pFCPUFDest>"
        f"<pICMSUFDest>{percent(trade.inner_rate)}</pICMSUFDest><pICMSInter>{trade.icms_rate // 100}.00</pICMSInter>"
        f"<pICMSInterPart>100.0000</pICMSInterPart><vFCPUFDest>{brl(fcp)}</vFCPUFDest>"
        f"<vICMSUFDest>{brl(tax)}</vICMSUFDest><vICMSUFRemet>0.00</vICMSUFRemet></ICMSUFDest>"
    )


def _ibs_cbs(base: int, totals: Totals) -> str:
    """IBS and CBS at the test rates of 2026: 0.1% and 0.9% (Lei Complementar 214/2025)."""
    ibs, cbs = share(base, 10), share(base, 90)
    totals.reform_base += base
    totals.ibs += ibs
    totals.cbs += cbs
    return (
        f"<IBSCBS><CST>000</CST><cClassTrib>000001</cClassTrib><gIBSCBS><vBC>{brl(base)}</vBC><gIBSUF>"
        f"<pIBSUF>0.1000</pIBSUF><vIBSUF>{brl(ibs)}</vIBSUF></gIBSUF><gIBSMun><pIBSMun>0.0000</pIBSMun>"
        f"<vIBSMun>0.00</vIBSMun></gIBSMun><vIBS>{brl(ibs)}</vIBS><gCBS><pCBS>0.9000</pCBS><vCBS>{brl(cbs)}</vCBS>"
        "</gCBS></gIBSCBS></IBSCBS>"
    )
