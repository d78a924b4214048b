"""CT-e (57) and CT-e OS (67), layout 4.00, road transport."""

from __future__ import annotations

from dataclasses import dataclass

from local.generate import markup
from local.generate.document import Document, protocol
from local.generate.identifiers import access_key, some_key
from local.generate.instants import Instant, draw, letters_exist, span_of
from local.generate.markup import brl, percent2, share
from local.generate.rng import Rng
from local.generate.world import Party, World, world_of


@dataclass(frozen=True)
class Options:
    """What a caller may fix about a transport document; what is left None is drawn."""

    series: int = 1
    number: int | None = None
    issued: Instant | None = None
    environment: int = 1
    signed: bool = True


def cte(
    rng: Rng,
    world: World | None = None,
    issuer: Party | None = None,
    recipient: Party | None = None,
    options: Options | None = None,
) -> Document:
    """A CT-e of a load of one or more NF-e, with its protocol; the recipient is the load's consignee."""
    world = world or world_of(0)
    options = options or Options()
    issuer = issuer or rng.pick(world.carriers)
    issued = options.issued or draw(rng, issuer.uf, span_of(issuer.has_letters))
    sender = world.recipient(rng, letters_exist(issued))
    recipient = recipient or world.recipient(rng, letters_exist(issued))
    key, number = _key(rng, issuer, issued, "57", options)
    total = rng.between(8_000, 950_000)
    between, payer = _others(rng, world, letters_exist(issued))
    ide = _ide(key, issuer, issued, sender, recipient, options, payer, number)
    tax, icms = _icms(rng, issuer, total, issued)
    invoices = "".join(
        f"<infNFe><chave>{some_key(rng, '55', issued, sender.id, sender.uf)}</chave></infNFe>"
        for _ in range(_load_size(rng))
    )
    observed = f'<ObsCont xCampo="MOTORISTA"><xTexto>{rng.digits(9)}</xTexto></ObsCont>' if rng.chance(0.3) else ""
    cargo = rng.between(100_000, 40_000_000)
    body = (
        f'<infCte versao="4.00" Id="CTe{key}">{ide}<compl><xObs>{issuer.style.notes[0]}</xObs>{observed}</compl>'
        f"{_emit(issuer)}"
        f"{_party('rem', 'enderReme', sender)}{between}{_party('dest', 'enderDest', recipient)}"
        f"<vPrest><vTPrest>{brl(total)}</vTPrest><vRec>{brl(total)}</vRec>{_components(rng, total)}</vPrest>"
        f"<imp>{tax}</imp><infCTeNorm><infCarga><vCarga>{brl(cargo)}</vCarga><proPred>DIVERSOS</proPred><infQ>"
        f"<cUnid>01</cUnid><tpMed>PESO BRUTO</tpMed><qCarga>{rng.between(10, 28_000)}.{rng.digits(4)}</qCarga></infQ>"
        f"<infQ><cUnid>03</cUnid><tpMed>UNIDADE</tpMed><qCarga>{rng.between(1, 900)}.0000</qCarga></infQ></infCarga>"
        f'<infDoc>{invoices}</infDoc><infModal versaoModal="4.00"><rodo><RNTRC>{rng.digits(8)}</RNTRC></rodo>'
        f"</infModal></infCTeNorm>{issuer.style.contact}</infCte>{_supplement(key, options)}"
    )
    return _document(rng, "cte", key, issuer, recipient, issued, total, icms, body, options)


