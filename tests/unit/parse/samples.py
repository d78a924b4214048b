"""Small documents, made of templates, for the parser's tests."""

from __future__ import annotations

from typing import Any

from transforms.access_key import check_digit
from transforms.model import DeadLetter, Entry, RawDocument, Record
from transforms.parse.parser import DEFAULTS, ParseOptions, parse

NFE_NS = "http://www.portalfiscal.inf.br/nfe"
CTE_NS = "http://www.portalfiscal.inf.br/cte"
MDFE_NS = "http://www.portalfiscal.inf.br/mdfe"
CNPJ = "12345678000195"


def key(model: str = "55", uf: str = "35", month: str = "2603", issuer: str = CNPJ, number: int = 1234) -> str:
    """An access key of series 1 with a right check digit."""
    body = f"{uf}{month}{issuer}{model}001{number:09d}100001234"
    return body + check_digit(body + "0")


KEY = key()
CTE_KEY = key("57")
MDFE_KEY = key("58")


def item(number: int = 1, **changed: str) -> str:
    prod = {
        "cProd": "A1", "cEAN": "7891234567895", "xProd": "Parafuso", "NCM": "73181500", "CFOP": "5102", "uCom": "UN",
        "qCom": "2.0000", "vUnCom": "0.1234567890", "vProd": "12.00", **changed,
    }  # fmt: skip
    fields = "".join(f"<{name}>{text}</{name}>" for name, text in prod.items())
    return f'<det nItem="{number}"><prod>{fields}</prod><imposto><ICMS><vBC>9.00</vBC></ICMS></imposto></det>'


def nfe(
    access_key: str = KEY,
    *,
    root: str = f'<NFe xmlns="{NFE_NS}">',
    body: str | None = None,
    ide: str = "<cUF>35</cUF><natOp>VENDA</natOp><mod>55</mod><serie>1</serie><nNF>1234</nNF>"
    "<dhEmi>2026-03-01T10:20:30-03:00</dhEmi><tpNF>1</tpNF><tpEmis>1</tpEmis><tpAmb>2</tpAmb><finNFe>1</finNFe>",
    emit: str = f"<CNPJ>{CNPJ}</CNPJ><xNome>Emitente</xNome><enderEmit><cMun>3550308</cMun><UF>SP</UF></enderEmit>"
    "<IE>111</IE>",
    dest: str = "<dest><CNPJ>98765432000198</CNPJ><xNome>Destino</xNome><enderDest><UF>RJ</UF></enderDest></dest>",
    items: str = "",
    total: str = "<vBC>10.00</vBC><vProd>12.00</vProd><vNF>12.00</vNF>",
) -> str:
    opening = body or f'<infNFe Id="NFe{access_key}" versao="4.00">'
    return (
        f"{root}{opening}<ide>{ide}</ide><emit>{emit}</emit>{dest}{items or item()}"
        f"<total><ICMSTot>{total}</ICMSTot></total></infNFe></NFe>"
    )


def protocol(access_key: str = KEY, status: int = 100) -> str:
    return (
        f'<protNFe versao="4.00"><infProt><tpAmb>2</tpAmb><chNFe>{access_key}</chNFe>'
        "<dhRecbto>2026-03-01T10:21:00-03:00</dhRecbto><nProt>135260000000001</nProt><digVal>abc=</digVal>"
        f"<cStat>{status}</cStat><xMotivo>Autorizado</xMotivo></infProt></protNFe>"
    )


def processed(document: str | None = None, protocols: str | None = None, namespace: str = NFE_NS) -> str:
    content = (document or nfe()) + (protocol() if protocols is None else protocols)
    return f'<nfeProc versao="4.00" xmlns="{namespace}">{content}</nfeProc>'


def event(
    access_key: str = KEY,
    event_type: str = "110111",
    *,
    detail: str = "<descEvento>Cancelamento</descEvento><nProt>135260000000001</nProt><xJust>Erro de digitacao</xJust>",
    key_element: str = "chNFe",
    element: str = "evento",
    namespace: str = NFE_NS,
    event_id: str | None = None,
) -> str:
    id_ = event_id if event_id is not None else f"ID{event_type}{access_key}01"
    return (
        f'<{element} xmlns="{namespace}" versao="1.00"><infEvento Id="{id_}"><cOrgao>35</cOrgao><tpAmb>2</tpAmb>'
        f"<CNPJ>{CNPJ}</CNPJ><{key_element}>{access_key}</{key_element}><dhEvento>2026-03-02T08:00:00-03:00</dhEvento>"
        f"<tpEvento>{event_type}</tpEvento><nSeqEvento>1</nSeqEvento>"
        f'<detEvento versao="1.00">{detail}</detEvento></infEvento></{element}>'
    )


def event_return(
    access_key: str = KEY, event_type: str = "110111", status: int = 135, key_element: str = "chNFe", suffix: str = ""
) -> str:
    return (
        f'<retEvento{suffix} versao="1.00"><infEvento><tpAmb>2</tpAmb><cOrgao>35</cOrgao><cStat>{status}</cStat>'
        f"<xMotivo>Evento registrado</xMotivo><{key_element}>{access_key}</{key_element}>"
        f"<tpEvento>{event_type}</tpEvento><xEvento>Cancelamento registrado</xEvento><nSeqEvento>1</nSeqEvento>"
        f"<dhRegEvento>2026-03-02T08:00:05-03:00</dhRegEvento><nProt>135260000000002</nProt></infEvento>"
        f"</retEvento{suffix}>"
    )


def raw(xml: str | bytes, origin: str = "o") -> RawDocument:
    return RawDocument(xml.encode() if isinstance(xml, str) else xml, origin, 7)


def parsed(xml: str | bytes, options: ParseOptions = DEFAULTS) -> Entry:
    """What the one record says that the input must give."""
    document = raw(xml)
    (found,) = parse(document, options)
    assert isinstance(found, Record), found
    assert found.raw == document
    return found.entry


def refused(xml: str | bytes, options: ParseOptions = DEFAULTS) -> DeadLetter:
    """The one dead letter that the input must give."""
    (found,) = parse(raw(xml), options)
    assert isinstance(found, DeadLetter), found
    assert found.payload == raw(xml).payload
    return found


def all_of(xml: str | bytes, options: ParseOptions = DEFAULTS) -> list[Any]:
    return list(parse(raw(xml), options))
