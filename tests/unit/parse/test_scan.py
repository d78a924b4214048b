"""The two ways of reading agree: from the text (``scan``) and from the tree."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.parse.samples import CTE_KEY, CTE_NS, KEY, event, event_return, item, nfe, processed, protocol
from transforms.parse import reader, registry, scan, tree
from transforms.parse.codes import Refused
from transforms.parse.markup import Surprise
from transforms.parse.reader import Source
from transforms.parse.values import Reading

DOCUMENTS = (
    processed(nfe(items=item(1) + item(2, xProd="A > B") + item(3, vDesc="1.00", xProd="&lt;&#65;"))),
    processed(nfe(dest="<dest><CPF/><xNome>  X\n Y </xNome></dest>").replace("><", ">\r\n  <")),
    nfe(ide=f"<mod>55</mod><NFref><refNFe>{KEY}</refNFe></NFref><NFref><refNFe>{CTE_KEY}</refNFe></NFref>"),
    f'<procEventoNFe xmlns="x" versao="1.00">{event()}{event_return()}</procEventoNFe>',
    event(CTE_KEY, "110110", key_element="chCTe", element="eventoCTe", namespace=CTE_NS,
          detail="<evCCeCTe><infCorrecao><grupoAlterado>g</grupoAlterado></infCorrecao></evCCeCTe>"),
    f'<CTeSimp><infCte Id="CTe{CTE_KEY}"><toma><toma>0</toma><CNPJ>1</CNPJ></toma></infCte></CTeSimp>',
    protocol(),
)  # fmt: skip
PIECES = (
    "<", ">", "/", "</", "/>", "&amp;", "&", "\r\n", " ", '"', "<!-- <ide> -->", "<![CDATA[<vNF>1</vNF>]]>", "<?pi x?>",
    "<vNF>1.00</vNF>", "<vNF>", "</vNF>", "<vNF/>", "<ide>", "</ide>", "<ide/>", "<det>", "</det>", '<det nItem="1">',
    "<infNFe>", "</infNFe>", "<NFe>", "</NFe>", "<toma>", "</toma>", "<emit x='>'>", "</emit>", "<x><x></x></x>", "<x>",
    "</x>", ">ide>", "x:", "<p:ide>", ' xmlns="y"', ' Id="z"', "<infProt>", "</infProt>", "<prod>", "</prod>", "1",
)  # fmt: skip


def read_both(source: Source) -> tuple[Reading | None, Reading] | None:
    """What each way reads; None for the text where it gives up, None at all where there is nothing to read."""
    root = reader.parse_tree(source)
    shape = registry.shape_of(tree.local_name(root.tag))
    if shape is None:
        return None
    try:
        scanned = scan.read(source.text, source.start, shape.node)
    except Surprise:
        scanned = None
    return scanned, tree.read(root, shape.node)


def assert_alike(scanned: Reading, read: Reading) -> None:
    for name in Reading.__slots__:
        assert getattr(scanned, name) == getattr(read, name), name


def test_documents_are_read_alike_and_without_a_tree() -> None:
    for document in DOCUMENTS:
        # Twice: the first time learns, the second uses what was learnt.
        for _ in range(2):
            both = read_both(reader.open_source(document.encode(), 10**7))
            assert both is not None
            scanned, read = both
            assert scanned is not None
            assert_alike(scanned, read)


edits = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 40), st.sampled_from(PIECES) | st.text(max_size=3)), max_size=4
)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(DOCUMENTS), edits)
def test_whatever_is_well_formed_is_read_alike(document: str, changes: list[tuple[int, int, str]]) -> None:
    text = document
    for at, length, piece in changes:
        at %= len(text) + 1
        text = text[:at] + piece + text[at + length :]
    try:
        source = reader.open_source(text.encode("utf-8", "replace"), 10**7)
        both = read_both(source)
    except Refused:
        return
    if both is not None and both[0] is not None:
        reader.check_well_formed(source)
        assert_alike(both[0], both[1])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(DOCUMENTS), st.lists(st.tuples(st.integers(0, 400), st.sampled_from(PIECES)), max_size=5))
def test_elements_put_between_others_are_read_alike(document: str, inserts: list[tuple[int, str]]) -> None:
    parts = document.split("<")
    for at, piece in inserts:
        at = 1 + at % (len(parts) - 1)
        parts[at] = parts[at] + piece.removeprefix("<") if piece.startswith("<") else parts[at] + piece
    for text in ("<".join(parts), "<".join(parts).replace("<ide>", "<ide><x>1</x>")):
        try:
            both = read_both(reader.open_source(text.encode("utf-8", "replace"), 10**7))
        except Refused:
            continue
        if both is not None and both[0] is not None:
            assert_alike(both[0], both[1])
