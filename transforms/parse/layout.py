"""What a document type declares, and the tables that reading it runs on.

A layout says, for each root element that its documents come in, which parts are at which path, and for each part
where its fields are, relative to the part::

    shapes = {"nfeProc": {"NFe/infNFe": "body", "protNFe/infProt": "protocol"}, "NFe": {"infNFe": "body"}}
    parts = {"body": {"@Id": text("_id"), "ide/serie": integer("series"), "det": many("items", {...})}, ...}

A path names elements by their local names; ``@`` an attribute, ``*`` any element. Columns that begin with ``_`` are
for checks and do not reach the record. ``compile_shapes`` turns it all into nested ``Node`` tables, once, at import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from transforms.access_key import KeyKind
from transforms.families.family import Family
from transforms.parse import values
from transforms.parse.values import Putter, Target

BODY = "body"
PROTOCOL = "protocol"
SUMMARY = "summary"
REQUEST = "request"
RETURN = "return"
# What the office answers to a query for one key (retConsSitNFe and its like).
QUERY = "query"
# Not a part that makes a record: the signature next to a body or a request, read for its digest and certificate.
SIGNATURE = "signature"
# Nor is this: an element around the others, for its attributes.
AROUND = "around"
# Not a part of any layout: an event inside a document's own envelope, where it is an input of its own.
EMBEDDED = "embedded"

PROCESSED = "processed"
BARE = "bare"

# Which form a record has, by the parts that were there. Of every kind: ``processed`` has what the tax office
# answered, ``bare`` has not. Of a document: ``summary`` is a resNFe, ``protocol`` a protocol alone, ``query`` the
# answer to a query for one key. Of an event:
# ``summary`` is a resEvento. Of an event or a voided range: ``return`` is the answer alone.
FORMS: dict[frozenset[str], str] = {
    frozenset((BODY, PROTOCOL)): PROCESSED,
    frozenset((REQUEST, RETURN)): PROCESSED,
    frozenset((BODY,)): BARE,
    frozenset((REQUEST,)): BARE,
    frozenset((SUMMARY,)): SUMMARY,
    frozenset((PROTOCOL,)): PROTOCOL,
    frozenset((RETURN,)): RETURN,
    frozenset((QUERY,)): QUERY,
}


class Field(NamedTuple):
    """Where a text goes: a column, and the putter that checks it (None: the text as it is)."""

    column: str
    put: Putter | None


class Many(NamedTuple):
    """An element that repeats: each occurrence becomes one dict of ``fields`` in the list ``column``.

    ``fields`` may have lists of their own: the batches of an item.
    """

    column: str
    fields: Mapping[str, Field | Many]


def text(column: str) -> Field:
    return Field(column, None)


def integer(column: str) -> Field:
    return Field(column, values.put_integer)


def amount(column: str) -> Field:
    return Field(column, values.put_amount)


def rounded_amount(column: str) -> Field:
    """An amount that a layout allows more than nine decimals."""
    return Field(column, values.put_rounded_amount)


def quantity(column: str) -> Field:
    return Field(column, values.put_quantity)


def day(column: str) -> Field:
    return Field(column, values.put_date)


def compact_day(column: str) -> Field:
    """A day written in digits alone: ``20250310``."""
    return Field(column, values.put_compact_date)


def instant(column: str) -> Field:
    return Field(column, values.put_instant)


def cnpj(column: str) -> Field:
    return Field(column, values.put_cnpj)


def cpf(column: str) -> Field:
    return Field(column, values.put_cpf)


def tax_id(column: str) -> Field:
    """A CNPJ or CPF without a column for its type."""
    return Field(column, values.put_tax_id)


def foreign_id(column: str) -> Field:
    return Field(column, values.put_foreign_id)


def each(column: str) -> Field:
    """A text that repeats, or whose parent repeats: all occurrences, as a list."""
    return Field(column, values.put_member)


def many(column: str, fields: Mapping[str, Field | Many]) -> Many:
    return Many(column, fields)


PartFields = Mapping[str, Field | Many]


@dataclass(frozen=True)
class Layout:
    """One document type.

    ``name`` goes into records, ``family`` says whose namespace, key element, events and rules are its own, ``kind`` is
    the record's. ``models`` are the models that its keys may have where they are not all of the family's,
    ``id_prefixes`` what stands before the key in ``Id`` where it is not the family's usual prefix, ``key_kind`` its
    kind of key where it is not the family's. ``needed`` is a column without which a body is no document.
    ``has_exact_roots``: its roots are matched with their letter case, as roots of other layouts differ only in that.
    ``constants`` are fields that every record of it has. ``finish`` derives fields from others.
    """

    name: str
    family: Family
    kind: str
    shapes: Mapping[str, Mapping[str, str]]
    parts: Mapping[str, PartFields]
    models: tuple[str, ...] = ()
    id_prefixes: tuple[str, ...] = ()
    has_total: bool = True
    key_kind: KeyKind | None = None
    needed: str = ""
    has_exact_roots: bool = False
    constants: Mapping[str, Any] = field(default_factory=dict)
    finish: Callable[[Target], None] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "models", self.models or tuple(self.family.models))
        object.__setattr__(self, "id_prefixes", self.id_prefixes or self.family.id_prefixes[:1])

    @property
    def keys(self) -> KeyKind:
        """The kind of its keys."""
        return self.key_kind or self.family.keys


Leaf = tuple[str, str, Putter | None]


class Node:
    """What to do with the children of one element, by their local names.

    ``columns`` are the leaves wanted (name, column, putter), ``leaves`` their names, ``nodes`` the elements to go
    into, ``any`` the one for all others, which repeats. ``repeats``: every occurrence is read, else the first.
    ``part``: the part that is there once this element is. ``many``: the list column that each occurrence adds a dict
    to; ``new`` makes that dict, of the element's namespace and how many were before it, where it is not to be empty.
    """

    __slots__ = ("any", "attributes", "columns", "leaves", "many", "new", "nodes", "part", "repeats")

    def __init__(self) -> None:
        self.columns: tuple[Leaf, ...] = ()
        self.leaves: frozenset[str] = frozenset()
        self.attributes: tuple[Leaf, ...] = ()
        self.nodes: dict[str, Node] = {}
        self.any: Node | None = None
        self.repeats = False
        self.many: str | None = None
        self.new: Callable[[str, int], Target] | None = None
        self.part: str | None = None

    def add(self, path: str, what: Field | Many) -> None:
        """Make ``path`` (relative to this element) feed ``what``."""
        head, _, rest = path.partition("/")
        if isinstance(what, Many) and not rest:
            child = self.child(head)
            child.many, child.repeats = what.column, True
            for inner, wanted in what.fields.items():
                child.add(inner, wanted)
        elif rest:
            child = self.child(head)
            child.repeats |= isinstance(what, Field) and what.put is values.put_member
            child.add(rest, what)
        elif isinstance(what, Field):
            name = head.removeprefix("@")
            entry = (name, what.column, what.put)
            if head.startswith("@"):
                self.attributes += (entry,)
            else:
                self.columns += (entry,)
                self.leaves |= {name}

    def child(self, name: str) -> Node:
        if name == "*":
            if self.any is None:
                self.any = Node()
                self.any.repeats = True
            return self.any
        return self.nodes.setdefault(name, Node())

    def at(self, path: str) -> Node:
        """The node at ``path``; the empty path is this one."""
        node = self
        for name in path.split("/") if path else ():
            node = node.child(name)
        return node


# Of a signature of which only the signer matters; and of one next to a protocol, which repeats its digest.
SIGNER_FIELDS = {"KeyInfo/X509Data/X509Certificate": text("_certificate")}
SIGNATURE_FIELDS = {"SignedInfo/Reference/DigestValue": text("_digest"), **SIGNER_FIELDS}


def compile_shapes(layout: Layout, without: str = "") -> dict[str, Node]:
    """One table per root element of the layout; the list column ``without`` is left out."""
    roots: dict[str, Node] = {}
    for root, paths in layout.shapes.items():
        roots[root] = Node()
        for path, part in paths.items():
            node = roots[root].at(path)
            node.part = part if part not in (SIGNATURE, AROUND) else None
            for where, what in layout.parts.get(part, SIGNATURE_FIELDS).items():
                if what.column != without:
                    node.add(where, what)
    return roots
