"""Events of CT-e, MDF-e and NF3e: their detail stands in an element of its own inside ``detEvento``."""

from __future__ import annotations

from local.generate import words
from local.generate.document import Document
from local.generate.events import Event, Options, event
from local.generate.identifiers import cpf, some_key
from local.generate.rng import Rng
from transforms.access_key import CODE_OF_UF

_CTE_CONDITIONS = (
    "A Carta de Correcao e disciplinada pelo Art. 58-B do CONVENIO/SINIEF 06/89: Fica permitida a utilizacao de carta "
    "de correcao, para regularizacao de erro ocorrido na emissao de documentos fiscais relativos a prestacao de "
    "servico de transporte, desde que o erro nao esteja relacionado com: I - as variaveis que determinam o valor do "
    "imposto tais como: base de calculo, aliquota, diferenca de preco, quantidade, valor da prestacao;II - a correcao "
    "de dados cadastrais que implique mudanca do emitente, tomador, remetente ou do destinatario;III - a data de "
    "emissao ou de saida."
)
_CANCELLATIONS = {"cte": "evCancCTe", "cteos": "evCancCTe", "mdfe": "evCancMDFe", "nf3e": "evCancNF3e"}


def cancellation(rng: Rng, document: Document, options: Options | None = None) -> Event:
    """110111 of a CT-e, CT-e OS, MDF-e or NF3e."""
    inside = (
        f"<descEvento>Cancelamento</descEvento><nProt>{document.protocol.number}</nProt>"
        f"<xJust>{rng.pick(words.CANCEL_REASONS)}</xJust>"
    )
    return _nested(rng, document, "110111", _CANCELLATIONS[document.what], inside, "Cancelamento", options)


def correction(rng: Rng, document: Document, options: Options | None = None) -> Event:
    """110110 of a CT-e: groups of changed fields."""
    groups = "".join(
        f"<infCorrecao><grupoAlterado>{group}</grupoAlterado><campoAlterado>{field}</campoAlterado>"
        f"<valorAlterado>{value}</valorAlterado></infCorrecao>"
        for group, field, value in (
            ("compl", "xObs", f"PEDIDO {rng.digits(6)}"),
            ("infQ", "qCarga", f"{rng.between(10, 900)}.0000"),
        )[: rng.between(1, 2)]
    )
    inside = f"<descEvento>Carta de Correcao</descEvento>{groups}<xCondUso>{_CTE_CONDITIONS}</xCondUso>"
    return _nested(rng, document, "110110", "evCCeCTe", inside, "Carta de Correcao", options)


def delivery(rng: Rng, document: Document, options: Options | None = None) -> Event:
    """110180: proof that a CT-e's load was delivered."""
    at = document.issued.plus(rng.between(1, 9) * 86_400)
    inside = (
        f"<descEvento>Comprovante de Entrega do CT-e</descEvento><nProt>{document.protocol.number}</nProt>"
        f"<dhEntrega>{at.text}</dhEntrega><nDoc>{cpf(rng)}</nDoc>"
        f"<xNome>{rng.pick(words.GIVEN_NAMES)} {rng.pick(words.SURNAMES)}</xNome>"
        f"<latitude>-23.{rng.digits(6)}</latitude><longitude>-46.{rng.digits(6)}</longitude><hashEntrega>{rng.base64(20)}</hashEntrega>"
        f"<dhHashEntrega>{at.plus(30).text}</dhHashEntrega><infEntrega><chNFe>"
        f"{some_key(rng, '55', document.issued, document.issuer.id, document.issuer.uf)}</chNFe></infEntrega>"
    )
    chosen = options or Options(at=at.plus(600))
    return _nested(rng, document, "110180", "evCECTe", inside, "Comprovante de Entrega do CT-e", chosen)


def delivery_cancellation(rng: Rng, document: Document, proof: Event, options: Options | None = None) -> Event:
    """110181: takes a delivery proof back."""
    inside = (
        "<descEvento>Cancelamento do Comprovante de Entrega do CT-e</descEvento>"
        f"<nProt>{document.protocol.number}</nProt><nProtCE>{proof.protocol}</nProtCE>"
    )
    chosen = options or Options(at=proof.registered.plus(rng.between(600, 86_400)))
    description = "Cancelamento do Comprovante de Entrega do CT-e"
    return _nested(rng, document, "110181", "evCancCECTe", inside, description, chosen)


def disagreement(rng: Rng, document: Document, options: Options | None = None) -> Event:
    """610110: who pays a CT-e declares that the service was not as agreed."""
    inside = (
        "<descEvento>Prestacao do Servico em Desacordo</descEvento><indDesacordoOper>1</indDesacordoOper>"
        f"<xObs>{rng.pick(words.REFUSALS)}</xObs>"
    )
    chosen = options or Options(at=document.protocol.at.plus(rng.between(1, 20) * 86_400), author=document.recipient)
    return _nested(rng, document, "610110", "evPrestDesacordo", inside, "Prestacao do Servico em Desacordo", chosen)


def closing(rng: Rng, document: Document, options: Options | None = None) -> Event:
    """110112 of an MDF-e: the journey ended."""
    at = document.issued.plus(rng.between(6 * 3600, 9 * 86_400))
    city = document.issuer.city
    inside = (
        f"<descEvento>Encerramento</descEvento><nProt>{document.protocol.number}</nProt><dtEnc>{at.day}</dtEnc>"
        f"<cUF>{CODE_OF_UF[city.uf]}</cUF><cMun>{city.code}</cMun>"
    )
    return _nested(rng, document, "110112", "evEncMDFe", inside, "Encerramento", options or Options(at=at))


def driver(rng: Rng, document: Document, options: Options | None = None) -> Event:
    """110114 of an MDF-e: another driver takes over."""
    inside = (
        "<descEvento>Inclusao Condutor</descEvento><condutor>"
        f"<xNome>{rng.pick(words.GIVEN_NAMES)} {rng.pick(words.SURNAMES)}</xNome><CPF>{cpf(rng)}</CPF></condutor>"
    )
    return _nested(rng, document, "110114", "evIncCondutorMDFe", inside, "Inclusao Condutor", options)


def _nested(
    rng: Rng, document: Document, type_: str, tag: str, inside: str, description: str, options: Options | None
) -> Event:
    return event(rng, document, type_, f"<{tag}>{inside}</{tag}>", description, options or Options())
