"""Both ways to read a document read the same, of generated documents and of damaged and hostile ones."""

from __future__ import annotations

import random
import threading
from collections import Counter
from contextlib import suppress
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.generate import documents, leaves
from tests.unit.parse.samples import CTE_KEY, CTE_NS, KEY, event, event_return, item, nfe, processed, protocol, raw
from transforms.parse import outline, reader, registry, sax, tree, values, ways
from transforms.parse.codes import Unparsable
from transforms.parse.layout import Field, Node, text
from transforms.parse.parser import DEFAULTS, parse
from transforms.parse.values import Reading

pytestmark = pytest.mark.skipif(bool(sax.MISSING), reason=sax.MISSING)

DOCUMENTS = (
    processed(nfe(items=item(1) + item(2, xProd="A > B") + item(3, vDesc="1.00", xProd="&lt;A&amp;"))),
    processed(nfe(dest="<dest><CPF/><xNome>  X\n Y </xNome></dest>").replace("><", ">\r\n  <")),
    processed(nfe().replace("</infNFe>", "</infNFe><infNFeSupl><qrCode><![CDATA[a&b]]></qrCode></infNFeSupl>")),
    nfe(ide=f"<mod>55</mod><NFref><refNFe>{KEY}</refNFe></NFref><NFref><refNFe>{CTE_KEY}</refNFe></NFref>"),
    nfe(ide=f"<NFref><refNFe> {KEY}\n</refNFe></NFref><NFref><refNFe/></NFref><NFref><refNFe>&amp;</refNFe></NFref>"),
    nfe(emit="<CNPJ>1</CNPJ><CPF>2</CPF><xNome>a<!-- b --><![CDATA[c]]><?d e?>f<g/>h</xNome><xNome>i</xNome>"),
    nfe(items="<det/>" + item() + "<det nItem='2'/>" + item(1).replace("<imposto>", f"<imposto>{item(9)}")),
    nfe(emit="<xNome>\u00a0\u2003Jo\u00e3o\u2003</xNome><CNPJ>12.345.678/0001-95</CNPJ><CPF>\u0663</CPF>"),
    processed(nfe(), '<protNFe><infProt xmlns="urn:x"/></protNFe><protNFe>' + protocol() + "</protNFe>"),
    f'<procEventoNFe xmlns="x" versao="1.00">{event()}{event_return()}</procEventoNFe>',
    event(CTE_KEY, "110110", key_element="chCTe", element="eventoCTe", namespace=CTE_NS,
          detail="<evCCeCTe><infCorrecao><grupoAlterado>g</grupoAlterado></infCorrecao></evCCeCTe>"),
    f'<CTeSimp><infCte Id="CTe{CTE_KEY}"><toma><toma>0</toma><CNPJ>1</CNPJ></toma></infCte></CTeSimp>',
    protocol(),
    "<?xml version='1.0'?>\r\n" + nfe(root="<NFe xmlns:ds='urn:d' ds:Id=\"1\" Id='&lt;&#65;&amp;\n\t&quot;'>"),
    nfe(root='<n:NFe xmlns:n="urn:n" xmlns="urn:o">', emit="<n:CNPJ>1</n:CNPJ>").replace("</NFe>", "</n:NFe>"),
    nfe(emit="<x>" * 60 + "</x>" * 60),
)  # fmt: skip
PIECES = (
    "<", ">", "/", "</", "/>", "&amp;", "&", "&#1;", "&#65;", "&#xE9;", "&nbsp;", "\r\n", " ", '"', "'", "]]>", "]",
    "\x00", "\x0b", "\x1f", "\ufffe", "\uffff", "\x85", "\u00a0", "<!-- <ide> -->", "<![CDATA[<vNF>1</vNF>]]>",
    "<![CDATA[x]]>", "<![CDATA[]]>", "<!DOCTYPE a>", "<!ENTITY a 'b'>", "<?pi x?>", "<vNF>1.00</vNF>", "<vNF>",
    "</vNF>", "<vNF/>", "<ide>", "</ide>", "<ide/>", "<det>", "</det>", '<det nItem="1">', "<infNFe>", "</infNFe>",
    "<NFe>", "</NFe>", "<toma>", "</toma>", "<emit x='>'>", "</emit>", "<x><x></x></x>", "<x>", "</x>", ">ide>", "x:",
    "<p:ide>", "<p:q:ide>", ' xmlns="y"', ' xmlns:p="y"', ' xmlns:p=""', ' xml:id="1"', ' Id="z"', ' p:Id="z"',
    ' Id="z" Id="z"', "<infProt>", "</infProt>", "<prod>", "</prod>", "1", "12,00", "-1", "1e3", "9" * 20, "\u0663",
    "<x>" * 200 + "</x>" * 200, "<x>" * 300 + "</x>" * 300,
)  # fmt: skip


