"""NFS-e of the national standard with the DPS in it, its events, and batches of its distribution."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from local.generate import markup
from local.generate.containers import stored_gzip
from local.generate.document import CONTAINER, Generated
from local.generate.identifiers import nfse_key
from local.generate.instants import Instant, draw, span_of
from local.generate.markup import brl, percent2, share
from local.generate.rng import Rng
from local.generate.world import Party, World
from transforms.families.nfse import EVENT_NAMES
from transforms.model import DOCUMENT, EVENT

NAMESPACE = "http://www.sped.fazenda.gov.br/nfse"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_SERVICES = (
    ("010101", "115022000", "Análise e desenvolvimento de sistemas"),
    ("070201", "101011000", "Execução de obras de construção civil"),
    ("140101", "120010000", "Lubrificação, limpeza e revisão de máquinas"),
    ("170101", "113010000", "Assessoria ou consultoria"),
    ("171901", "113022000", "Contabilidade"),
)
_REJECTION = "<cMotivo>9</cMotivo><xMotivo>Serviço diverso do contratado</xMotivo>"
_AGENT = "<CPFAgTrib>52998224725</CPFAgTrib>"
# What stands behind xDesc in the element of each event; {key} is the substitute's, {rejected} names a rejection.
_DETAILS = {
    "101101": "<cMotivo>1</cMotivo><xMotivo>Erro na emissão da nota</xMotivo>",
    "101103": "<cMotivo>2</cMotivo><xMotivo>Serviço que não foi prestado</xMotivo>",
    "105102": "<cMotivo>99</cMotivo><xMotivo>Valor informado a menor</xMotivo><chSubstituta>{key}</chSubstituta>",
    "105104": f"{_AGENT}<cMotivo>1</cMotivo><xMotivo>Pedido deferido por análise</xMotivo>",
    "105105": f"{_AGENT}<cMotivo>1</cMotivo><xMotivo>Pedido indeferido por análise</xMotivo>",
    "202205": _REJECTION,
    "203206": _REJECTION,
    "204207": _REJECTION,
    "205208": f"{_AGENT}<idEvManifRej>{{rejected}}</idEvManifRej><xMotivo>Rejeição sem fundamento</xMotivo>",
    "305101": f"{_AGENT}<nProcAdm>2026000123</nProcAdm><xProcAdm>Cancelada por decisão do município</xProcAdm>",
    "305102": f"{_AGENT}<codEvento>e101101</codEvento><xMotivo>Nota sob fiscalização</xMotivo>",
    "305103": f"{_AGENT}<idBloqOfic>{{blocked}}</idBloqOfic>",
}
_DESCRIPTIONS = {
    "101101": "Cancelamento de NFS-e",
    "101103": "Solicitação de Análise Fiscal para Cancelamento de NFS-e",
    "105102": "Cancelamento de NFS-e por Substituição",
    "105104": "Cancelamento de NFS-e Deferido por Análise Fiscal",
    "105105": "Cancelamento de NFS-e Indeferido por Análise Fiscal",
    "202201": "Manifestação de NFS-e - Confirmação do Prestador",
    "202205": "Manifestação de NFS-e - Rejeição do Prestador",
    "203202": "Manifestação de NFS-e - Confirmação do Tomador",
    "203206": "Manifestação de NFS-e - Rejeição do Tomador",
    "204203": "Manifestação de NFS-e - Confirmação do Intermediário",
    "204207": "Manifestação de NFS-e - Rejeição do Intermediário",
    "205204": "Manifestação de NFS-e - Confirmação Tácita",
    "205208": "Manifestação de NFS-e - Anulação da Rejeição",
    "305101": "Cancelamento de NFS-e por Ofício",
    "305102": "Bloqueio de NFS-e por Ofício",
    "305103": "Desbloqueio de NFS-e por Ofício",
}
EVENT_TYPES = tuple(sorted(EVENT_NAMES))


@dataclass(frozen=True)
class Options:
    """What a caller may fix: ``replaced`` is the key of an NFS-e that this one substitutes."""

    series: int = 1
    number: int = 1
    environment: int = 1
    issued: Instant | None = None
    replaced: str = ""


@dataclass(frozen=True)
class Nfse:
    """An NFS-e and the DPS it was made from; amounts in cents."""

    key: str
    dps_id: str
    issuer: Party
    issued: Instant
    processed_at: Instant
    total: int
    iss: int
    environment: int
    element: str
    dps: str

    def processed(self) -> Generated:
        """As the office hands it out."""
        payload = f"{_DECLARATION}{self.element}".encode()
        return Generated(f"{self.key}-nfse.xml", payload, DOCUMENT, self.key, "nfse", "nfse", "processed")

    def request(self) -> Generated:
        """The DPS alone, as it was sent."""
        payload = f"{_DECLARATION}{self.dps}".encode()
        return Generated(f"{self.dps_id}-dps.xml", payload, DOCUMENT, self.dps_id, "dps", "dps", "bare")


def nfse(rng: Rng, world: World, issuer: Party, taker: Party | None = None, options: Options | None = None) -> Nfse:
    """A service of a company for a company or a person, taxed by ISS, from 2026 by IBS and CBS as well."""
    options = options or Options()
    issued = options.issued or draw(rng, issuer.uf, span_of(issuer.has_letters))
    taker = taker or (world.consumer(rng) if rng.chance(0.3) else rng.pick(world.buyers))
    processed_at = issued.plus(rng.between(1, 40))
    key = nfse_key(issuer.city.code, issuer.id, options.number, issued, rng.digits(9))
    dps_id = f"DPS{issuer.city.code}2{issuer.id}{options.series:05d}{options.number:015d}"
    code, nbs, service = rng.pick(_SERVICES)
    total = rng.between(5_000, 3_000_000)
    iss = share(total, 200)
    reformed = issued.moment.year >= 2026
    inside = _dps(options, issuer, taker, issued, dps_id, (code, nbs, service), total, reformed)
    dps = f'<DPS versao="1.01">{inside}</DPS>'
    body = (
        f'<infNFSe Id="NFS{key}"><xLocEmi>{issuer.city.name}</xLocEmi><xLocPrestacao>{issuer.city.name}</xLocPrestacao>'
        f"<nNFSe>{options.number}</nNFSe><cLocIncid>{issuer.city.code}</cLocIncid><xLocIncid>{issuer.city.name}"
        f"</xLocIncid><xTribNac>{service}</xTribNac><verAplic>SefinNacional_1.6.0</verAplic><ambGer>2</ambGer>"
        f"<tpEmis>1</tpEmis><procEmi>1</procEmi><cStat>100</cStat><dhProc>{processed_at.text}</dhProc>"
        f"<nDFSe>{rng.between(1, 9_999_999)}</nDFSe><emit>{issuer.id_tag}<xNome>{issuer.name}</xNome><enderNac>"
        f"{issuer.street_lines}<cMun>{issuer.city.code}</cMun><UF>{issuer.uf}</UF><CEP>{issuer.cep}</CEP></enderNac>"
        f"</emit><valores><vBC>{brl(total)}</vBC><pAliqAplic>2.00</pAliqAplic><vISSQN>{brl(iss)}</vISSQN>"
        f"<vLiq>{brl(total)}</vLiq></valores>{_totals(issuer, total) if reformed else ''}{dps}</infNFSe>"
    )
    sign = markup.signature(rng, f"NFS{key}", issuer, rng.base64(20))
    element = f'<NFSe xmlns="{NAMESPACE}" versao="1.01">{body}{sign}</NFSe>'
    alone = dps.replace("<DPS ", f'<DPS xmlns="{NAMESPACE}" ', 1).replace(
        "</DPS>", f"{markup.signature(rng, dps_id, issuer, rng.base64(20))}</DPS>"
    )
    return Nfse(key, dps_id, issuer, issued, processed_at, total, iss, options.environment, element, alone)


def _dps(
    options: Options,
    issuer: Party,
    taker: Party,
    issued: Instant,
    dps_id: str,
    service: tuple[str, str, str],
    total: int,
    reformed: bool,
) -> str:
    code, nbs, description = service
    replaced = (
        f"<subst><chSubstda>{options.replaced}</chSubstda><cMotivo>99</cMotivo><xMotivo>Valor a menor na nota"
        "</xMotivo></subst>"
        if options.replaced
        else ""
    )
    reform = (
        "<IBSCBS><finNFSe>0</finNFSe><cIndOp>100301</cIndOp><indDest>0</indDest><valores><trib><gIBSCBS><CST>000</CST>"
        "<cClassTrib>000001</cClassTrib></gIBSCBS></trib></valores></IBSCBS>"
        if reformed
        else ""
    )
    return (
        f'<infDPS Id="{dps_id}"><tpAmb>{options.environment}</tpAmb><dhEmi>{issued.text}</dhEmi>'
        f"<verAplic>{issuer.style.software[:20]}</verAplic><serie>{options.series}</serie><nDPS>{options.number}</nDPS>"
        f"<dCompet>{issued.day}</dCompet><tpEmit>1</tpEmit><cLocEmi>{issuer.city.code}</cLocEmi>{replaced}<prest>"
        f"{issuer.id_tag}<regTrib><opSimpNac>1</opSimpNac><regEspTrib>0</regEspTrib></regTrib></prest><toma>"
        f"{taker.id_tag}<xNome>{taker.name}</xNome></toma><serv><locPrest><cLocPrestacao>{issuer.city.code}"
        f"</cLocPrestacao></locPrest><cServ><cTribNac>{code}</cTribNac><xDescServ>{description}</xDescServ>"
        f"<cNBS>{nbs}</cNBS></cServ></serv><valores><vServPrest><vServ>{brl(total)}</vServ></vServPrest><trib><tribMun>"
        "<tribISSQN>1</tribISSQN><tpRetISSQN>1</tpRetISSQN></tribMun><totTrib><indTotTrib>0</indTotTrib></totTrib>"
        f"</trib></valores>{reform}</infDPS>"
    )


def _totals(issuer: Party, total: int) -> str:
    ibs, cbs = share(total, 10), share(total, 90)
    return (
        f"<IBSCBS><cLocalidadeIncid>{issuer.city.code}</cLocalidadeIncid><xLocalidadeIncid>{issuer.city.name}"
        f"</xLocalidadeIncid><valores><vBC>{brl(total)}</vBC><uf><pIBSUF>0.10</pIBSUF><pAliqEfetUF>0.10</pAliqEfetUF>"
        "</uf><mun><pIBSMun>0.00</pIBSMun><pAliqEfetMun>0.00</pAliqEfetMun></mun><fed>"
        f"<pCBS>{percent2(90)}</pCBS><pAliqEfetCBS>{percent2(90)}</pAliqEfetCBS></fed></valores><totCIBS>"
        f"<vTotNF>{brl(total)}</vTotNF><gIBS><vIBSTot>{brl(ibs)}</vIBSTot><gIBSUFTot><vIBSUF>{brl(ibs)}</vIBSUF>"
        "</gIBSUFTot><gIBSMunTot><vIBSMun>0.00</vIBSMun></gIBSMunTot></gIBS><gCBS>"
        f"<vCBS>{brl(cbs)}</vCBS></gCBS></totCIBS></IBSCBS>"
    )


def event(rng: Rng, document: Nfse, event_type: str, at: Instant | None = None, substitute: str = "") -> Generated:
    """An event as the office registered it, with the request in it."""
    at = at or document.processed_at.plus(rng.between(1, 20) * 86_400)
    named = f"{document.key}{event_type}001"
    request = _request(rng, document, event_type, at, substitute)
    text = (
        f'{_DECLARATION}<evento xmlns="{NAMESPACE}" versao="1.01"><infEvento Id="EVT{named}">'
        f"<verAplic>SefinNacional_1.6.0</verAplic><ambGer>2</ambGer><nSeqEvento>001</nSeqEvento>"
        f"<dhProc>{at.plus(5).text}</dhProc><nDFSe>{rng.between(1, 9_999_999)}</nDFSe>{request}</infEvento>"
        f"{markup.signature(rng, f'EVT{named}', document.issuer, rng.base64(20))}</evento>"
    )
    return Generated(
        f"{named}-evento.xml", text.encode(), EVENT, document.key, f"nfse_{event_type}", "nfse_event", "processed"
    )


def event_request(rng: Rng, document: Nfse, event_type: str) -> Generated:
    """The request of an event, without the office's part."""
    at = document.processed_at.plus(86_400)
    text = _request(rng, document, event_type, at, document.key).replace(
        "<pedRegEvento ", f'<pedRegEvento xmlns="{NAMESPACE}" ', 1
    )
    payload = f"{_DECLARATION}{text}".encode()
    return Generated(
        f"{document.key}{event_type}-ped.xml", payload, EVENT, document.key, "pedRegEvento", "nfse_event", "bare"
    )


