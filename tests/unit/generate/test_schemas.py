"""Every generated type against the official schemas that nfelib ships; what they cannot judge is listed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import nfelib
import pytest
from lxml import etree

from local.generate import STORIES, Generated, Rng, documents, world_of
from local.generate.nfe import nfe
from local.generate.nfe_groups import ICMS, every_group
from local.generate.nfe_options import Options
from local.generate.nfse import EVENT_TYPES
from transforms.parse.codes import INSTANT_WITHOUT_OFFSET

_ROOT = Path(nfelib.__file__).parent
_NFE, _CTE, _MDFE, _NF3E = "nfe/schemas/v4_0", "cte/schemas/v4_0", "mdfe/schemas/v3_0", "nf3e/schemas/v1_0"
_DIST = "nfe_dist_dfe/schemas/v1_0"
_NFSE = "nfse/schemas/v1_0"

SCHEMA_OF = {
    "nfe": f"{_NFE}/procNFe_v4.00.xsd",
    "nfce": f"{_NFE}/procNFe_v4.00.xsd",
    "cte": f"{_CTE}/procCTe_v4.00.xsd",
    "cteos": f"{_CTE}/procCTeOS_v4.00.xsd",
    "mdfe": f"{_MDFE}/procMDFe_v3.00.xsd",
    "nf3e": f"{_NF3E}/procNF3e_v1.00.xsd",
    "nfe_110110": "nfe_evento_cce/schemas/v1_0/procCCeNFe_v1.00.xsd",
    "nfe_110111": "nfe_evento_cancel/schemas/v1_0/procEventoCancNFe_v1.00.xsd",
    "nfe_110112": "nfe_evento_generico/schemas/v1_0/procEventoNFe_v1.00.xsd",
    "nfe_110140": "nfe_epec/schemas/v1_0/procEPEC_v1.00.xsd",
    "nfe_119990": "nfe_evento_generico/schemas/v1_0/procEventoNFe_v1.00.xsd",
    "nfe_210200": "nfe_evento_mde/schemas/v1_0/procConfRecebtoNFe_v1.00.xsd",
    "nfe_210210": "nfe_evento_mde/schemas/v1_0/procConfRecebtoNFe_v1.00.xsd",
    "nfe_210220": "nfe_evento_mde/schemas/v1_0/procConfRecebtoNFe_v1.00.xsd",
    "nfe_210240": "nfe_evento_mde/schemas/v1_0/procConfRecebtoNFe_v1.00.xsd",
    "cte_110110": f"{_CTE}/procEventoCTe_v4.00.xsd",
    "cte_110111": f"{_CTE}/procEventoCTe_v4.00.xsd",
    "cte_110180": f"{_CTE}/procEventoCTe_v4.00.xsd",
    "cte_110181": f"{_CTE}/procEventoCTe_v4.00.xsd",
    "cte_610110": f"{_CTE}/procEventoCTe_v4.00.xsd",
    "cteos_110111": f"{_CTE}/procEventoCTe_v4.00.xsd",
    "mdfe_110111": f"{_MDFE}/procEventoMDFe_v3.00.xsd",
    "mdfe_110112": f"{_MDFE}/procEventoMDFe_v3.00.xsd",
    "mdfe_110114": f"{_MDFE}/procEventoMDFe_v3.00.xsd",
    "nf3e_110111": f"{_NF3E}/procEventoNF3e_v1.00.xsd",
    "nfse": f"{_NFSE}/NFSe_v1.01.xsd",
    "dps": f"{_NFSE}/DPS_v1.01.xsd",
    "pedRegEvento": f"{_NFSE}/pedRegEvento_v1.01.xsd",
    **{f"nfse_{event_type}": f"{_NFSE}/evento_v1.01.xsd" for event_type in EVENT_TYPES},
    "voided_range": f"{_NFE}/procInutNFe_v4.00.xsd",
    "resNFe": f"{_DIST}/resNFe_v1.01.xsd",
    "resEvento": f"{_DIST}/resEvento_v1.01.xsd",
    "protocol": f"{_NFE}/retConsSitNFe_v4.00.xsd",
    "distribution": f"{_DIST}/retDistDFeInt_v1.01.xsd",
    "batch": f"{_NFE}/enviNFe_v4.00.xsd",
    "event_batch": "nfe_evento_generico/schemas/v1_0/envEvento_v1.00.xsd",
    "event_answers": "nfe_evento_generico/schemas/v1_0/retEnvEvento_v1.00.xsd",
}

# What a schema leaves open with xs:any has a schema of its own: by the name of the element that fills it.
INNER = {
    "rodo": {"cte": f"{_CTE}/cteModalRodoviario_v4.00.xsd", "mdfe": f"{_MDFE}/mdfeModalRodoviario_v3.00.xsd"},
    "rodoOS": {"cteos": f"{_CTE}/cteModalRodoviarioOS_v4.00.xsd"},
    "evCancCTe": f"{_CTE}/evCancCTe_v4.00.xsd",
    "evCCeCTe": f"{_CTE}/evCCeCTe_v4.00.xsd",
    "evCECTe": f"{_CTE}/evCECTe_v4.00.xsd",
    "evCancCECTe": f"{_CTE}/evCancCECTe_v4.00.xsd",
    "evPrestDesacordo": f"{_CTE}/evPrestDesacordo_v4.00.xsd",
    "evCancMDFe": f"{_MDFE}/evCancMDFe_v3.00.xsd",
    "evEncMDFe": f"{_MDFE}/evEncMDFe_v3.00.xsd",
    "evIncCondutorMDFe": f"{_MDFE}/evIncCondutorMDFe_v3.00.xsd",
    "evCancNF3e": f"{_NF3E}/evCancNF3e_v1.00.xsd",
}

LETTERS = "the schema still asks for digits alone in the Id"
OLD_LAYOUT = "no schema of layout 3.10 is shipped"
UNSIGNED = "the schema asks for a signature"
INCOMPLETE = "the schema asks for the envelope to be complete"
ODD = "its instant lacks the offset, on purpose"
OTHER_BYTES = "changed on purpose: prefix, namespace or comments"


# Of infMDFe, infEvento of NF-e, infInut, NFS-e: their schemas ask for digits; infNFe and infCte know letters.
_ID_WITH_LETTERS = re.compile(
    rb'(Id="(?:NFS|DPS|EVT|PRE)|<infMDFe [^>]*Id="MDFe|<evento [^>]*><infEvento Id="ID|<infInut Id="ID)\d*[A-Z]'
)


def not_judged(generated: Generated) -> str:
    """Why no schema can judge this input, empty when one can."""
    payload = generated.payload
    if INSTANT_WITHOUT_OFFSET in generated.findings:
        return ODD
    if _ID_WITH_LETTERS.search(payload):
        return LETTERS
    if b'versao="3.10"' in payload:
        return OLD_LAYOUT
    if b"<ns0:" in payload or b"<!--" in payload or b"xmlns=" not in payload.partition(b"<Signature")[0]:
        return OTHER_BYTES
    if generated.what in ("dps", "pedRegEvento"):
        return ""
    if generated.form in ("bare", "return"):
        return INCOMPLETE if b"Proc " in payload[:120] else UNSIGNED if b"<Signature" not in payload else "bare"
    return ""


@cache
def schema(path: str) -> etree.XMLSchema:
    """A schema of nfelib by its path in the package."""
    return etree.XMLSchema(etree.parse(_ROOT / path))


def parse(payload: bytes) -> etree._Element:
    """The root, read strictly: no network, no entities."""
    return etree.fromstring(payload.lstrip(), etree.XMLParser(resolve_entities=False, no_network=True))


def errors(generated: Generated) -> list[str]:
    """What the schemas find wrong with a generated input, its open parts included."""
    root = parse(generated.payload)
    if generated.what == "voided_range":
        # The schema knows one spelling of the root, archives hold both.
        root.tag = root.tag.replace("}procInut", "}ProcInut")
    found = _validate(SCHEMA_OF[generated.what], root)
    for element in root.iter(etree.Element):
        inner = INNER.get(etree.QName(element).localname)
        if isinstance(inner, dict):
            inner = inner.get(generated.what)
        if inner:
            found += _validate(inner, etree.fromstring(etree.tostring(element)))
    return found


def _validate(path: str, root: etree._Element) -> list[str]:
    checked = schema(path)
    if checked.validate(root):
        return []
    return [f"{path}: {error.message}" for error in checked.error_log]


_COUNT = 2_500


@pytest.fixture(scope="module")
def generated() -> list[Generated]:
    # The many events of NFS-e are rare in the mix.
    return list(_flat(chain(documents(11, _COUNT), documents(12, 150, nfse_answered=1, nfse_cancelled=1))))


def _flat(stream: Iterator[Generated]) -> Iterator[Generated]:
    for generated in stream:
        yield generated
        yield from generated.entries


def test_every_type_is_valid_by_its_schema(generated: list[Generated]) -> None:
    wrong: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    for one in generated:
        if one.what in SCHEMA_OF and not not_judged(one):
            judged[one.what] += 1
            wrong.update(f"{one.what}: {message}" for message in errors(one))
    assert not wrong, wrong.most_common(5)
    assert set(judged) == set(SCHEMA_OF)


def test_what_the_schemas_cannot_judge_is_known(generated: list[Generated]) -> None:
    without_schema = {one.what for one in generated} - set(SCHEMA_OF)
    assert without_schema == {"soap", "retEvento", "adn", "cfe", "cfe_110111"}
    reasons = Counter(not_judged(one) for one in generated)
    known = {LETTERS, OLD_LAYOUT, UNSIGNED, INCOMPLETE, ODD, OTHER_BYTES, "bare", ""}
    assert set(reasons) == known
    assert reasons[""] > 0.9 * len(generated)


def test_a_bare_document_is_the_element_that_its_envelope_holds() -> None:
    for n in range(20):
        document = nfe(Rng(f"bare/{n}"), world_of(11))
        assert document.element in document.processed_text()
        assert document.element.encode() in document.bare().payload


@pytest.mark.parametrize("story", ["nfe", "nfce", "cte"])
def test_letters_in_keys_are_valid_where_the_schema_knows_them(story: str) -> None:
    lettered = [one for one in documents(12, 400, **{story: 1}) if not one.key.isdigit()]
    assert len(lettered) > 5
    assert [message for one in lettered for message in errors(one)] == []


def test_an_nfe_of_the_most_items_is_valid() -> None:
    document = nfe(Rng("many"), world_of(11), options=Options(items=990))
    assert errors(document.processed()) == []
    assert document.element.count("<det nItem=") == 990


def test_a_schema_refuses_a_document_with_a_missing_field() -> None:
    whole = nfe(Rng("checked"), world_of(11)).processed()
    cut = whole.payload.replace(b"<tpImp>1</tpImp>", b"")
    assert any("tpEmis" in message for message in errors(whole._replace(payload=cut)))


def test_every_story_can_be_told() -> None:
    for name in STORIES:
        assert all(one.payload for one in documents(13, 3, **{name: 1})), name


def test_an_nfe_of_every_group_of_taxes_is_valid() -> None:
    document = every_group(Rng("groups"), world_of(11))
    assert errors(document.processed()) == []
    assert {f"<{group}>" in document.element for group in ICMS} == {True}