def compared(payload: bytes) -> str:
    """Reads bytes in both ways, and says what came of it."""
    try:
        source = reader.open_text(payload, 10**7)
    except Unparsable:
        return "refused early"
    try:
        root = reader.parse_tree(source)
    except Unparsable:
        # Then so must be whatever the layout.
        assert all(sax.read(source.data, registry.SHAPES[name].node) is None for name in ("nfeProc", "procEventoNFe"))
        return "refused"
    shape = registry.shape_of(tree.local_name(root.tag), registry.SHAPES, source.text)
    if shape is None:
        return "unknown"
    return assert_alike(source.data, shape.node, tree.read(root, shape.node))


def assert_alike(data: bytes, node: Node, expected: Reading) -> str:
    reading = sax.read(data, node)
    if reading is None:
        return "left to the tree"
    for slot in Reading.__slots__:
        assert getattr(reading, slot) == getattr(expected, slot), slot
    assert list(reading.fields) == list(expected.fields)
    return "read"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_odd_documents_are_read_alike(document: str) -> None:
    assert compared(document.encode()) == "read"


def read(data: bytes, node: Node) -> Reading:
    reading = sax.read(data, node)
    assert reading is not None
    return reading


edits = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 40), st.sampled_from(PIECES) | st.text(max_size=3)), max_size=4
)


@settings(max_examples=600)
@given(st.sampled_from(DOCUMENTS), edits)
def test_whatever_is_changed_is_read_alike(document: str, changes: list[tuple[int, int, str]]) -> None:
    changed = document
    for at, length, piece in changes:
        at %= len(changed) + 1
        changed = changed[:at] + piece + changed[at + length :]
    compared(changed.encode("utf-8", "surrogatepass"))


@settings(max_examples=300)
@given(st.sampled_from(DOCUMENTS), st.lists(st.tuples(st.integers(0, 400), st.sampled_from(PIECES)), max_size=5))
def test_pieces_put_between_tags_are_read_alike(document: str, inserts: list[tuple[int, str]]) -> None:
    parts = document.split("<")
    for at, piece in inserts:
        at = 1 + at % (len(parts) - 1)
        parts[at] += piece.removeprefix("<") if piece.startswith("<") else piece
    compared("<".join(parts).encode())


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


def test_generated_documents_of_all_types_changed_at_random_are_read_alike() -> None:
    rng = random.Random(5)
    outcomes: Counter[str] = Counter()
    for generated in documents(7, 700):
        for payload in (generated.payload, *(mutated(rng, generated.payload) for _ in range(8))):
            outcomes[compared(payload)] += 1
    assert outcomes["read"] > 1000 and outcomes["refused"] > 500 and outcomes["left to the tree"] < 300, outcomes


def test_both_ways_give_the_same_records_and_the_same_refusals() -> None:
    rng = random.Random(6)
    kinds: Counter[str] = Counter()
    for generated in documents(8, 300):
        for payload in (generated.payload, mutated(rng, generated.payload)):
            read: Counter[str] = Counter()
            found = parse(raw(payload), DEFAULTS, lambda way, read=read: read.update((way,)))
            kinds.update(read)
            assert found == parse(raw(payload), DEFAULTS._replace(way=ways.TREE))
    assert kinds["sax"] > 300


def test_every_generated_document_that_is_whole_is_read_from_events() -> None:
    for generated in documents(9, 300, broken=0):
        for leaf in leaves(generated):
            assert compared(leaf.payload) in ("read", "unknown")


