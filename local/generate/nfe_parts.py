"""The groups of an NF-e around its items."""

from __future__ import annotations

from local.generate.instants import Instant
from local.generate.markup import brl
from local.generate.nfe_items import Totals, Trade
from local.generate.nfe_options import Options
from local.generate.rng import Rng
from local.generate.world import Party, World


def ide(
    rng: Rng,
    key: str,
    issuer: Party,
    buyer: Party | None,
    issued: Instant,
    operation: tuple[str, str, str],
    trade: Trade,
    options: Options,
) -> str:
    """Identification; ``operation`` is (natOp, tpNF, finNFe)."""
    text, kind, purpose = operation
    target = "3" if trade.cfop[0] in "37" else "2" if trade.interstate else "1"
    paid = "" if trade.modern else "<indPag>0</indPag>"
    leaves = ""
    if not trade.retail and rng.chance(0.7):
        leaves = f"<dhSaiEnt>{issued.plus(rng.between(0, 7_200)).text}</dhSaiEnt>"
    offline = ""
    if options.emission_type != 1:
        offline = f"<dhCont>{issued.plus(-600).text}</dhCont><xJust>SEM CONEXAO COM A SEFAZ</xJust>"
    references = "".join(f"<NFref><refNFe>{other}</refNFe></NFref>" for other in options.referenced)
    consumer = "1" if trade.consumer or trade.retail else "0"
    presence = "1" if trade.retail else rng.pick("0129")
    middleman = "<indIntermed>0</indIntermed>" if trade.modern and presence == "2" else ""
    return (
        f"<ide><cUF>{key[:2]}</cUF><cNF>{key[35:43]}</cNF><natOp>{text}</natOp>{paid}<mod>{options.model}</mod>"
        f"<serie>{options.series}</serie><nNF>{int(key[25:34])}</nNF><dhEmi>{issued.text}</dhEmi>{leaves}"
        f"<tpNF>{kind}</tpNF><idDest>{target}</idDest><cMunFG>{issuer.city.code}</cMunFG>"
        f"<tpImp>{'4' if trade.retail else '1'}</tpImp><tpEmis>{options.emission_type}</tpEmis><cDV>{key[43]}</cDV>"
        f"<tpAmb>{options.environment}</tpAmb><finNFe>{purpose}</finNFe><indFinal>{consumer}</indFinal>"
        f"<indPres>{presence}</indPres>{middleman}<procEmi>0</procEmi><verProc>{issuer.style.software}</verProc>"
        f"{offline}{references}</ide>"
    )


def emit(issuer: Party) -> str:
    """The issuer."""
    trade_name = f"<xFant>{issuer.trade_name}</xFant>" if issuer.trade_name else ""
    municipal = f"<IM>{issuer.ie[:6]}</IM><CNAE>46{issuer.ie[:5]}</CNAE>" if issuer.style.verbose else ""
    return (
        f"<emit>{issuer.id_tag}<xNome>{issuer.name}</xNome>{trade_name}<enderEmit>{issuer.nfe_address}</enderEmit>"
        f"<IE>{issuer.ie}</IE>{municipal}<CRT>{issuer.crt}</CRT></emit>"
    )


def dest(buyer: Party | None, retail: bool, trade: Trade) -> str:
    """The recipient; an NFC-e names a consumer briefly or not at all."""
    if buyer is None:
        return ""
    if retail:
        return f"<dest>{buyer.id_tag}<xNome>{buyer.name}</xNome><indIEDest>9</indIEDest></dest>"
    head = f"<dest>{buyer.id_tag}<xNome>{buyer.name}</xNome><enderDest>"
    if buyer.id_type == "foreign":
        return (
            f"{head}{buyer.street_lines}<cMun>9999999</cMun><xMun>EXTERIOR</xMun><UF>EX</UF><cPais>2496</cPais>"
            "<xPais>Estados Unidos</xPais></enderDest><indIEDest>9</indIEDest></dest>"
        )
    if trade.consumer:
        return f"{head}{buyer.nfe_address}</enderDest><indIEDest>9</indIEDest></dest>"
    return (
        f"{head}{buyer.nfe_address}</enderDest><indIEDest>1</indIEDest><IE>{buyer.ie}</IE>"
        f"<email>{buyer.email}</email></dest>"
    )


