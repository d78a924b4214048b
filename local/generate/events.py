"""Events of a document: what they have in common, and those of NF-e and NFC-e."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from local.generate import markup, words
from local.generate.document import Document, Generated, application, protocol_number
from local.generate.instants import Instant, authoriser_offset, offset_of
from local.generate.markup import brl
from local.generate.rng import Rng
from local.generate.world import Party
from transforms.access_key import CODE_OF_UF
from transforms.model import EVENT


class Names(NamedTuple):
    """Names and versions of one family's event envelope."""

    namespace: str
    envelope: str
    event: str
    ret: str
    key_tag: str
    version: str
    detail_version: str
    sequence_digits: int
    label: str
    layout: str


NFE = Names(markup.NFE, "procEventoNFe", "evento", "retEvento", "chNFe", "1.00", "versao", 2, "NF-e", "nfe_event")
CTE = Names(
    markup.CTE, "procEventoCTe", "eventoCTe", "retEventoCTe", "chCTe", "4.00", "versaoEvento", 3, "CT-e", "cte_event"
)
MDFE = Names(
    markup.MDFE,
    "procEventoMDFe",
    "eventoMDFe",
    "retEventoMDFe",
    "chMDFe",
    "3.00",
    "versaoEvento",
    2,
    "MDF-e",
    "mdfe_event",
)
NF3E = Names(
    markup.NF3E,
    "procEventoNF3e",
    "eventoNF3e",
    "retEventoNF3e",
    "chNF3e",
    "1.00",
    "versaoEvento",
    3,
    "NF3-e",
    "nf3e_event",
)
_NAMES = {"nfe": NFE, "nfce": NFE, "cte": CTE, "cteos": CTE, "mdfe": MDFE, "nf3e": NF3E}


@dataclass(slots=True)
class Event:
    """One event with its return; ``of`` is the layout of its document, ``protocol`` empty when it was rejected."""

    names: Names
    of: str
    type: str
    sequence: int
    key: str
    author: Party
    organ: str
    occurred: Instant
    registered: Instant
    description: str
    protocol: str
    element: str
    ret: str

    def processed_text(self) -> str:
        """The event with its return, without an XML declaration."""
        names = self.names
        return (
            f'<{names.envelope} xmlns="{names.namespace}" versao="{names.version}">{self.element}{self.ret}'
            f"</{names.envelope}>"
        )

    def processed(self) -> Generated:
        """The event with its return, as it is archived."""
        return self._generated(self.names.envelope, self.processed_text(), "processed")

    def bare(self) -> Generated:
        """The event as it was sent, without a return."""
        return self._generated("ped-eve", self.element, "bare")

    def _generated(self, suffix: str, text: str, form: str) -> Generated:
        name = f"{self.key}_{self.type}_{self.sequence:02d}-{suffix}.xml"
        payload = (self.author.style.declaration + text).encode("utf-8")
        return Generated(name, payload, EVENT, self.key, f"{self.of}_{self.type}", self.names.layout, form)


@dataclass(frozen=True)
class Options:
    """What a caller may fix about an event; ``at`` is when it occurred, ``status`` the return's cStat."""

    at: Instant | None = None
    author: Party | None = None
    sequence: int = 1
    status: int = 135
    reason: str = ""
    signed: bool = True


