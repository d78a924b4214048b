"""NF3e (66), the electricity bill, layout 1.00."""

from __future__ import annotations

from local.generate import markup
from local.generate.cte import Options
from local.generate.document import Document, protocol
from local.generate.identifiers import access_key
from local.generate.instants import Instant, draw, letters_exist, span_of
from local.generate.markup import brl, percent2, share
from local.generate.rng import Rng
from local.generate.world import Party, World, world_of


def nf3e(
    rng: Rng,
    world: World | None = None,
    issuer: Party | None = None,
    recipient: Party | None = None,
    options: Options | None = None,
) -> Document:
    """A month's electricity bill of a company or a person, with its protocol."""
    world = world or world_of(0)
    options = options or Options()
    issuer = issuer or rng.pick(world.utilities)
    issued = options.issued or draw(rng, issuer.uf, span_of(issuer.has_letters))
    buyer = recipient or (world.consumer(rng) if rng.chance(0.6) else world.recipient(rng, letters_exist(issued)))
    number = options.number or rng.between(1, 999_999)
    site_and_code = f"0{rng.digits(7)}"
    key = access_key(issuer.uf, issued, issuer.id, "66", options.series, number, 1, site_and_code)
    consumed = rng.between(60, 9_000)
    energy = consumed * rng.between(55, 98)
    lighting = rng.between(900, 4_900)
    icms, pis, cofins = share(energy, 1_700), share(energy, 110), share(energy, 507)
    total = energy + lighting
    meter = f"MD{rng.digits(7)}"
    before = rng.between(1_000, 90_000)
    contributor = (
        f"<indIEDest>1</indIEDest><IE>{buyer.ie}</IE>" if buyer.id_type == "CNPJ" else "<indIEDest>9</indIEDest>"
    )
    ide = (
        f"<ide><cUF>{key[:2]}</cUF><tpAmb>{options.environment}</tpAmb><mod>66</mod><serie>{options.series}</serie>"
        f"<nNF>{number}</nNF><cNF>{key[36:43]}</cNF><cDV>{key[43]}</cDV><dhEmi>{issued.text}</dhEmi><tpEmis>1</tpEmis>"
        f"<nSiteAutoriz>0</nSiteAutoriz><cMunFG>{buyer.city.code}</cMunFG><finNF3e>1</finNF3e>"
        f"<verProc>{issuer.style.software}</verProc></ide>"
    )
    body = (
        f'<infNF3e versao="1.00" Id="NF3e{key}">{ide}<emit>{issuer.id_tag}<IE>{issuer.ie}</IE><xNome>{issuer.name}'
        f"</xNome><enderEmit>{issuer.transport_address}<fone>{issuer.phone}</fone></enderEmit></emit><dest>"
        f"<xNome>{buyer.name}</xNome>{buyer.id_tag}{contributor}<enderDest>{buyer.transport_address}</enderDest></dest>"
        f"<acessante><idAcesso>{rng.digits(9)}</idAcesso><tpAcesso>0</tpAcesso><tpClasse>06</tpClasse>"
        "<tpSubClasse>01</tpSubClasse><tpFase>1</tpFase><tpGrpTensao>12</tpGrpTensao><tpModTar>01</tpModTar>"
        f'<latGPS>-23.{rng.digits(6)}</latGPS><longGPS>-46.{rng.digits(6)}</longGPS></acessante><gMed nMed="01">'
        f"<idMedidor>{meter}</idMedidor><dMedAnt>{issued.plus_days(-32)}</dMedAnt><dMedAtu>{issued.plus_days(-2)}"
        f"</dMedAtu></gMed>{_details(consumed, before, energy, lighting, icms, pis, cofins)}"
        f"{_total(energy, total, icms, pis, cofins)}{_billing(rng, issued, consumed)}{issuer_contact(issuer)}</infNF3e>"
        "<infNF3eSupl><qrCodNF3e><![CDATA[https://dfe-portal.svrs.rs.gov.br/nf3e/qrCode?chNF3e="
        f"{key}&tpAmb={options.environment}]]></qrCodNF3e></infNF3eSupl>"
    )
    digest = rng.base64(20)
    sign = markup.signature(rng, f"NF3e{key}", issuer, digest) if options.signed else ""
    answer = protocol(rng, issuer, issued, "NF3-e")
    return Document(
        what="nf3e",
        version="1.00",
        key=key,
        environment=options.environment,
        issuer=issuer,
        recipient=buyer,
        issued=issued,
        total=total,
        icms=icms,
        element=f'<NF3e xmlns="{markup.NF3E}">{body}{sign}</NF3e>',
        digest=digest,
        protocol=answer._replace(number=f"{answer.number[:5]}0{answer.number[5:]}"),
    )