def _request(rng: Rng, document: Nfse, event_type: str, at: Instant, substitute: str) -> str:
    asked = f"PRE{document.key}{event_type}"
    details = _DETAILS.get(event_type, "").format(
        key=substitute or document.key, rejected=f"{document.key}203206001", blocked=f"{document.key}305102001"
    )
    return (
        f'<pedRegEvento versao="1.01"><infPedReg Id="{asked}"><tpAmb>{document.environment}</tpAmb>'
        f"<verAplic>{document.issuer.style.software[:20]}</verAplic><dhEvento>{at.text}</dhEvento>"
        f"<{document.issuer.id_type}Autor>{document.issuer.id}</{document.issuer.id_type}Autor>"
        f"<chNFSe>{document.key}</chNFSe><e{event_type}><xDesc>{_DESCRIPTIONS[event_type]}</xDesc>{details}"
        f"</e{event_type}></infPedReg>{markup.signature(rng, asked, document.issuer, rng.base64(20))}</pedRegEvento>"
    )


def distribution(rng: Rng, entries: Sequence[Generated], at: Instant) -> Generated:
    """What the ADN answers to who asks for documents behind an NSU: JSON, each document gzipped and in base64."""
    first = rng.between(1, 900_000)
    content = {
        "StatusProcessamento": "DOCUMENTOS_LOCALIZADOS",
        "LoteDFe": [
            {
                "NSU": first + n,
                "ChaveAcesso": entry.key,
                "TipoDocumento": "NFSE" if entry.kind == DOCUMENT else "EVENTO",
                "ArquivoXml": b64encode(stored_gzip(entry.payload)).decode("ascii"),
                "DataHoraGeracao": at.naive,
            }
            for n, entry in enumerate(entries)
        ],
        "Alertas": [],
        "Erros": [],
        "TipoAmbiente": "PRODUCAO",
        "VersaoAplicativo": "1.0.0.0",
        "DataHoraProcessamento": at.naive,
    }
    payload = json.dumps(content, ensure_ascii=False).encode()
    return Generated(f"{first:015d}-adn.json", payload, CONTAINER, "", "adn", entries=tuple(entries))