def event(rng: Rng, document: Document, type_: str, detail: str, description: str, options: Options) -> Event:
    """An event of a document with the given inside of ``detEvento`` (for nested families, of its only child)."""
    names = _NAMES[document.what]
    author = options.author or document.issuer
    moment = options.at or document.protocol.at.plus(rng.between(600, 20 * 3600))
    occurred = moment.at_offset(offset_of(author.uf))
    registered = moment.plus(rng.between(1, 300)).at_offset(authoriser_offset(document.issuer.uf))
    organ = CODE_OF_UF[document.issuer.uf]
    if type_[:2] == "21" or type_ == "110140":
        # The national office, in Brasília, registers these.
        organ, registered = "91", registered.at_offset(-3)
    accepted = options.status < 200
    number = protocol_number(rng, document.issuer.uf, registered) if accepted else ""
    if names is NF3E and number:
        number = f"{number[:5]}0{number[5:]}"
    reference = f"ID{type_}{document.key}{options.sequence:0{names.sequence_digits}d}"
    version = "<verEvento>1.00</verEvento>" if names is NFE else ""
    element = (
        f'<{names.event} xmlns="{names.namespace}" versao="{names.version}"><infEvento Id="{reference}">'
        f"<cOrgao>{organ}</cOrgao><tpAmb>{document.environment}</tpAmb>{author.id_tag}"
        f"<{names.key_tag}>{document.key}</{names.key_tag}><dhEvento>{occurred.text}</dhEvento>"
        f"<tpEvento>{type_}</tpEvento><nSeqEvento>{options.sequence}</nSeqEvento>{version}"
        f'<detEvento {names.detail_version}="{names.version}">{detail}</detEvento></infEvento>'
        f"{markup.signature(rng, reference, author, rng.base64(20)) if options.signed else ''}</{names.event}>"
    )
    reason = options.reason or _REASONS[options.status].format(names.label)
    for_state = f"<cOrgaoAutor>{CODE_OF_UF[document.issuer.uf]}</cOrgaoAutor>" if type_ == "110140" else ""
    answered = f"<nProt>{number}</nProt>" if number else ""
    ret = (
        f'<{names.ret} versao="{names.version}"><infEvento><tpAmb>{document.environment}</tpAmb>'
        f"<verAplic>{application(document.issuer.uf)}</verAplic><cOrgao>{organ}</cOrgao><cStat>{options.status}</cStat>"
        f"<xMotivo>{reason}</xMotivo><{names.key_tag}>{document.key}</{names.key_tag}><tpEvento>{type_}</tpEvento>"
        f"<xEvento>{description}</xEvento><nSeqEvento>{options.sequence}</nSeqEvento>"
        f"{for_state}<dhRegEvento>{registered.text}</dhRegEvento>{answered}</infEvento></{names.ret}>"
    )
    return Event(
        names, document.layout, type_, options.sequence, document.key, author, organ, occurred, registered,
        description, number, element, ret,
    )  # fmt: skip


_REASONS = {
    134: "Evento registrado e vinculado ao {} com alerta para a situação do documento",
    135: "Evento registrado e vinculado a {}",
    136: "Evento registrado, mas não vinculado a {}",
    155: "Cancelamento homologado fora de prazo",
    501: "Rejeicao: Prazo de Cancelamento superior ao previsto na Legislacao",
    573: "Rejeicao: Duplicidade de Evento",
    594: "Rejeicao: O numero de sequencia do evento informado e maior que o permitido",
}

_NFE_CONDITIONS = (
    "A Carta de Correção é disciplinada pelo § 1º-A do art. 7º do Convênio S/N, de 15 de dezembro de 1970 e pode ser "
    "utilizada para regularização de erro ocorrido na emissão de documento fiscal, desde que o erro não esteja "
    "relacionado com: I - as variáveis que determinam o valor do imposto tais como: base de cálculo, alíquota, "
    "diferença de preço, quantidade, valor da operação ou da prestação; II - a correção de dados cadastrais que "
    "implique mudança do remetente ou do destinatário; III - a data de emissão ou de saída."
)

_MANIFESTATIONS = {
    "210200": "Confirmacao da Operacao",
    "210210": "Ciencia da Operacao",
    "210220": "Desconhecimento da Operacao",
    "210240": "Operacao nao Realizada",
}


def cancellation(rng: Rng, document: Document, options: Options | None = None) -> Event:
    """110111 of an NF-e or NFC-e."""
    detail = (
        f"<descEvento>Cancelamento</descEvento><nProt>{document.protocol.number}</nProt>"
        f"<xJust>{rng.pick(words.CANCEL_REASONS)}</xJust>"
    )
    return event(rng, document, "110111", detail, "Cancelamento registrado", options or Options())