class Told:
    """Keeps what is told of an envelope whose entries have names that end in an even letter."""

    leaves = frozenset(("CNPJ", "xNome"))
    mark = b"H4sI"

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.found: list[object] = []

    def root(self, name: str, namespace: str) -> None:
        self.found.append((name, namespace))

    def is_entry(self, name: str) -> bool:
        return ord(name[-1]) % 2 == 0

    def exceeds(self, is_namespaces: bool) -> None:
        self.found.append(("exceeds", is_namespaces))
        raise Unparsable("too_large", "")

    def entry(self, name: str, start: int, behind: int, namespaces: dict[str, str]) -> None:
        element = self.data[start:behind]
        assert element.startswith(b"<") and element.endswith(b">") and name.encode() in element
        self.found.append((name, start, behind, namespaces))

    def leaf(self, name: str, start: int, behind: int, namespaces: dict[str, str], text: str, nsu: str | None) -> None:
        if name in self.leaves or "<" in text or "H4sI" in text:
            self.found.append((name, start, behind, namespaces, text, nsu))


def outlined(data: bytes, limit: int, is_shallow: bool) -> bool:
    """Whether libxml2 tells of a document; then expat tells the same."""
    by_libxml2, by_expat = Told(data), Told(data)
    with suppress(Unparsable):
        if not sax.outline(data, by_libxml2, limit, is_shallow):
            return False
    try:
        outline.tell(data, by_expat, limit, is_shallow)
    except Unparsable as refused:
        if refused.code == "not_xml":
            # It knows the fourth edition of XML, and libxml2 the fifth.
            return False
    assert by_libxml2.found == by_expat.found
    return True


ENVELOPES = (
    '<a xmlns="urn:a" xmlns:p="urn:p"><b xmlns:p="urn:q" xmlns="urn:a"><p:d p:x="1"/></b><d xmlns="" NSU="1">x</d></a>',
    '<s:e xmlns:s="urn:s"><CNPJ/><CNPJ NSU="7" xmlns:t="u">1<!-- c -->2<![CDATA[<3]]></CNPJ><f><f/></f ></s:e>',
    "<c><c NSU='&lt;&#10;' s='2'> H4sI&#x41;</c><c>&amp;H4</c><c a='>'>&lt;<c/>&lt;</c><e><![CDATA[<f/>]]></e></c>",
    "<xml:c><c xmlns:z='urn:z&amp;'><c>" + "<z:d/>" * 40 + "</c></c></xml:c>",
    "<c>" * 120 + "<d>" * 120 + "</d>" * 120 + "</c>" * 120,
)


def test_envelopes_are_told_alike_by_libxml2_and_expat() -> None:
    rng = random.Random(11)
    outcomes: Counter[bool] = Counter()
    generated = (generated.payload for generated in documents(12, 300))
    for payload in (*map(str.encode, (*ENVELOPES * 60, *DOCUMENTS)), *generated):
        for changed in (payload, *(mutated(rng, payload) for _ in range(4))):
            try:
                source = reader.open_text(changed, 10**7)
            except Unparsable:
                continue
            outcomes[outlined(source.data, rng.choice((3, 10**6)), rng.random() < 0.2)] += 1
    assert outcomes[True] > 800 and outcomes[False] > 100, outcomes


def test_a_defect_of_who_is_told_is_raised_once_the_document_is_known_to_be_whole() -> None:
    class Failing(Told):
        def entry(self, *_: object) -> None:
            raise ZeroDivisionError

    for data in (b"<a><b/></a>", b"<a>" + b"<b>x</b>" * 9 + b"</a>"):
        with pytest.raises(ZeroDivisionError):
            sax.outline(data, Failing(data), 9)
        assert not sax.outline(data + b"<", Failing(data), 9)
    deep = b"<a>" + b"<b>" * 140 + b"</b>" * 140 + b"</a>"
    assert not sax.outline(deep, Told(deep), 9)
    assert not sax.outline(deep.replace(b"b", b"c"), Told(deep), 900)