def total(totals: Totals, trade: Trade, issuer: Party) -> str:
    """The sums of the items."""
    zero = "0.00"
    destination = (
        f"<vFCPUFDest>{brl(totals.fcp_destination)}</vFCPUFDest><vICMSUFDest>{brl(totals.icms_destination)}"
        "</vICMSUFDest><vICMSUFRemet>0.00</vICMSUFRemet>"
        if totals.icms_destination
        else ""
    )
    fund = f"<vFCP>{brl(totals.fcp)}</vFCP>" if trade.modern else ""
    fund_st = f"<vFCPST>{zero}</vFCPST><vFCPSTRet>{zero}</vFCPSTRet>" if trade.modern else ""
    returned = f"<vIPIDevol>{zero}</vIPIDevol>" if trade.modern else ""
    burden = f"<vTotTrib>{brl(totals.approximate)}</vTotTrib>" if totals.approximate else ""
    return (
        f"<total><ICMSTot><vBC>{brl(totals.base)}</vBC><vICMS>{brl(totals.icms)}</vICMS>"
        f"<vICMSDeson>{brl(totals.exempted)}</vICMSDeson>{destination}{fund}<vBCST>{brl(totals.base_st)}</vBCST>"
        f"<vST>{brl(totals.st)}</vST>{fund_st}<vProd>{brl(totals.products)}</vProd><vFrete>{brl(totals.freight)}</vFrete>"
        f"<vSeg>{brl(totals.insurance)}</vSeg><vDesc>{brl(totals.discount)}</vDesc><vII>{zero}</vII>"
        f"<vIPI>{brl(totals.ipi)}</vIPI>{returned}<vPIS>{brl(totals.pis)}</vPIS><vCOFINS>{brl(totals.cofins)}</vCOFINS>"
        f"<vOutro>{brl(totals.other)}</vOutro><vNF>{brl(totals.total)}</vNF>{burden}</ICMSTot>"
        f"{_reform_total(totals, issuer) if trade.reform else ''}</total>"
    )


def _reform_total(totals: Totals, issuer: Party) -> str:
    none = "<vDif>0.00</vDif><vDevTrib>0.00</vDevTrib>"
    credit = "<vCredPres>0.00</vCredPres><vCredPresCondSus>0.00</vCredPresCondSus>"
    return (
        f"<IBSCBSTot><vBCIBSCBS>{brl(totals.reform_base)}</vBCIBSCBS><gIBS><gIBSUF>{none}<vIBSUF>{brl(totals.ibs)}"
        f"</vIBSUF></gIBSUF><gIBSMun>{none}<vIBSMun>0.00</vIBSMun></gIBSMun><vIBS>{brl(totals.ibs)}</vIBS>{credit}"
        f"</gIBS><gCBS>{none}<vCBS>{brl(totals.cbs)}</vCBS>{credit}</gCBS>"
        f"{_NO_FUEL if issuer.style.verbose else ''}</IBSCBSTot><vNFTot>{brl(totals.total)}</vNFTot>"
    )


_NO_FUEL = (
    "<gMono><vIBSMono>0.00</vIBSMono><vCBSMono>0.00</vCBSMono><vIBSMonoReten>0.00</vIBSMonoReten>"
    "<vCBSMonoReten>0.00</vCBSMonoReten><vIBSMonoRet>0.00</vIBSMonoRet><vCBSMonoRet>0.00</vCBSMonoRet></gMono>"
)


