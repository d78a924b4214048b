"""What is neither a document nor an event in full: voided ranges, summaries, a protocol alone."""

from __future__ import annotations

from dataclasses import dataclass

from local.generate import markup, words
from local.generate.document import Document, Generated, application, protocol_number
from local.generate.events import Event
from local.generate.instants import Instant, draw, span_of
from local.generate.markup import brl
from local.generate.rng import Rng
from local.generate.world import Party
from transforms.access_key import CODE_OF_UF
from transforms.model import DOCUMENT, EVENT, VOIDED_RANGE


@dataclass(frozen=True)
class VoidOptions:
    """What a caller may fix about a voided range; ``status`` 102 is accepted, 241 rejected."""

    model: str = "55"
    series: int = 1
    first: int = 1
    last: int = 1
    issued: Instant | None = None
    status: int = 102
    form: str = "processed"


def voided_range(rng: Rng, issuer: Party, options: VoidOptions | None = None) -> Generated:
    """Inutilização of a range of NF-e or NFC-e numbers of a company; its key is the Id of the request."""
    options = options or VoidOptions()
    issued = options.issued or draw(rng, issuer.uf, span_of(issuer.has_letters))
    uf, year = CODE_OF_UF[issuer.uf], issued.year_month[:2]
    key = f"ID{uf}{year}{issuer.id}{options.model}{options.series:03d}{options.first:09d}{options.last:09d}"
    group = (
        f"<cUF>{uf}</cUF><ano>{year}</ano><CNPJ>{issuer.id}</CNPJ><mod>{options.model}</mod>"
        f"<serie>{options.series}</serie><nNFIni>{options.first}</nNFIni><nNFFin>{options.last}</nNFFin>"
    )
    accepted = options.status == 102
    number = f"<nProt>{protocol_number(rng, issuer.uf, issued)}</nProt>" if accepted else ""
    reason = "Inutilizacao de numero homologado" if accepted else "Rejeicao: Um numero da faixa ja foi utilizado"
    request = (
        f'<inutNFe xmlns="{markup.NFE}" versao="4.00"><infInut Id="{key}"><tpAmb>1</tpAmb><xServ>INUTILIZAR</xServ>'
        f"{group}<xJust>{rng.pick(words.VOID_REASONS)}</xJust></infInut>"
        f"{markup.signature(rng, key, issuer, rng.base64(20))}</inutNFe>"
    )
    answer = (
        f'<retInutNFe xmlns="{markup.NFE}" versao="4.00"><infInut><tpAmb>1</tpAmb>'
        f"<verAplic>{application(issuer.uf)}</verAplic><cStat>{options.status}</cStat><xMotivo>{reason}</xMotivo>{group}"
        f"<dhRecbto>{issued.plus(rng.between(1, 60)).text}</dhRecbto>{number}</infInut></retInutNFe>"
    )
    # Both spellings of the root are found in archives.
    root = "ProcInutNFe" if rng.chance(0.5) else "procInutNFe"
    text = {
        "processed": f'<{root} xmlns="{markup.NFE}" versao="4.00">{request}{answer}</{root}>',
        "bare": request,
        "return": answer,
    }[options.form]
    payload = (issuer.style.declaration + text).encode("utf-8")
    return Generated(f"{key}-procInutNFe.xml", payload, VOIDED_RANGE, key, "voided_range", "nfe_voided", options.form)


def document_summary(document: Document) -> Generated:
    """``resNFe``: all that a recipient sees of an NF-e before saying that it is aware of it."""
    issuer, answer = document.issuer, document.protocol
    situation = 1 if answer.status in (100, 150) else 2
    text = (
        f'<resNFe xmlns="{markup.NFE}" versao="1.01"><chNFe>{document.key}</chNFe>{issuer.id_tag}'
        f"<xNome>{issuer.name}</xNome><IE>{issuer.ie}</IE><dhEmi>{document.issued.text}</dhEmi><tpNF>1</tpNF>"
        f"<vNF>{brl(document.total)}</vNF><digVal>{document.digest}</digVal><dhRecbto>{answer.at.text}</dhRecbto>"
        f"<nProt>{answer.number}</nProt><cSitNFe>{situation}</cSitNFe></resNFe>"
    )
    return Generated(f"{document.key}-resNFe.xml", _utf8(text), DOCUMENT, document.key, "resNFe", "nfe", "summary")


def event_summary(event: Event) -> Generated:
    """``resEvento``: the distribution's summary of an accepted event of an NF-e."""
    text = (
        f'<resEvento xmlns="{markup.NFE}" versao="1.01"><cOrgao>{event.organ}</cOrgao>{event.author.id_tag}'
        f"<chNFe>{event.key}</chNFe><dhEvento>{event.occurred.text}</dhEvento><tpEvento>{event.type}</tpEvento>"
        f"<nSeqEvento>{event.sequence}</nSeqEvento><xEvento>{event.description}</xEvento>"
        f"<dhRecbto>{event.registered.text}</dhRecbto><nProt>{event.protocol}</nProt></resEvento>"
    )
    name = f"{event.key}_{event.type}_{event.sequence:02d}-resEvento.xml"
    return Generated(name, _utf8(text), EVENT, event.key, "resEvento", "nfe_event", "summary")


def query_response(document: Document) -> Generated:
    """``retConsSitNFe``: the answer to a query, which holds the protocol alone."""
    answer = document.protocol
    text = (
        f'<retConsSitNFe xmlns="{markup.NFE}" versao="4.00"><tpAmb>{document.environment}</tpAmb>'
        f"<verAplic>{application(document.issuer.uf)}</verAplic><cStat>{answer.status}</cStat>"
        f"<xMotivo>{answer.reason}</xMotivo><cUF>{document.uf_code}</cUF><dhRecbto>{answer.at.plus(60).text}</dhRecbto>"
        f"<chNFe>{document.key}</chNFe>{document.protocol_element()}</retConsSitNFe>"
    )
    return Generated(f"{document.key}-sit.xml", _utf8(text), DOCUMENT, document.key, "protocol", "nfe", "protocol")


def _utf8(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
