"""Several documents in one file: distribution responses, batches, SOAP envelopes."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Sequence

from local.generate import markup
from local.generate.document import CONTAINER, Document, Generated, application
from local.generate.events import Event
from local.generate.instants import Instant
from local.generate.rng import Rng
from transforms.model import DOCUMENT, EVENT

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_SCHEMAS = {
    "resNFe": "resNFe_v1.01.xsd",
    "resEvento": "resEvento_v1.01.xsd",
    "nfe": "procNFe_v4.00.xsd",
    "nfce": "procNFe_v4.00.xsd",
}
_BLOCK = 0xFFFF


def distribution(rng: Rng, entries: Sequence[Generated], at: Instant, soap: bool = False) -> Generated:
    """``retDistDFeInt``: each entry gzipped and in base64 in a ``docZip``; on request inside a SOAP envelope."""
    if not 1 <= len(entries) <= 50:
        raise ValueError(f"a distribution response holds 1 to 50 documents, not {len(entries)}")
    first = rng.between(1_000, 900_000)
    parts = "".join(
        f'<docZip NSU="{first + n:015d}" schema="{_SCHEMAS.get(entry.what, "procEventoNFe_v1.00.xsd")}">'
        f"{b64encode(stored_gzip(entry.payload)).decode('ascii')}</docZip>"
        for n, entry in enumerate(entries)
    )
    last = first + len(entries) - 1
    text = (
        f'<retDistDFeInt xmlns="{markup.NFE}" versao="1.01"><tpAmb>1</tpAmb><verAplic>1.4.0</verAplic>'
        f"<cStat>138</cStat><xMotivo>Documento(s) localizado(s)</xMotivo><dhResp>{at.text}</dhResp>"
        f"<ultNSU>{last:015d}</ultNSU><maxNSU>{last:015d}</maxNSU><loteDistDFeInt>{parts}</loteDistDFeInt>"
        "</retDistDFeInt>"
    )
    if soap:
        inside = f"<nfeDistDFeInteresseResult>{text}</nfeDistDFeInteresseResult>"
        service = "http://www.portalfiscal.inf.br/nfe/wsdl/NFeDistribuicaoDFe"
        text = in_soap(f'<nfeDistDFeInteresseResponse xmlns="{service}">{inside}</nfeDistDFeInteresseResponse>')
    return _container(f"{last:015d}-dist-dfe.xml", text, "soap" if soap else "distribution", entries)


def batch(rng: Rng, documents: Sequence[Document], soap: bool = False) -> Generated:
    """``enviNFe``: documents as they are sent for authorisation; on request inside a SOAP envelope."""
    entries = [
        Generated(f"{d.key}-nfe.xml", d.element.encode("utf-8"), DOCUMENT, d.key, d.what, d.layout, "bare")
        for d in documents
    ]
    lot = rng.digits(15)
    # The elements carry the namespace themselves, so that each is the same bytes inside and outside the batch.
    inside = "".join(d.element for d in documents)
    text = f'<enviNFe xmlns="{markup.NFE}" versao="4.00"><idLote>{lot}</idLote><indSinc>0</indSinc>{inside}</enviNFe>'
    if soap:
        service = "http://www.portalfiscal.inf.br/nfe/wsdl/NFeAutorizacao4"
        text = in_soap(f'<nfeDadosMsg xmlns="{service}">{text}</nfeDadosMsg>')
    return _container(f"{lot}-env-lot.xml", text, "soap" if soap else "batch", entries)


def event_batch(rng: Rng, sent: Sequence[Event]) -> Generated:
    """``envEvento``: events as they are sent for registration."""
    entries = [event.bare()._replace(payload=event.element.encode("utf-8")) for event in sent]
    lot = rng.digits(15)
    inside = "".join(event.element for event in sent)
    text = f'<envEvento xmlns="{markup.NFE}" versao="1.00"><idLote>{lot}</idLote>{inside}</envEvento>'
    return _container(f"{lot}-env-eve.xml", text, "event_batch", entries)


def event_answers(rng: Rng, sent: Sequence[Event]) -> Generated:
    """``retEnvEvento``: the returns of events, without the events."""
    returns = [e.ret.replace(" versao=", f' xmlns="{markup.NFE}" versao=', 1) for e in sent]
    entries = [
        Generated(f"{e.key}-ret.xml", ret.encode("utf-8"), EVENT, e.key, "retEvento", e.names.layout, "return")
        for e, ret in zip(sent, returns, strict=True)
    ]
    lot = rng.digits(15)
    text = (
        f'<retEnvEvento xmlns="{markup.NFE}" versao="1.00"><idLote>{lot}</idLote><tpAmb>1</tpAmb>'
        f"<verAplic>{application('AN')}</verAplic><cOrgao>{sent[0].organ}</cOrgao><cStat>128</cStat>"
        f"<xMotivo>Lote de Evento Processado</xMotivo>{''.join(returns)}</retEnvEvento>"
    )
    return _container(f"{lot}-ret-env-eve.xml", text, "event_answers", entries)


def in_soap(inside: str) -> str:
    """A SOAP 1.2 envelope around some XML text."""
    return (
        '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Header/><soap:Body>'
        f"{inside}</soap:Body></soap:Envelope>"
    )


def stored_gzip(payload: bytes) -> bytes:
    """A gzip member whose blocks are stored, so that its bytes do not depend on the machine's zlib."""
    parts = [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"]
    for at in range(0, max(len(payload), 1), _BLOCK):
        block = payload[at : at + _BLOCK]
        parts.append(struct.pack("<BHH", at + _BLOCK >= len(payload), len(block), len(block) ^ 0xFFFF))
        parts.append(block)
    parts.append(struct.pack("<II", zlib.crc32(payload), len(payload) & 0xFFFFFFFF))
    return b"".join(parts)


def _container(name: str, text: str, what: str, entries: Sequence[Generated]) -> Generated:
    payload = f"{_DECLARATION}{text}".encode()
    return Generated(name, payload, CONTAINER, "", what, entries=tuple(entries))
