"""Documents, events and answers of the other families, small and alike, for tests of what they say together."""

from __future__ import annotations

from typing import NamedTuple

from tests.unit.parse.samples import CNPJ, event, event_return, key

_SPACE = "http://www.portalfiscal.inf.br/"


class Sample(NamedTuple):
    """How one family names its elements; ``inside`` are the fields that its documents need, behind ``emit``."""

    model: str
    tag: str
    envelope: str
    body: str
    number: str
    inside: str

    @property
    def key(self) -> str:
        return key(self.model)

    @property
    def namespace(self) -> str:
        return _SPACE + self.tag.lower()

    def document(self, status: int = 100, of: str = "", answered: str = "", appended: str = "", ide: str = "") -> str:
        """A document with its protocol, whose answer is for the key ``answered``."""
        tag, found = self.tag, of or self.key
        return (
            f'<{self.envelope} xmlns="{self.namespace}" versao="1.00"><{tag}><{self.body} Id="{tag}{found}">'
            f"<ide><cUF>35</cUF><tpAmb>2</tpAmb><mod>{self.model}</mod><serie>1</serie><{self.number}>1234</{self.number}>"
            f"<dhEmi>2026-03-01T10:20:30-03:00</dhEmi><tpEmis>1</tpEmis>{ide}</ide><emit><CNPJ>{CNPJ}</CNPJ></emit>"
            f"{self.inside}</{self.body}></{tag}>{self.protocol(status, answered or found)}{appended}</{self.envelope}>"
        )

    def protocol(self, status: int, of: str) -> str:
        tag = self.tag
        return (
            f'<prot{tag} versao="1.00"><infProt><tpAmb>2</tpAmb><ch{tag}>{of}</ch{tag}>'
            "<dhRecbto>2026-03-01T10:21:00-03:00</dhRecbto><nProt>335260000000001</nProt>"
            f"<cStat>{status}</cStat><xMotivo>x</xMotivo></infProt></prot{tag}>"
        )

    def event(self, event_type: str, status: int = 135, wrapper: str = "") -> str:
        """An event with its return, in the family's own element or another."""
        tag, root = self.tag, wrapper or f"procEvento{self.tag}"
        asked = event(
            self.key, event_type, key_element=f"ch{tag}", element=f"evento{tag}", namespace=self.namespace,
            detail="<evento1><descEvento>x</descEvento></evento1>",
        )  # fmt: skip
        answer = event_return(self.key, event_type, status, f"ch{tag}", tag)
        return f'<{root} xmlns="{self.namespace}" versao="1.00">{asked}{answer}</{root}>'

    def query(self, status: int, inside: str = "") -> str:
        """The answer to a query for its key."""
        tag = self.tag
        return (
            f'<retConsSit{tag} xmlns="{self.namespace}" versao="1.00"><tpAmb>2</tpAmb><cStat>{status}</cStat>'
            f"<xMotivo>x</xMotivo><ch{tag}>{self.key}</ch{tag}>{inside}</retConsSit{tag}>"
        )


CTE = Sample("57", "CTe", "cteProc", "infCte", "nCT", "<vPrest><vTPrest>10.00</vTPrest></vPrest>")
MDFE = Sample("58", "MDFe", "mdfeProc", "infMDFe", "nMDF", "<tot><vCarga>10.00</vCarga></tot>")
BPE = Sample("63", "BPe", "bpeProc", "infBPe", "nBP", "<infValorBPe><vPgto>10.00</vPgto></infValorBPe>")
NFCOM = Sample("62", "NFCom", "nfcomProc", "infNFCom", "nNF", "<total><vNF>10.00</vNF></total>")
NF3E = Sample("66", "NF3e", "nf3eProc", "infNF3e", "nNF", "<total><vNF>10.00</vNF></total>")