def issuer_contact(issuer: Party) -> str:
    """NF3e names the technical contact ``gRespTec``, the others ``infRespTec``."""
    return issuer.style.contact.replace("infRespTec>", "gRespTec>")


def _details(consumed: int, before: int, energy: int, lighting: int, icms: int, pis: int, cofins: int) -> str:
    base = brl(energy)
    return (
        '<NFdet><det nItem="1"><detItem><prod><indOrigemQtd>1</indOrigemQtd><gMedicao><nMed>01</nMed><gMedida>'
        "<tpGrMed>01</tpGrMed><cPosTarif>0</cPosTarif><uMed>2</uMed>"
        f"<vMedAnt>{before}.00</vMedAnt><vMedAtu>{before + consumed}.00</vMedAtu><vConst>1.00</vConst>"
        f"<vMed>{consumed}.00</vMed></gMedida></gMedicao><cProd>0001</cProd><xProd>Consumo ativo</xProd>"
        f"<cClass>0601001</cClass><CFOP>5258</CFOP><uMed>2</uMed><qFaturada>{consumed}</qFaturada>"
        f"<vItem>{energy // consumed // 100}.{energy // consumed % 100:02d}</vItem><vProd>{base}</vProd></prod>"
        f"<imposto><ICMS00><CST>00</CST><vBC>{base}</vBC><pICMS>{percent2(1_700)}</pICMS><vICMS>{brl(icms)}</vICMS></ICMS00>"
        f"<PIS><CST>01</CST><vBC>{base}</vBC><pPIS>1.1000</pPIS><vPIS>{brl(pis)}</vPIS></PIS><COFINS><CST>01</CST>"
        f"<vBC>{base}</vBC><pCOFINS>5.0700</pCOFINS><vCOFINS>{brl(cofins)}</vCOFINS></COFINS></imposto></detItem></det>"
        '<det nItem="2"><detItem><prod><indOrigemQtd>5</indOrigemQtd><cProd>0807</cProd>'
        "<xProd>Contribuição para iluminação pública</xProd><cClass>0699901</cClass><uMed>4</uMed>"
        f"<qFaturada>1</qFaturada><vItem>{brl(lighting)}</vItem><vProd>{brl(lighting)}</vProd></prod><imposto>"
        "<indSemCST>1</indSemCST></imposto></detItem></det></NFdet>"
    )


def _total(energy: int, total: int, icms: int, pis: int, cofins: int) -> str:
    return (
        f"<total><vProd>{brl(total)}</vProd><ICMSTot><vBC>{brl(energy)}</vBC><vICMS>{brl(icms)}</vICMS>"
        "<vICMSDeson>0.00</vICMSDeson><vFCP>0.00</vFCP><vBCST>0.00</vBCST><vST>0.00</vST><vFCPST>0.00</vFCPST></ICMSTot>"
        "<vRetTribTot><vRetPIS>0.00</vRetPIS><vRetCofins>0.00</vRetCofins><vRetCSLL>0.00</vRetCSLL><vIRRF>0.00</vIRRF>"
        f"</vRetTribTot><vCOFINS>{brl(cofins)}</vCOFINS><vCOFINSEfet>0.00</vCOFINSEfet><vPIS>{brl(pis)}</vPIS>"
        f"<vPISEfet>0.00</vPISEfet><vNF>{brl(total)}</vNF></total>"
    )


def _billing(rng: Rng, issued: Instant, consumed: int) -> str:
    past = []
    year, month = issued.moment.year, issued.moment.month
    for _ in range(13):
        used = max(consumed + rng.between(-40, 40), 10)
        past.append(
            f"<gGrandFat><CompetFat>{year}{month:02d}</CompetFat><vFat>{used}.00</vFat><uMed>2</uMed>"
            "<qtdDias>30</qtdDias></gGrandFat>"
        )
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    return (
        f"<gFat><CompetFat>{issued.moment:%Y%m}</CompetFat><dVencFat>{issued.plus_days(12)}</dVencFat>"
        f"<dApresFat>{issued.day}</dApresFat><dProxLeitura>{issued.plus_days(28)}</dProxLeitura>"
        f"<codBarras>8364{rng.digits(15)}{rng.digits(15)}{rng.digits(14)}</codBarras><codBanco>001</codBanco><codAgencia>{rng.digits(4)}"
        "</codAgencia></gFat><gANEEL><gHistFat>"
        f"<xGrandFat>Consumo kWh</xGrandFat>{''.join(past)}</gHistFat></gANEEL>"
    )