def test_what_putters_make_of_a_text_does_not_depend_on_the_way() -> None:
    node = Node()
    for number, put in enumerate((None, *(getattr(values, name) for name in dir(values) if name.startswith("put_")))):
        node.add(f"a{number}", Field(f"field{number}", put))
        node.add(f"@b{number}", Field(f"attribute{number}", put))
    texts = (
        "0", "1", "-1", "--1", "+1", "1.", ".1", "-", "1.5", "1.5.5", "1" * 18, "1" * 19, "1" * 38, "1" * 39,
        "1." + "1" * 9, "1." + "1" * 10, "1." + "1" * 38, "1." + "1" * 39, "-" + "1" * 18, "\u0661", "1\u0661", "1 2",
        "\u00a012\u00a0", "\u00a0", " \u00a0 1", "20260301", "2026-03-01", "2026-02-30", "12.345.678/0001-95", "12abc",
        "2026-03-01T10:00:00-03:00", "\u00e9", "x\u00e9", "9223372036854775807", "007",
    )  # fmt: skip
    for one in texts:
        inside = "".join(f"<a{n}> {one}\n</a{n}>" for n in range(20))
        attributes = "".join(f" b{n}=' {one}'" for n in range(20))
        data = f"<x{attributes}>{inside}</x>".encode()
        source = reader.open_text(data, 10**6)
        assert assert_alike(data, node, tree.read(reader.parse_tree(source), node)) == "read", one


def test_what_only_the_tree_tells_is_left_to_it() -> None:
    node = registry.SHAPES["NFe"].node
    deep = nfe(emit="<x>" * 140 + "</x>" * 140).encode()
    undeclared = nfe(emit="<p:CNPJ>1</p:CNPJ>").encode()
    for data in (deep, undeclared, b"<NFe>", b"<NFe/>x", b"", b"<!DOCTYPE a [<!ENTITY b 'c'>]><NFe>&b;</NFe>"):
        assert sax.read(data, node) is None
    assert sax.read(nfe().encode(), node) is not None


def test_a_defect_of_a_putter_is_raised_and_spoils_nothing() -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    node = Node()
    node.add("a", Field("a", fail))
    node.add("b/c", text("c"))
    for data in (b"<x><a>1</a><b><c>2</c></b></x>", b"<x><b><c>2</c></b><a>1</a><b/></x>"):
        with pytest.raises(ZeroDivisionError):
            sax.read(data, node)
        assert sax.read(data + b"<", node) is None
        reading = sax.read(b"<x><b><c>2</c></b></x>", node)
        assert reading is not None and reading.fields == {"c": "2"}


def test_a_putter_may_read_another_document() -> None:
    inner = registry.SHAPES["NFe"].node

    def nested(target: dict[str, object], column: str, _: str, __: Reading) -> None:
        target[column] = read(nfe().encode(), inner).fields

    node = Node()
    node.add("a", Field("a", nested))
    node.add("b", text("b"))
    reading = sax.read(b"<x><a>1</a><b>2</b></x>", node)
    assert reading is not None and reading.fields["b"] == "2" and reading.fields["a"]["number"] == 1234


def test_threads_read_beside_one_another() -> None:
    node = registry.SHAPES["nfeProc"].node
    sources = [processed(nfe(items=item(n, xProd=f"p{n}"))).encode() for n in range(9)]
    expected = [read(data, node).fields for data in sources]
    wrong: list[object] = []

    def work() -> None:
        for _ in range(300):
            for data, fields in zip(sources, expected, strict=True):
                if read(data, node).fields != fields:
                    wrong.append(fields)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_without_the_compiled_module_the_tree_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = parse(raw(processed()))
    monkeypatch.setattr(sax, "MISSING", "not compiled")
    read: Counter[str] = Counter()
    assert parse(raw(processed()), DEFAULTS, lambda way: read.update((way,))) == expected
    assert read == {"tree": 1}
    assert ways.told().startswith("tree, libxml2 ") and "not compiled" in ways.told()


def test_it_is_not_used_with_another_libxml2_or_one_that_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    other = SimpleNamespace(LIBXML_VERSION=(2, 9, 1), __file__=sax.etree.__file__)
    with monkeypatch.context() as patch:
        patch.setattr(sax, "etree", other)
        assert "lxml has 2.9.1" in sax._attach()
    for wrong in ("/nowhere.so", "libc.so.6"):
        with pytest.raises(ImportError):
            sax.compiled.attach(wrong)
    assert sax.read(nfe().encode(), registry.SHAPES["NFe"].node) is not None
