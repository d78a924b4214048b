"""Inputs that cannot become a record, one builder per dead-letter code, and odd ones that are kept with a finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from local.generate import events, markup
from local.generate.containers import in_soap
from local.generate.document import DEAD, Document, Generated
from local.generate.identifiers import cnpj
from local.generate.nfe import nfe
from local.generate.rng import Rng
from local.generate.world import World

SIZE_LIMIT = 10 * 1024 * 1024
"""Bytes: what is larger is too large under the default limit of the jobs, 10 MB, however it is counted."""

_DEPTH = 3_000


def broken(rng: Rng, world: World, code: str) -> Generated:
    """An input that must become a dead letter of the given code (see CODES)."""
    builder = _BUILDERS.get(code)
    if builder is None:
        raise ValueError(f"{code!r} is no dead-letter code of the generator; the codes are {', '.join(CODES)}")
    return Generated(f"{code}-{rng.digits(8)}.xml", builder(rng, world), DEAD, "", code, code=code)


def _empty(rng: Rng, world: World) -> bytes:
    return rng.pick((b"", b" ", b"\r\n\r\n", b"\n\t\n"))


def _too_large(rng: Rng, world: World) -> bytes:
    payload = nfe(rng, world).processed().payload
    # Longer than deflate looks back: else it would shrink like a bomb, and be told as one.
    block = rng.octets(32_768).hex().encode()
    filler = b"<infCpl>" + block * (SIZE_LIMIT // len(block) + 1)
    return payload.replace(b"<infCpl>", filler, 1)


def _not_xml(rng: Rng, world: World) -> bytes:
    return rng.pick((
        f"chave;valor;data\n{rng.digits(12)};{rng.digits(4)};2025-01-31\n".encode(),
        f'{{"nota": "{rng.digits(9)}", "valor": {rng.between(1, 9999)}}}'.encode(),
        b"%!PS-Adobe-3.0\n" + rng.octets(200),
        f"<nfeProc><NFe><infNFe>{rng.digits(9)}</NFe></infNFe></nfeProc>".encode(),
        f"Prezados, segue a nota {rng.digits(6)} em anexo. Att.".encode(),
    ))  # fmt: skip


def _truncated(rng: Rng, world: World) -> bytes:
    payload = nfe(rng, world).processed().payload
    return payload[: len(payload) * rng.between(20, 95) // 100]


def _wrong_encoding(rng: Rng, world: World) -> bytes:
    # A correction letter always has accents: they are ISO-8859-1 under a declaration of UTF-8.
    text = events.correction(rng, nfe(rng, world)).processed_text()
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode("iso-8859-1")


def _dtd(rng: Rng, world: World) -> bytes:
    text = nfe(rng, world).processed_text()
    if rng.chance(0.5):
        entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
        subset = f'<!ENTITY a0 "ha">{entities}'
        text = text.replace("<natOp>", "<natOp>&a9;", 1)
    else:
        subset = '<!ENTITY file SYSTEM "file:///etc/hostname">'
        text = text.replace("<natOp>", "<natOp>&file;", 1)
    return f'<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE nfeProc [{subset}]>{text}'.encode()


def _too_deep(rng: Rng, world: World) -> bytes:
    depth = _DEPTH + rng.below(100)
    return (f'<nfeProc xmlns="{markup.NFE}">' + "<x>" * depth + "</x>" * depth + "</nfeProc>").encode()


def _unknown_root(rng: Rng, world: World) -> bytes:
    return rng.pick((
        f"<pedidoVenda><numero>{rng.digits(8)}</numero><cliente>{rng.digits(5)}</cliente></pedidoVenda>",
        f'<ordem:Compra xmlns:ordem="urn:exemplo:compras"><ordem:Id>{rng.digits(9)}</ordem:Id></ordem:Compra>',
        f"<erro><codigo>503</codigo><protocolo>{rng.digits(6)}</protocolo></erro>",
    )).encode()  # fmt: skip


def _no_access_key(rng: Rng, world: World) -> bytes:
    document = nfe(rng, world)
    if rng.chance(0.5):
        text = f'<?xml version="1.0" encoding="UTF-8"?>{document.element.replace(document.key, "")}'
    else:
        text = document.processed_text().replace(document.key, document.key[:40])
    return text.encode()


def _no_document(rng: Rng, world: World) -> bytes:
    nothing = (
        f'<retDistDFeInt xmlns="{markup.NFE}" versao="1.01"><tpAmb>1</tpAmb><verAplic>1.4.0</verAplic>'
        "<cStat>137</cStat><xMotivo>Nenhum documento localizado</xMotivo><dhResp>2025-05-05T10:00:00-03:00</dhResp>"
        f"<ultNSU>{rng.digits(15)}</ultNSU><maxNSU>{rng.digits(15)}</maxNSU></retDistDFeInt>"
    )
    fault = in_soap(
        "<soap:Fault><soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code><soap:Reason>"
        f'<soap:Text xml:lang="pt">Falha {rng.digits(6)}</soap:Text></soap:Reason></soap:Fault>'
    )
    empty = (
        f'<enviNFe xmlns="{markup.NFE}" versao="4.00"><idLote>{rng.digits(15)}</idLote><indSinc>0</indSinc></enviNFe>'
    )
    return rng.pick((nothing, fault, empty)).encode()


_BUILDERS: dict[str, Callable[[Rng, World], bytes]] = {
    "empty": _empty,
    "too_large": _too_large,
    "not_xml": _not_xml,
    "truncated": _truncated,
    "wrong_encoding": _wrong_encoding,
    "dtd_forbidden": _dtd,
    "too_deep": _too_deep,
    "unknown_root": _unknown_root,
    "no_access_key": _no_access_key,
    "no_document": _no_document,
}
CODES = tuple(_BUILDERS)
SMALL_CODES = tuple(code for code in CODES if code != "too_large")


def wrong_check_digit(rng: Rng, document: Document) -> Document:
    """The document with a key whose last digit is wrong everywhere."""
    digit = str((int(document.key[43]) + rng.between(1, 9)) % 10)
    key = document.key[:43] + digit
    element = document.element.replace(document.key, key)
    return replace(document, key=key, element=element.replace(f"<cDV>{document.key[43]}</cDV>", f"<cDV>{digit}</cDV>"))


def other_issuer(rng: Rng, document: Document) -> Document:
    """The document with an issuer that is not the one in its key."""
    issuer = document.issuer.id_tag
    element = document.element.replace(f"<emit>{issuer}", f"<emit><CNPJ>{cnpj(rng)}</CNPJ>", 1)
    return replace(document, element=element)


def without_offset(document: Document) -> Document:
    """The document with an issue instant that does not tell its offset."""
    issued = document.issued
    element = document.element.replace(f"<dhEmi>{issued.text}", f"<dhEmi>{issued.naive}", 1)
    return replace(document, element=element)