def substitution(rng: Rng, document: Document, substitute: str, options: Options | None = None) -> Event:
    """110112 of an NFC-e: cancelled because the document with the other key replaced it."""
    detail = (
        "<descEvento>Cancelamento por substituicao</descEvento>"
        f"<cOrgaoAutor>{CODE_OF_UF[document.issuer.uf]}</cOrgaoAutor><tpAutor>1</tpAutor>"
        f"<verAplic>{document.issuer.style.software}</verAplic><nProt>{document.protocol.number}</nProt>"
        f"<xJust>{rng.pick(words.CANCEL_REASONS)}</xJust><chNFeRef>{substitute}</chNFeRef>"
    )
    description = "Cancelamento por substituicao homologado"
    return event(rng, document, "110112", detail, description, options or Options())


def correction(rng: Rng, document: Document, options: Options | None = None) -> Event:
    """110110 of an NF-e: a correction letter, which replaces those before it."""
    detail = (
        f"<descEvento>Carta de Correção</descEvento><xCorrecao>{rng.pick(words.CORRECTIONS)}</xCorrecao>"
        f"<xCondUso>{_NFE_CONDITIONS}</xCondUso>"
    )
    return event(rng, document, "110110", detail, "Carta de Correção registrada", options or Options())


def epec(rng: Rng, document: Document, options: Options | None = None) -> Event:
    """110140: the notice given before an NF-e issued in contingency."""
    buyer = document.recipient
    if buyer is None:
        raise ValueError("an EPEC names the recipient; this document has none")
    uf = "EX" if buyer.id_type == "foreign" else buyer.uf
    detail = (
        f"<descEvento>EPEC</descEvento><cOrgaoAutor>{CODE_OF_UF[document.issuer.uf]}</cOrgaoAutor><tpAutor>1</tpAutor>"
        f"<verAplic>{document.issuer.style.software}</verAplic><dhEmi>{document.issued.text}</dhEmi><tpNF>1</tpNF>"
        f"<IE>{document.issuer.ie}</IE><dest><UF>{uf}</UF>{buyer.id_tag}<vNF>{brl(document.total)}</vNF>"
        f"<vICMS>{brl(document.icms)}</vICMS><vST>0.00</vST></dest>"
    )
    chosen = options or Options(at=document.issued.plus(30), status=136)
    return event(rng, document, "110140", detail, "EPEC autorizado", chosen)


def manifestation(rng: Rng, document: Document, type_: str, options: Options | None = None) -> Event:
    """2102xx: what the recipient says of an NF-e; the author is the recipient unless told otherwise."""
    if type_ not in _MANIFESTATIONS:
        raise ValueError(f"{type_} is no manifestation; the types are {', '.join(_MANIFESTATIONS)}")
    chosen = options or Options()
    author = chosen.author or document.recipient
    if author is None or author.id_type != "CNPJ":
        raise ValueError("a manifestation needs a company as recipient")
    reason = f"<xJust>{rng.pick(words.REFUSALS)}</xJust>" if type_ == "210240" else ""
    detail = f"<descEvento>{_MANIFESTATIONS[type_]}</descEvento>{reason}"
    at = chosen.at or document.protocol.at.plus(rng.between(1, 20) * 86_400)
    chosen = Options(at, author, chosen.sequence, chosen.status, chosen.reason, chosen.signed)
    return event(rng, document, type_, detail, _MANIFESTATIONS[type_], chosen)


def unknown_event(rng: Rng, document: Document, options: Options | None = None) -> Event:
    """An event of a type that no table knows: it must be kept."""
    detail = f"<descEvento>Evento de teste do ano seguinte</descEvento><xTexto>{rng.digits(12)}</xTexto>"
    return event(rng, document, "119990", detail, "Evento de teste", options or Options())
