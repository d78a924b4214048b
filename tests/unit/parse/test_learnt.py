"""Reading by what was learnt agrees with libxml2 on what is well-formed, and with the tree on what it says."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.generate import documents
from tests.unit.parse.samples import CTE_KEY, CTE_NS, KEY, event, event_return, item, nfe, processed, protocol
from transforms.parse import learnt, reader, registry, tree
from transforms.parse.codes import Unparsable
from transforms.parse.learnt import Learnt
from transforms.parse.outline import Element
from transforms.parse.pattern import PatternWriter
from transforms.parse.plan import Plan
from transforms.parse.reader import XmlText
from transforms.parse.values import Reading

DOCUMENTS = (
    processed(nfe(items=item(1) + item(2, xProd="A > B") + item(3, vDesc="1.00", xProd="&lt;A&amp;"))),
    processed(nfe(dest="<dest><CPF/><xNome>  X\n Y </xNome></dest>").replace("><", ">\r\n  <")),
    processed(nfe().replace("</infNFe>", "</infNFe><infNFeSupl><qrCode><![CDATA[a&b]]></qrCode></infNFeSupl>")),
    nfe(ide=f"<mod>55</mod><NFref><refNFe>{KEY}</refNFe></NFref><NFref><refNFe>{CTE_KEY}</refNFe></NFref>"),
    nfe(ide=f"<NFref><refNFe> {KEY}\n</refNFe></NFref><NFref><refNFe/></NFref><NFref><refNFe>&amp;</refNFe></NFref>"),
    nfe(ide=f"<NFref><refNFe> {KEY}\n</refNFe></NFref><NFref><refNFe></refNFe></NFref>"),
    f'<procEventoNFe xmlns="x" versao="1.00">{event()}{event_return()}</procEventoNFe>',
    event(CTE_KEY, "110110", key_element="chCTe", element="eventoCTe", namespace=CTE_NS,
          detail="<evCCeCTe><infCorrecao><grupoAlterado>g</grupoAlterado></infCorrecao></evCCeCTe>"),
    f'<CTeSimp><infCte Id="CTe{CTE_KEY}"><toma><toma>0</toma><CNPJ>1</CNPJ></toma></infCte></CTeSimp>',
    protocol(),
    "<?xml version='1.0'?>\r\n" + nfe(root="<NFe xmlns:ds='urn:d' ds:a=\"1\">"),
)  # fmt: skip
PIECES = (
    "<", ">", "/", "</", "/>", "&amp;", "&", "&#1;", "&#65;", "&nbsp;", "\r\n", " ", '"', "'", "]]>", "]", "\x00",
    "\x0b", "\x1f", "\ufffe", "\uffff", "\x85", "<!-- <ide> -->", "<![CDATA[<vNF>1</vNF>]]>", "<![CDATA[x]]>",
    "<?pi x?>", "<vNF>1.00</vNF>", "<vNF>", "</vNF>", "<vNF/>", "<ide>", "</ide>", "<ide/>", "<det>", "</det>",
    '<det nItem="1">', "<infNFe>", "</infNFe>", "<NFe>", "</NFe>", "<toma>", "</toma>", "<emit x='>'>", "</emit>",
    "<x><x></x></x>", "<x>", "</x>", ">ide>", "x:", "<p:ide>", ' xmlns="y"', ' Id="z"', "<infProt>", "</infProt>",
    "<prod>", "</prod>", "1",
)  # fmt: skip


def open_text(text: str) -> XmlText:
    return reader.open_text(text.encode("utf-8", "surrogatepass"), 10**7)


def trained(texts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> dict[str, Learnt]:
    """What is learnt of the documents, by root; a pattern is made of each at once."""
    monkeypatch.setattr(learnt, "_FIRST_PATIENCE", 1)
    monkeypatch.setattr(learnt, "_MAX_PATIENCE", 1)
    monkeypatch.setattr(learnt, "_MAX_PAUSE", 0)
    found: dict[str, Learnt] = {}
    for text in texts:
        source = open_text(text)
        name = root_of(source)
        found.setdefault(name, Learnt(registry.SHAPES[name].node)).learn(source)
    return found


def root_of(source: XmlText) -> str:
    return tree.local_name(reader.parse_tree(source).tag)


def assert_alike(source: XmlText, reading: Reading, name: str) -> None:
    reader.check_well_formed(source)
    read = tree.read(reader.parse_tree(source), registry.SHAPES[name].node)
    for slot in Reading.__slots__:
        assert getattr(reading, slot) == getattr(read, slot), slot


def test_documents_are_read_as_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    found = trained(DOCUMENTS, monkeypatch)
    for document in DOCUMENTS:
        source = open_text(document)
        reading = found[root_of(source)].read(source)
        assert reading is not None, document
        assert_alike(source, reading, root_of(source))


FOUND: dict[str, Learnt] = {}


@pytest.fixture(scope="module", autouse=True)
def _learn_once() -> None:
    with pytest.MonkeyPatch.context() as patch:
        FOUND.update(trained(DOCUMENTS, patch))


edits = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 40), st.sampled_from(PIECES) | st.text(max_size=3)), max_size=4
)


@settings(max_examples=600)
@given(st.sampled_from(DOCUMENTS), edits)
def test_whatever_is_changed_is_read_alike_or_not_at_all(document: str, changes: list[tuple[int, int, str]]) -> None:
    name = root_of(open_text(document))
    text = document
    for at, length, piece in changes:
        at %= len(text) + 1
        text = text[:at] + piece + text[at + length :]
    try:
        source = open_text(text)
    except (Unparsable, UnicodeEncodeError):
        return
    reading = FOUND[name].read(source)
    if reading is not None:
        assert_alike(source, reading, name)


@settings(max_examples=300)
@given(st.sampled_from(DOCUMENTS), st.lists(st.tuples(st.integers(0, 400), st.sampled_from(PIECES)), max_size=5))
def test_pieces_put_between_tags_are_read_alike_or_not_at_all(document: str, inserts: list[tuple[int, str]]) -> None:
    name = root_of(open_text(document))
    parts = document.split("<")
    for at, piece in inserts:
        at = 1 + at % (len(parts) - 1)
        parts[at] += piece.removeprefix("<") if piece.startswith("<") else piece
    for text in ("<".join(parts), "<".join(parts).replace("<ide>", "<ide><x>1</x>")):
        try:
            source = open_text(text)
        except Unparsable:
            continue
        reading = FOUND[name].read(source)
        if reading is not None:
            assert_alike(source, reading, name)


def mutated(rng: random.Random, payload: bytes) -> bytes:
    """One to three changes: a byte, a piece put in or cut out, an element doubled, cut out or moved."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(payload) + 1)
        what = rng.randrange(5)
        piece = rng.choice(PIECES).encode()
        if what == 0:
            payload = payload[:at] + bytes((rng.randrange(256),)) + payload[at + 1 :]
        elif what == 1:
            payload = payload[:at] + piece + payload[at + rng.randrange(4) :]
        elif what == 2:
            at = payload.find(b"<", at) + rng.randrange(2)
            payload = payload[:at] + piece + payload[at:]
        else:
            begin = payload.find(b"<", at)
            end = payload.find(b">", payload.find(b"</", begin)) + 1
            element = payload[begin:end]
            payload = payload[:begin] + element * rng.randrange(3) + payload[end:]
            if what == 4:
                begin = payload.find(b"<", rng.randrange(len(payload) + 1))
                payload = payload[:begin] + element + payload[begin:]
    return payload


