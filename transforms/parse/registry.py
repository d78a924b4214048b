"""Finds the layout files and joins them into one table: root element -> what reads it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from transforms.families import FAMILIES
from transforms.families.family import Family
from transforms.model import DOCUMENT, EVENT
from transforms.parse import codes, layouts, municipal, sax
from transforms.parse.answers import apart
from transforms.parse.codes import Unparsable
from transforms.parse.layout import BODY, EMBEDDED, PROTOCOL, Layout, Node, compile_shapes

# Roots of fiscal documents that are not read, with what to tell people.
UNSUPPORTED = {
    "envdpec": "a DPEC declaration, the contingency before EPEC: it announces documents, it is none",
    "retdpec": "the answer to a DPEC declaration: it announces documents, it is none",
}
_LABOUR = "a message of eSocial or EFD-Reinf: its events are of payrolls and withholdings, not of documents"


class Shape(NamedTuple):
    """What reads one root element. ``rivals`` read the same root of other families."""

    layout: Layout
    node: Node
    rivals: tuple[Shape, ...] = ()


def _discover() -> list[Layout]:
    found: list[Layout] = []
    for module in sorted(pkgutil.iter_modules(layouts.__path__), key=lambda m: m.name):
        loaded = importlib.import_module(f"{layouts.__name__}.{module.name}")
        found.extend(getattr(loaded, "LAYOUTS", ()) or (loaded.LAYOUT,))
    return found


def _shapes(found: Iterable[Layout], without: str = "") -> dict[str, Shape]:
    """Root element, as declared, capitalised and in lower case, to what reads it; ``without`` is not read.

    Families may have a root in common, none of their own layouts may.
    """
    shapes: dict[str, Shape] = {}
    for layout in found:
        for root, node in compile_shapes(layout, without).items():
            forgiven = () if layout.has_exact_roots else (root[0].upper() + root[1:], root.lower())
            known = shapes.get(root) or shapes.get(root.lower())
            if known is not None and known.layout.family is layout.family:
                raise ValueError(f"root {root} is declared by {layout.name} and {known.layout.name}")
            for spelling in dict.fromkeys((root, *forgiven)):
                shape = Shape(layout, node)
                before = shapes.get(spelling)
                shapes[spelling] = shape if before is None else before._replace(rivals=(*before.rivals, shape))
    return shapes


def _mark_appended(shapes: dict[str, Shape], events: Iterable[str]) -> None:
    """Let documents' envelopes notice what was appended to them: events, and elements that no schema puts there, which
    may hold some. Each record in them is an input of its own."""
    for shape in shapes.values():
        if shape.layout.kind == DOCUMENT and shape.layout.family.has_services and _is_envelope(shape.node):
            for root in (*events, "*"):
                node = shape.node.child(root)
                node.part, node.repeats = EMBEDDED, True


def _all(shapes: Mapping[str, Shape]) -> Iterator[Shape]:
    for shape in shapes.values():
        yield from (shape, *shape.rivals)


def _is_envelope(node: Node) -> bool:
    """Whether a document stands in it beside its protocol."""
    return any(inner.part == PROTOCOL for child in node.nodes.values() for inner in child.nodes.values())


def own_elements(shape: Shape) -> frozenset[str]:
    """What stands in an envelope of its own: the document, its protocol."""
    return frozenset(name for name, node in shape.node.nodes.items() if node.part != EMBEDDED)


LAYOUTS = {layout.name: layout for layout in _discover()}
EVENT_LAYOUT_OF_FAMILY = {name: LAYOUTS[f"{name}_event"] for name in FAMILIES}
_ROOTS_OF_NFSE = frozenset(
    root for layout in LAYOUTS.values() if layout.family.name == "nfse" for root in layout.shapes
)
# Roots that hold documents, or answer for them, without being one. Any other root is looked into as well: these are
# known so that an empty one is called an envelope without a document, and not an unknown root. The answer to a
# document sent alone is named after the document.
_ENVELOPES = frozenset(
    name.lower()
    for name in (
        "Envelope", "string", "docZip",
        *(name for family in FAMILIES.values() for name in family.envelopes),
        *(f"ret{root}" for layout in LAYOUTS.values() if layout.kind == DOCUMENT for root in layout.shapes),
    )
)  # fmt: skip
_EVENT_ROOTS = frozenset(root for layout in LAYOUTS.values() if layout.kind == EVENT for root in layout.shapes)
SHAPES = _shapes(LAYOUTS.values())
SHAPES_WITHOUT_ITEMS = _shapes(LAYOUTS.values(), without="items")
_mark_appended(SHAPES, _EVENT_ROOTS)
_mark_appended(SHAPES_WITHOUT_ITEMS, _EVENT_ROOTS)
_NODES = [shape.node for shapes in (SHAPES, SHAPES_WITHOUT_ITEMS) for shape in _all(shapes)]
sax.prepare((*_NODES, *map(apart, _NODES)))


def shape_of(root: str, shapes: Mapping[str, Shape] = SHAPES, text: str = "") -> Shape | None:
    """What reads a root element; its letter case is forgiven (procInutNFe, ProcInutNFe).

    ``text`` is the document, which tells families apart that have the root in common.
    """
    shape = shapes.get(root) or shapes.get(root.lower())
    if shape is not None and shape.rivals:
        own = shape.layout.family.key_element
        return next((rival for rival in shape.rivals if _names(text, rival.layout.family, own)), shape)
    return shape


def _names(text: str, family: Family, other_key: str) -> bool:
    """Whether a document names the family: by its namespace, or by its key element and no other family's."""
    return family.namespace in text or (f"{family.key_element}>" in text and f"{other_key}>" not in text)