def transport(rng: Rng, world: World, trade: Trade, retail: bool) -> str:
    """Who carries it, and the volumes."""
    if retail:
        return "<transp><modFrete>9</modFrete></transp>"
    if not trade.freight:
        return f"<transp><modFrete>{rng.pick('129')}</modFrete></transp>"
    carrier = rng.pick(world.carriers[:9])
    count = rng.between(1, 80)
    weight = rng.between(1_000, 900_000)
    brand = "<marca>DIVERSAS</marca>" if carrier.style.verbose else ""
    return (
        f"<transp><modFrete>0</modFrete><transporta>{carrier.id_tag}<xNome>{carrier.name}</xNome><IE>{carrier.ie}</IE>"
        f"<xEnder>{carrier.street}, {carrier.number}</xEnder><xMun>{carrier.city.name}</xMun><UF>{carrier.uf}</UF>"
        f"</transporta><vol><qVol>{count}</qVol><esp>VOLUMES</esp>{brand}<pesoL>"
        f"{weight // 1000}.{weight % 1000:03d}</pesoL><pesoB>{weight // 1000 + count}.{weight % 1000:03d}</pesoB></vol>"
        "</transp>"
    )


def payment(rng: Rng, issued: Instant, totals: Totals, number: int, retail: bool, version: str) -> str:
    """Bills and means of payment, for the document's total."""
    total = brl(totals.total)
    if version == "3.10":
        return f"<pag><tPag>01</tPag><vPag>{total}</vPag></pag>" if retail else ""
    if retail:
        means = rng.pick(("01", "03", "04", "17", "17"))
        card = (
            f"<card><tpIntegra>2</tpIntegra><tBand>{rng.pick(('01', '02'))}</tBand></card>" if means in "0304" else ""
        )
        return f"<pag><detPag><tPag>{means}</tPag><vPag>{total}</vPag>{card}</detPag></pag>"
    if totals.total < 3 or rng.chance(0.4):
        means = rng.pick(("01", "17", "18"))
        return f"<pag><detPag><indPag>0</indPag><tPag>{means}</tPag><vPag>{total}</vPag></detPag></pag>"
    parts = rng.between(1, min(4, totals.total))
    each = totals.total // parts
    dues = "".join(
        f"<dup><nDup>{n + 1:03d}</nDup><dVenc>{issued.plus_days(28 + 7 * n)}</dVenc>"
        f"<vDup>{brl(each if n < parts - 1 else totals.total - each * (parts - 1))}</vDup></dup>"
        for n in range(parts)
    )
    return (
        f"<cobr><fat><nFat>{number}</nFat><vOrig>{total}</vOrig><vDesc>0.00</vDesc><vLiq>{total}</vLiq></fat>{dues}"
        f"</cobr><pag><detPag><indPag>1</indPag><tPag>15</tPag><vPag>{total}</vPag></detPag></pag>"
    )


def notes(rng: Rng, issuer: Party) -> str:
    """Free text and the software house's contact."""
    style = issuer.style
    text = " ".join(style.notes)
    if rng.chance(0.5):
        text = f"{text} Pedido {rng.digits(6)} {rng.digits(5)}"
    for_tax_office = f"<infAdFisco>{style.notes[-1]}</infAdFisco>" if style.verbose and rng.chance(0.5) else ""
    return f"<infAdic>{for_tax_office}<infCpl>{text}</infCpl></infAdic>{style.contact}"


def qr_code(rng: Rng, key: str, issuer: Party, issued: Instant, totals: Totals, options: Options) -> str:
    """infNFeSupl of an NFC-e; offline (emission type 9) it holds the day and the total too."""
    host = f"http://www.fazenda.{issuer.uf.lower()}.gov.br/nfce"
    token = f"{rng.getrandbits(160):040X}"
    query = f"{key}|2|{options.environment}|1|{token}"
    if options.emission_type == 9:
        digest = f"{rng.getrandbits(224):056x}"
        query = f"{key}|2|{options.environment}|{issued.day[8:]}|{brl(totals.total)}|{digest}|1|{token}"
    return (
        f"<infNFeSupl><qrCode><![CDATA[{host}/qrcode?p={query}]]></qrCode><urlChave>{host}/consulta</urlChave>"
        "</infNFeSupl>"
    )