def cteos(
    rng: Rng,
    world: World | None = None,
    issuer: Party | None = None,
    recipient: Party | None = None,
    options: Options | None = None,
) -> Document:
    """A CT-e OS of a journey of people, with its protocol; the recipient is who hires it."""
    world = world or world_of(0)
    options = options or Options()
    issuer = issuer or rng.pick(world.carriers)
    issued = options.issued or draw(rng, issuer.uf, span_of(issuer.has_letters))
    taker = recipient or world.recipient(rng, letters_exist(issued))
    key, number = _key(rng, issuer, issued, "67", options)
    total = rng.between(50_000, 900_000)
    start, end = issuer.city, taker.city
    tax, icms = _icms(rng, issuer, total, issued)
    same = start.uf == end.uf
    body = (
        f'<infCte versao="4.00" Id="CTe{key}"><ide><cUF>{key[:2]}</cUF><cCT>{key[35:43]}</cCT>'
        f"<CFOP>{5357 if same else 6357}</CFOP><natOp>TRANSPORTE DE PASSAGEIROS</natOp><mod>67</mod>"
        f"<serie>{options.series}</serie><nCT>{number}</nCT><dhEmi>{issued.text}</dhEmi><tpImp>1</tpImp>"
        f"<tpEmis>1</tpEmis><cDV>{key[43]}</cDV><tpAmb>{options.environment}</tpAmb><tpCTe>0</tpCTe><procEmi>0</procEmi>"
        f"<verProc>{issuer.style.software}</verProc><cMunEnv>{start.code}</cMunEnv><xMunEnv>{start.name}</xMunEnv>"
        f"<UFEnv>{start.uf}</UFEnv><modal>01</modal><tpServ>6</tpServ><indIEToma>1</indIEToma>{_route(issuer, taker)}"
        f"</ide>{_emit(issuer)}{_party('toma', 'enderToma', taker)}<vPrest><vTPrest>{brl(total)}</vTPrest>"
        f"<vRec>{brl(total)}</vRec><Comp><xNome>FRETAMENTO</xNome><vComp>{brl(total)}</vComp></Comp></vPrest>"
        f"<imp>{tax}</imp><infCTeNorm><infServico><xDescServ>TRANSPORTE DE PASSAGEIROS</xDescServ><infQ>"
        f"<qCarga>{rng.between(8, 46)}.0000</qCarga></infQ></infServico><seg><respSeg>4</respSeg></seg>"
        f'<infModal versaoModal="4.00"><rodoOS><TAF>{rng.digits(12)}</TAF><veic><placa>{plate(rng)}</placa>'
        f"<UF>{start.uf}</UF></veic></rodoOS></infModal></infCTeNorm>{issuer.style.contact}</infCte>"
        f"{_supplement(key, options)}"
    )
    return _document(rng, "cteos", key, issuer, taker, issued, total, icms, body, options)


def plate(rng: Rng) -> str:
    """A vehicle plate, of the old or the Mercosul form."""
    letters = "".join(rng.pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(4))
    if rng.chance(0.4):
        return f"{letters[:3]}{rng.digits(4)}"
    return f"{letters[:3]}{rng.digits(1)}{letters[3]}{rng.digits(2)}"


def _key(rng: Rng, issuer: Party, issued: Instant, model: str, options: Options) -> tuple[str, int]:
    number = options.number or rng.between(1, 999_999)
    code = rng.digits(8)
    return access_key(issuer.uf, issued, issuer.id, model, options.series, number, 1, code), number


def _load_size(rng: Rng) -> int:
    return 1 if rng.chance(0.6) else rng.between(2, 12)


def _ide(
    key: str,
    issuer: Party,
    issued: Instant,
    sender: Party,
    recipient: Party,
    options: Options,
    payer: str,
    number: int,
) -> str:
    first = 5 if sender.uf == recipient.uf else 6
    city = issuer.city
    return (
        f"<ide><cUF>{key[:2]}</cUF><cCT>{key[35:43]}</cCT><CFOP>{first}353</CFOP><natOp>PRESTACAO DE SERVICO DE "
        f"TRANSPORTE</natOp><mod>57</mod><serie>{options.series}</serie><nCT>{number}</nCT><dhEmi>{issued.text}</dhEmi>"
        f"<tpImp>1</tpImp><tpEmis>1</tpEmis><cDV>{key[43]}</cDV><tpAmb>{options.environment}</tpAmb><tpCTe>0</tpCTe>"
        f"<procEmi>0</procEmi><verProc>{issuer.style.software}</verProc><cMunEnv>{city.code}</cMunEnv>"
        f"<xMunEnv>{city.name}</xMunEnv><UFEnv>{city.uf}</UFEnv><modal>01</modal><tpServ>0</tpServ>"
        f"{_route(sender, recipient)}<retira>1</retira><indIEToma>1</indIEToma>{payer}</ide>"
    )


def _others(rng: Rng, world: World, letters: bool) -> tuple[str, str]:
    """Shipper and receiver where they are others than sender and recipient, and the group of who pays."""
    shipper = _party("exped", "enderExped", world.recipient(rng, letters)) if rng.chance(0.12) else ""
    receiver = _party("receb", "enderReceb", world.recipient(rng, letters)) if rng.chance(0.12) else ""
    if rng.chance(0.1):
        other = world.recipient(rng, letters)
        inside = _party("toma4", "enderToma", other).replace("<toma4>", "<toma4><toma>4</toma>", 1)
        return shipper + receiver, inside
    role = rng.pick("0003" + ("1" if shipper else "3") + ("2" if receiver else "3"))
    return shipper + receiver, f"<toma3><toma>{role}</toma></toma3>"