def is_event(root: str) -> bool:
    return root in _EVENT_ROOTS


@lru_cache(maxsize=4096)
def is_document(root: str) -> bool:
    """Whether an element of this name is an entry of an envelope: anything that makes a record."""
    return shape_of(root) is not None


def is_bare_document(name: str, layout: Layout) -> bool:
    """Whether an element of this name is a document of the layout without anything around it."""
    shape = shape_of(name)
    return shape is not None and shape.layout is layout and any(node.part == BODY for node in shape.node.nodes.values())


def is_envelope(root: str) -> bool:
    """Whether the root is a message of a service."""
    return root.lower() in _ENVELOPES


def is_known(root: str) -> bool:
    """Whether the root is a record's or an envelope's."""
    return is_document(root) or is_envelope(root)


def event_in(elements: Sequence[str]) -> Shape | None:
    """What reads an event whose request and return are in an element of any name, as libraries invent names."""
    if len(elements) != 2 or set(elements) - _EVENT_ROOTS:
        return None
    for family in (family for family in FAMILIES.values() if family.has_services):
        request = family.event_element
        if set(elements) == {request, "retE" + request[1:]}:
            return SHAPES[family.event_envelopes[0]]
    return None


def refuse_unsupported(root: str, namespace: str, inside: Sequence[str]) -> None:
    """Raises ``Unparsable`` for a fiscal document that is known not to be read.

    ``inside`` are the elements in it that could be read: national NFS-e stand in messages of municipalities too.
    """
    space = namespace.lower()
    if "esocial.gov.br" in space or "reinf" in space:
        raise Unparsable(codes.UNKNOWN_ROOT, f"root element {root}: {_LABOUR}")
    told = municipal.described(root, namespace)
    if told:
        is_national = root in _ROOTS_OF_NFSE and namespace in ("", FAMILIES["nfse"].namespace)
        holds_national = bool(inside) and _ROOTS_OF_NFSE.issuperset(inside)
        if not is_national and not holds_national:
            raise Unparsable(codes.MUNICIPAL_LAYOUT, f"root element {root}: {told}")
    if root.lower() in UNSUPPORTED:
        raise Unparsable(codes.UNKNOWN_ROOT, f"root element {root}: {UNSUPPORTED[root.lower()]}")
