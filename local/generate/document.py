"""One fiscal document before it is put in an envelope, and the forms in which people keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from local.generate import markup
from local.generate.instants import Instant, authoriser_offset
from local.generate.rng import Rng
from local.generate.world import Party
from transforms.access_key import CODE_OF_UF
from transforms.model import DOCUMENT

DEAD = "dead"
CONTAINER = "container"


class Generated(NamedTuple):
    """One generated input and what must become of it.

    ``kind`` is a kind of ``transforms.model``, DEAD (``code`` then tells the dead-letter code) or CONTAINER (each of
    ``entries`` is then an input of its own). ``what`` names the type for people and tests (``nfe``, ``resNFe``,
    ``nfe_110111``). ``findings`` are the findings it was made to have. ``history`` numbers the story that it is
    part of, ``duplicate`` marks a repetition of an earlier input, byte for byte.
    """

    name: str
    payload: bytes
    kind: str
    key: str
    what: str
    layout: str = ""
    form: str = ""
    code: str = ""
    findings: tuple[str, ...] = ()
    entries: tuple[Generated, ...] = ()
    history: int = 0
    duplicate: bool = False


class Protocol(NamedTuple):
    """The tax office's answer to a document: ``status`` is cStat, ``number`` nProt."""

    number: str
    at: Instant
    status: int
    reason: str


class Family(NamedTuple):
    """Names of the envelope of one document type."""

    namespace: str
    envelope: str
    protocol: str
    key_tag: str
    suffix: str
    label: str


FAMILIES = {
    "nfe": Family(markup.NFE, "nfeProc", "protNFe", "chNFe", "NFe", "NF-e"),
    "nfce": Family(markup.NFE, "nfeProc", "protNFe", "chNFe", "NFe", "NF-e"),
    "cte": Family(markup.CTE, "cteProc", "protCTe", "chCTe", "CTe", "CT-e"),
    "cteos": Family(markup.CTE, "cteOSProc", "protCTe", "chCTe", "CTeOS", "CT-e"),
    "mdfe": Family(markup.MDFE, "mdfeProc", "protMDFe", "chMDFe", "MDFe", "MDF-e"),
    "nf3e": Family(markup.NF3E, "nf3eProc", "protNF3e", "chNF3e", "NF3e", "NF3-e"),
}


@dataclass(slots=True)
class Document:
    """A document with all that its envelopes and events need; amounts in cents.

    ``what`` is one of FAMILIES, ``element`` the (signed) XML element, ``digest`` its DigestValue.
    """

    what: str
    version: str
    key: str
    environment: int
    issuer: Party
    recipient: Party | None
    issued: Instant
    total: int
    icms: int
    element: str
    digest: str
    protocol: Protocol

    @property
    def family(self) -> Family:
        """Names of its envelope."""
        return FAMILIES[self.what]

    @property
    def layout(self) -> str:
        """The layout that reads it: NFC-e is read as NF-e."""
        return "nfe" if self.what == "nfce" else self.what

    @property
    def uf_code(self) -> str:
        """IBGE code of the issuer's state."""
        return CODE_OF_UF[self.issuer.uf]

    def protocol_element(self) -> str:
        """``protNFe``, ``protCTe``, …: the tax office's answer."""
        family, answer = self.family, self.protocol
        number = f"<nProt>{answer.number}</nProt>" if answer.number else ""
        return (
            f'<{family.protocol} versao="{self.version}"><infProt><tpAmb>{self.environment}</tpAmb>'
            f"<verAplic>{application(self.issuer.uf)}</verAplic><{family.key_tag}>{self.key}</{family.key_tag}>"
            f"<dhRecbto>{answer.at.text}</dhRecbto>{number}<digVal>{self.digest}</digVal>"
            f"<cStat>{answer.status}</cStat><xMotivo>{answer.reason}</xMotivo></infProt></{family.protocol}>"
        )

    def processed_text(self) -> str:
        """The document with its protocol, without an XML declaration."""
        family = self.family
        return (
            f'<{family.envelope} xmlns="{family.namespace}" versao="{self.version}">{self.element}'
            f"{self.protocol_element()}</{family.envelope}>"
        )

    def processed(self) -> Generated:
        """The document with its protocol, as it is archived."""
        text = self.issuer.style.declaration + self.processed_text()
        return self._generated(f"{self.key}-proc{self.family.suffix}.xml", text, "processed")

    def bare(self) -> Generated:
        """The signed document alone, as it was sent."""
        text = self.issuer.style.declaration + self.element
        return self._generated(f"{self.key}-{self.layout}.xml", text, "bare")

    def _generated(self, name: str, text: str, form: str) -> Generated:
        return Generated(name, text.encode("utf-8"), DOCUMENT, self.key, self.what, self.layout, form)


_STATUS_REASONS = {
    100: "Autorizado o uso da {}",
    150: "Autorizado o uso da {}, autorização fora de prazo",
    110: "Uso Denegado",
    301: "Uso Denegado: Irregularidade fiscal do emitente",
    302: "Uso Denegado: Irregularidade fiscal do destinatário",
}


def protocol(rng: Rng, issuer: Party, issued: Instant, label: str, status: int = 100) -> Protocol:
    """The answer to a document of one issuer, some seconds after it was issued."""
    at = issued.plus(rng.between(1, 120) if status != 150 else rng.between(2, 20) * 86_400)
    at = at.at_offset(authoriser_offset(issuer.uf))
    return Protocol(protocol_number(rng, issuer.uf, at), at, status, _STATUS_REASONS[status].format(label))


def protocol_number(rng: Rng, uf: str, at: Instant) -> str:
    """15 digits: the authoriser's type, state, year and a sequence."""
    return f"1{CODE_OF_UF[uf]}{at.year_month[:2]}{rng.digits(10)}"


def application(uf: str) -> str:
    """Name of the authoriser's application, by state."""
    return _APPLICATIONS.get(uf, "SVRS2303091405")


_APPLICATIONS = {
    "SP": "SP_NFE_PL009_V4", "MG": "W-3.1.42", "PR": "PR-v4_7_12", "BA": "BA20240118", "GO": "GO4.0", "MT": "3.2.104",
    "MS": "MS_4.00", "PE": "PE20230601", "AM": "AM4.00", "CE": "CE_4.00",
}  # fmt: skip