def test_generated_documents_changed_at_random_are_read_alike_or_not_at_all() -> None:
    rng = random.Random(5)
    known: dict[str, Learnt] = {}
    outcomes: Counter[str] = Counter()
    for generated in documents(7, 700):
        for payload in (generated.payload, *(mutated(rng, generated.payload) for _ in range(8))):
            outcomes[_read_and_learn(payload, known)] += 1
    assert min(outcomes[name] for name in ("read", "learnt", "refused")) > 500, outcomes


def _read_and_learn(payload: bytes, known: dict[str, Learnt]) -> str:
    try:
        source = reader.open_text(payload, 10**6)
        name = root_of(source)
    except Unparsable:
        name, source = "", None
    if source is None:
        # libxml2 refuses it: then so must everything that was learnt.
        return _refused(payload, known)
    if name not in registry.SHAPES:
        return "unknown"
    one = known.setdefault(name, Learnt(registry.SHAPES[name].node))
    reading = one.read(source)
    if reading is None:
        one.learn(source)
        return "learnt"
    assert_alike(source, reading, name)
    return "read"


def _refused(payload: bytes, known: dict[str, Learnt]) -> str:
    try:
        source = reader.open_text(payload, 10**6)
    except Unparsable:
        return "refused early"
    assert all(one.read(source) is None for one in known.values())
    return "refused"


