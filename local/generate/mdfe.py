"""MDF-e (58), layout 3.00, road transport."""

from __future__ import annotations

from local.generate import markup
from local.generate.cte import Options, plate
from local.generate.document import Document, protocol
from local.generate.identifiers import access_key, cpf, some_key
from local.generate.instants import draw, span_of
from local.generate.markup import brl
from local.generate.rng import Rng
from local.generate.words import CITIES, GIVEN_NAMES, SURNAMES
from local.generate.world import Party, World, world_of


def mdfe(rng: Rng, world: World | None = None, issuer: Party | None = None, options: Options | None = None) -> Document:
    """An MDF-e of a lorry's CT-e, or of NF-e in own transport, with its protocol."""
    world = world or world_of(0)
    options = options or Options()
    issuer = issuer or rng.pick(world.carriers)
    issued = options.issued or draw(rng, issuer.uf, span_of(issuer.has_letters))
    number = options.number or rng.between(1, 999_999)
    code = rng.digits(8)
    key = access_key(issuer.uf, issued, issuer.id, "58", options.series, number, 1, code)
    start, end = issuer.city, rng.pick(CITIES)
    own = rng.chance(0.2)
    count = rng.between(1, 25)
    total = rng.between(100_000, 90_000_000)
    entry = "<infNFe><chNFe>{}</chNFe></infNFe>" if own else "<infCTe><chCTe>{}</chCTe></infCTe>"
    model = "55" if own else "57"
    loads = "".join(entry.format(some_key(rng, model, issued, issuer.id, issuer.uf)) for _ in range(count))
    counted = f"<qNFe>{count}</qNFe>" if own else f"<qCTe>{count}</qCTe>"
    passed = "".join(f"<infPercurso><UFPer>{uf}</UFPer></infPercurso>" for uf in _way(rng, start.uf, end.uf))
    driver = f"{rng.pick(GIVEN_NAMES)} {rng.pick(SURNAMES)}"
    body = (
        f'<infMDFe versao="3.00" Id="MDFe{key}"><ide><cUF>{key[:2]}</cUF><tpAmb>{options.environment}</tpAmb>'
        f"<tpEmit>{2 if own else 1}</tpEmit><mod>58</mod><serie>{options.series}</serie><nMDF>{number}</nMDF>"
        f"<cMDF>{code}</cMDF><cDV>{key[43]}</cDV><modal>1</modal><dhEmi>{issued.text}</dhEmi><tpEmis>1</tpEmis>"
        f"<procEmi>0</procEmi><verProc>{issuer.style.software}</verProc><UFIni>{start.uf}</UFIni><UFFim>{end.uf}</UFFim>"
        f"<infMunCarrega><cMunCarrega>{start.code}</cMunCarrega><xMunCarrega>{start.name}</xMunCarrega></infMunCarrega>"
        f"{passed}<dhIniViagem>{issued.plus(1800).text}</dhIniViagem></ide><emit>{issuer.id_tag}<IE>{issuer.ie}</IE>"
        f"<xNome>{issuer.name}</xNome><xFant>{issuer.trade_name}</xFant><enderEmit>{issuer.transport_address}"
        f'<fone>{issuer.phone}</fone></enderEmit></emit><infModal versaoModal="3.00"><rodo><infANTT>'
        f"<RNTRC>{rng.digits(8)}</RNTRC></infANTT><veicTracao><placa>{plate(rng)}</placa>"
        f"<RENAVAM>{rng.digits(11)}</RENAVAM><tara>{rng.between(4000, 9000)}</tara><capKG>"
        f"{rng.between(9000, 45000)}</capKG><condutor><xNome>{driver}</xNome><CPF>{cpf(rng)}</CPF></condutor>"
        f"<tpRod>03</tpRod><tpCar>02</tpCar><UF>{start.uf}</UF></veicTracao></rodo>"
        f"</infModal><infDoc><infMunDescarga><cMunDescarga>{end.code}</cMunDescarga><xMunDescarga>{end.name}"
        f"</xMunDescarga>{loads}</infMunDescarga></infDoc><seg><infResp><respSeg>1</respSeg></infResp></seg><prodPred>"
        f"<tpCarga>05</tpCarga><xProd>CARGA GERAL</xProd><infLotacao><infLocalCarrega><CEP>{issuer.cep}</CEP>"
        f"</infLocalCarrega><infLocalDescarrega><CEP>{end.cep}000</CEP></infLocalDescarrega></infLotacao></prodPred>"
        f"<tot>{counted}<vCarga>{brl(total)}</vCarga><cUnid>01</cUnid><qCarga>{rng.between(50, 30_000)}.{rng.digits(4)}"
        f"</qCarga></tot>{issuer.style.accountant}<infAdic><infCpl>{issuer.style.notes[0]}</infCpl></infAdic>{issuer.style.contact}</infMDFe>"
        "<infMDFeSupl><qrCodMDFe><![CDATA[https://dfe-portal.svrs.rs.gov.br/mdfe/qrCode?chMDFe="
        f"{key}&tpAmb={options.environment}]]></qrCodMDFe></infMDFeSupl>"
    )
    digest = rng.base64(20)
    sign = markup.signature(rng, f"MDFe{key}", issuer, digest) if options.signed else ""
    return Document(
        what="mdfe",
        version="3.00",
        key=key,
        environment=options.environment,
        issuer=issuer,
        recipient=None,
        issued=issued,
        total=total,
        icms=0,
        element=f'<MDFe xmlns="{markup.MDFE}">{body}{sign}</MDFe>',
        digest=digest,
        protocol=protocol(rng, issuer, issued, "MDF-e"),
    )


def _way(rng: Rng, start: str, end: str) -> list[str]:
    """States passed through between the first and the last."""
    if start == end:
        return []
    return [uf for uf in dict.fromkeys(rng.pick(CITIES).uf for _ in range(rng.below(4))) if uf not in (start, end)]