def _route(sender: Party, recipient: Party) -> str:
    start, end = sender.city, recipient.city
    return (
        f"<cMunIni>{start.code}</cMunIni><xMunIni>{start.name}</xMunIni><UFIni>{start.uf}</UFIni>"
        f"<cMunFim>{end.code}</cMunFim><xMunFim>{end.name}</xMunFim><UFFim>{end.uf}</UFFim>"
    )


def _emit(issuer: Party) -> str:
    return (
        f"<emit>{issuer.id_tag}<IE>{issuer.ie}</IE><xNome>{issuer.name}</xNome><xFant>{issuer.trade_name}</xFant>"
        f"<enderEmit>{issuer.transport_address}<fone>{issuer.phone}</fone></enderEmit><CRT>{issuer.crt}</CRT></emit>"
    )


def _party(tag: str, address: str, party: Party) -> str:
    return (
        f"<{tag}>{party.id_tag}<IE>{party.ie}</IE><xNome>{party.name}</xNome><fone>{party.phone}</fone><{address}>"
        f"{party.transport_address}<cPais>1058</cPais><xPais>Brasil</xPais></{address}></{tag}>"
    )


def _components(rng: Rng, total: int) -> str:
    toll = share(total, rng.between(100, 1_500))
    return (
        f"<Comp><xNome>FRETE PESO</xNome><vComp>{brl(total - toll)}</vComp></Comp><Comp><xNome>PEDAGIO</xNome>"
        f"<vComp>{brl(toll)}</vComp></Comp>"
    )


def _icms(rng: Rng, issuer: Party, total: int, issued: Instant) -> tuple[str, int]:
    if issuer.crt == 1:
        return "<ICMS><ICMSSN><CST>90</CST><indSN>1</indSN></ICMSSN></ICMS>", 0
    reform = _ibs_cbs(total) if issued.year_month[:2] == "26" else ""
    if rng.chance(0.15):
        return f"<ICMS><ICMS45><CST>40</CST></ICMS45></ICMS>{reform}", 0
    rate = rng.pick((700, 1_200, 1_200, 1_800))
    tax = share(total, rate)
    return (
        f"<ICMS><ICMS00><CST>00</CST><vBC>{brl(total)}</vBC><pICMS>{percent2(rate)}</pICMS><vICMS>{brl(tax)}</vICMS>"
        f"</ICMS00></ICMS><vTotTrib>{brl(share(total, 1_900))}</vTotTrib>{reform}"
    ), tax


def _ibs_cbs(total: int) -> str:
    ibs, cbs = share(total, 10), share(total, 90)
    return (
        f"<IBSCBS><CST>000</CST><cClassTrib>000001</cClassTrib><gIBSCBS><vBC>{brl(total)}</vBC><gIBSUF>"
        f"<pIBSUF>0.1000</pIBSUF><vIBSUF>{brl(ibs)}</vIBSUF></gIBSUF><gIBSMun><pIBSMun>0.0000</pIBSMun>"
        f"<vIBSMun>0.00</vIBSMun></gIBSMun><vIBS>{brl(ibs)}</vIBS><gCBS><pCBS>0.9000</pCBS><vCBS>{brl(cbs)}</vCBS>"
        "</gCBS></gIBSCBS></IBSCBS>"
    )


def _supplement(key: str, options: Options) -> str:
    return (
        "<infCTeSupl><qrCodCTe><![CDATA[https://dfe-portal.svrs.rs.gov.br/cte/qrCode?chCTe="
        f"{key}&tpAmb={options.environment}]]></qrCodCTe></infCTeSupl>"
    )


def _document(
    rng: Rng,
    what: str,
    key: str,
    issuer: Party,
    recipient: Party,
    issued: Instant,
    total: int,
    icms: int,
    body: str,
    options: Options,
) -> Document:
    digest = rng.base64(20)
    sign = markup.signature(rng, f"CTe{key}", issuer, digest) if options.signed else ""
    root = f'<CTeOS xmlns="{markup.CTE}" versao="4.00">' if what == "cteos" else f'<CTe xmlns="{markup.CTE}">'
    end = "</CTeOS>" if what == "cteos" else "</CTe>"
    return Document(
        what=what,
        version="4.00",
        key=key,
        environment=options.environment,
        issuer=issuer,
        recipient=recipient,
        issued=issued,
        total=total,
        icms=icms,
        element=f"{root}{body}{sign}{end}",
        digest=digest,
        protocol=protocol(rng, issuer, issued, "CT-e"),
    )
