"""Documents as an archive of many issuers has them: drawn from the XSD of the NF-e, no two programs alike.

Issuers follow Zipf's law: few issue most. Each has a program (``schema.Program``), which decides what optional elements
it writes, and a way of writing: white space, XML declaration, encoding, attributes of the root, envelope. Items follow
a skewed distribution: one or two mostly, now and then a hundred. An issuer's documents come in runs, as folders have
them, or one by one. What is drawn is the markup; texts have the form of their types and no sense.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path

from lxml import etree

from local.bench.schema import Drawing, Program, Schema
from transforms.access_key import check_digit

_NFE = "http://www.portalfiscal.inf.br/nfe"
_DECLARATIONS = ('<?xml version="1.0" encoding="UTF-8"?>', '<?xml version="1.0" encoding="utf-8"?>', "",
                 '<?xml version="1.0" encoding="UTF-8" standalone="no"?>', '<?xml version="1.0"?>')  # fmt: skip
_ITEM = re.compile('<det nItem="1"')
_XSI = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


class Issuer:
    """One issuer and the way that its program writes."""

    def __init__(self, schema: Schema, seed: int) -> None:
        rng = random.Random(seed)
        self.program = Program(schema, seed)
        self.number = f"{seed % 10**12:012d}"
        self.declaration = rng.choices(_DECLARATIONS, (50, 20, 15, 5, 10))[0]
        self.indent = rng.choices(("", "\n", "\r\n", "\n\t"), (82, 8, 6, 4))[0]
        self.bom = rng.random() < 0.05
        self.latin = rng.random() < 0.02
        self.extra = rng.choices(("", _XSI), (90, 10))[0]
        self.is_bare = rng.random() < 0.1
        self.repeats_namespace = rng.random() < 0.8
        self.comments = rng.random() < 0.005
        self.items = rng.choice((1, 1, 2, 3, 6, 12))

    def document(self, rng: random.Random) -> bytes:
        """One NF-e."""
        key = (
            f"352611{self.number}00{'55'}{rng.randrange(1000):03d}{rng.randrange(10**9):09d}1{rng.randrange(10**8):08d}"
        )
        key = key[:43] + check_digit(key[:43])
        items = max(1, min(300, round(rng.lognormvariate(0, 0.9) * self.items)))
        body = self._drawn(rng, {"Id": f"NFe{key}", "chNFe": key}, {"det": items}, "TNFe", "NFe")
        if not self.is_bare:
            answer = self._drawn(rng, {"chNFe": key}, {}, "TProtNFe", "protNFe")
            space = f' xmlns="{_NFE}"' if self.repeats_namespace else ""
            body = (
                f'<nfeProc versao="4.00" xmlns="{_NFE}">{body.replace("<NFe>", f"<NFe{space}>", 1)}{answer}</nfeProc>'
            )
        else:
            body = body.replace("<NFe>", f'<NFe xmlns="{_NFE}"{self.extra}>', 1)
        return self._encoded(body)

    def _drawn(self, rng: random.Random, fixed: dict[str, str], counts: dict[str, int], kind: str, name: str) -> str:
        said = {
            "versao": "4.00", "mod": "55", "cUF": "35", "tpAmb": "1", "dhEmi": "2026-11-05T10:20:30-03:00",
            "dhRecbto": "2026-11-05T10:20:35-03:00", "cStat": "100", "nItem": "1", **fixed,
        }  # fmt: skip
        drawing = Drawing(self.program, rng, said, counts)
        text = "".join(drawing.element(etree.Element("element", name=name, type=kind), ()))
        number = count(1)
        return _ITEM.sub(lambda match: f'<det nItem="{next(number)}"', text)

    def _encoded(self, body: str) -> bytes:
        if self.indent:
            body = body.replace("><", f">{self.indent}<")
        if self.comments:
            body = body.replace("</ide>", "</ide><!-- fim da identificacao -->", 1)
        if self.latin:
            return f'<?xml version="1.0" encoding="ISO-8859-1"?>{body}'.encode("iso-8859-1")
        return (b"\xef\xbb\xbf" if self.bom else b"") + f"{self.declaration}{body}".encode()


@cache
def _schema() -> Schema:
    import nfelib

    folder = Path(nfelib.__file__).parent / "nfe" / "schemas" / "v4_0"
    return Schema(folder / "procNFe_v4.00.xsd")


def archive(seed: int, issuers: int = 2000, run: int = 1) -> Iterator[bytes]:
    """NF-e of many issuers without end, ``run`` of one in a row."""
    rng = random.Random(seed)
    weights = [1 / (n + 1) for n in range(issuers)]
    known: dict[int, Issuer] = {}
    while True:
        [number] = rng.choices(range(issuers), weights)
        if number not in known:
            known[number] = Issuer(_schema(), number)
        issuer = known[number]
        for _ in range(run):
            yield issuer.document(rng)
