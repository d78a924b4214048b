"""Documents drawn at random from the schemas of each family have no findings but those of what is drawn: any text."""

from __future__ import annotations

import random
from pathlib import Path

import nfelib
import pytest
from lxml import etree

from local.bench.schema import Drawing, Program, Schema
from tests.unit.parse.samples import CNPJ, key, parsed

_ROOT = Path(nfelib.__file__).parent
# Schema, type, element and what stands before the key in its Id.
_DRAWN = {
    "57": ("cte/schemas/v4_0/procCTe_v4.00.xsd", "TCTe", "CTe", "CTe"),
    "67": ("cte/schemas/v4_0/procCTeOS_v4.00.xsd", "TCTeOS", "CTeOS", "CTe"),
    "57 simplified": ("cte/schemas/v4_0/procCTeSimp_v4.00.xsd", "TCTeSimp", "CTeSimp", "CTe"),
    "64": ("cte/schemas/v4_0/procGTVe_v4.00.xsd", "TGTVe", "GTVe", "CTe"),
    "58": ("mdfe/schemas/v3_0/procMDFe_v3.00.xsd", "TMDFe", "MDFe", "MDFe"),
    "62": ("nfcom/schemas/v1_0/procNFCom_v1.00.xsd", "TNFCom", "NFCom", "NFCom"),
    "66": ("nf3e/schemas/v1_0/procNF3e_v1.00.xsd", "TNF3e", "NF3e", "NF3e"),
    "63": ("bpe/schemas/v1_0/procBPe_v1.00.xsd", "TBPe", "BPe", "BPe"),
    "63 urban": ("bpe/schemas/v1_0/procBPeTM_v1.00.xsd", "TBPeTM", "BPeTM", "BPe"),
}
# No text that is drawn is a certificate, and the issuer may be a person with any number.
_EXPECTED = {"certificate_unreadable", "key_issuer_mismatch"}


@pytest.mark.parametrize("what", _DRAWN)
def test_what_the_schema_allows_is_no_finding(what: str) -> None:
    path, kind, name, prefix = _DRAWN[what]
    schema, model = Schema(_ROOT / path), what[:2]
    access_key = key(model)
    said = {
        "mod": model, "cUF": "35", "tpAmb": "1", "dhEmi": "2026-03-05T10:20:30-03:00", "serie": "1", "tpEmis": "1",
        "nCT": "1234", "nMDF": "1234", "nNF": "1234", "nBP": "1234", "CNPJ": CNPJ, "Id": prefix + access_key,
    }  # fmt: skip
    space = f"http://www.portalfiscal.inf.br/{Path(path).parts[0]}"
    for seed in range(15):
        drawing = Drawing(Program(schema, seed), random.Random(seed), said, {})
        text = "".join(drawing.element(etree.Element("element", name=name, type=kind), ()))
        record = parsed(text.replace(f"<{name}", f'<{name} xmlns="{space}"', 1))
        assert record.key == access_key
        assert set(record.findings) <= _EXPECTED, seed
        assert ("total" in record.fields) == (model != "64")