def test_a_number_that_is_none_is_left_to_the_tree() -> None:
    for wrong in ("12,00", "1e3", "abc", "1" * 30, "1.0000000000"):
        assert FOUND["nfeProc"].read(open_text(processed(nfe(items=item(vProd=wrong))))) is None
    for right in ("", "0", "-1.5", "1" * 18 + ".123456789"):
        reading = FOUND["nfeProc"].read(open_text(processed(nfe(items=item(vProd=right)))))
        assert reading is not None
        assert reading.fields["items"][0].get("value", "") == right


@pytest.mark.parametrize("wrong", ["-1", "1.0", "1" * 19, "\u0663", "x"])
def test_a_whole_number_that_is_none_is_left_to_the_tree(wrong: str) -> None:
    document = DOCUMENTS[0].replace("<serie>1<", f"<serie>{wrong}<")
    assert FOUND["nfeProc"].read(open_text(document)) is None


def test_an_attribute_with_line_ends_is_left_to_the_tree() -> None:
    for blank in ("\n", "\t", "\r"):
        document = DOCUMENTS[0].replace('versao="4.00">', f'versao="4{blank}00">')
        assert FOUND["nfeProc"].read(open_text(document)) is None


@pytest.mark.parametrize("element", ["<xNome>Emitente</xNome>", "<enderEmit><UF>SP</UF></enderEmit>"])
def test_an_element_that_should_not_repeat_is_left_to_the_tree(element: str) -> None:
    once = nfe(emit=f"<CNPJ>1</CNPJ>{element}")
    twice = open_text(once.replace(element, element + element))
    one = Learnt(registry.SHAPES["NFe"].node)
    for _ in range(20):
        one.learn(open_text(once))
        one.learn(twice)
    assert one.read(open_text(once)) is not None
    assert one.read(twice) is None


def test_an_item_inside_an_item_is_no_item() -> None:
    inside = open_text(nfe(items=item(1).replace("<imposto>", f"<imposto>{item(9)}")))
    one = Learnt(registry.SHAPES["NFe"].node)
    for _ in range(20):
        one.learn(inside)
    reading = one.read(inside)
    assert reading is None or len(reading.fields["items"]) == 1


def test_parts_and_items_without_content_are_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    items = "<det/>" + item() + "<det nItem='2'/>"
    text = processed(nfe(items=items), '<protNFe><infProt xmlns="urn:x"/></protNFe>')
    source = open_text(text)
    reading = trained((text,), monkeypatch)["nfeProc"].read(source)
    assert reading is not None
    assert_alike(source, reading, "nfeProc")


def test_two_elements_for_one_column_are_left_to_the_tree() -> None:
    both = nfe(dest="<dest><CNPJ>98765432000198</CNPJ><CPF>1</CPF></dest>")
    source = open_text(both)
    one = Learnt(registry.SHAPES["NFe"].node)
    for _ in range(20):
        one.learn(source)
    assert one.read(source) is None
    assert one.read(open_text(both.replace("<CPF>1</CPF>", ""))) is not None


def test_what_is_learnt_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = []

    def counted(root: Element) -> Plan:
        lengths.append(len(PatternWriter().element(root)))
        return Plan(root)

    monkeypatch.setattr(learnt, "Plan", counted)
    one = Learnt(registry.SHAPES["NFe"].node)
    for number in range(600):
        extra = "".join(f"<x{number}y{n}>1</x{number}y{n}>" for n in range(20))
        one.learn(open_text(nfe(root=f'<NFe a{number}="1">', ide=f"<mod>55</mod><x{number}>{extra}</x{number}>")))
    assert 1 <= len(lengths) <= 8
    assert max(lengths) < 300_000


def test_a_deep_document_is_left_to_the_tree() -> None:
    one = Learnt(registry.SHAPES["NFe"].node)
    deep = open_text(nfe(emit="<x>" * 240 + "</x>" * 240))
    for _ in range(20):
        one.learn(deep)
    assert one.read(deep) is None


def test_odd_first_documents_are_forgotten() -> None:
    odd = nfe(ide="<nNF>1234</nNF><serie>1</serie><mod>55</mod>")
    usual = open_text(nfe())
    one = Learnt(registry.SHAPES["NFe"].node)
    for _ in range(20):
        one.learn(open_text(odd))
    for _ in range(200):
        if one.read(usual) is not None:
            return
        one.learn(usual)
    pytest.fail("the usual document was never learnt")
