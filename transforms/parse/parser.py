"""From an input to records and dead letters: all of parsing, without Beam."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Sequence
from typing import NamedTuple

from transforms.model import DOCUMENT, DeadLetter, Entry, RawDocument, Record, record_id_of
from transforms.parse import codes, envelopes, json_batches, protocols, reader, registry, sax, tree
from transforms.parse.checks import key_of_text
from transforms.parse.codes import Unparsable
from transforms.parse.envelopes import Enclosed
from transforms.parse.layout import EMBEDDED, QUERY, Node
from transforms.parse.reader import XmlText
from transforms.parse.records import entry_of
from transforms.parse.registry import Shape
from transforms.parse.values import Reading
from transforms.parse.ways import SAX, TREE

# A root, and its name without a prefix.
_ROOT = re.compile(r"<(?:[^\s/>:]+:)?([^\s/>:]+)[\s/>]")
_MAX_NESTING = 4
_EMBEDDED = frozenset((EMBEDDED,))
_TRACE_CHARACTERS = 2000


class ParseOptions(NamedTuple):
    """``max_bytes``: larger inputs, and larger compressed entries of envelopes, are dead (default 10 MB).

    ``strict``: a record with findings is dead instead. ``items``: whether the items of documents are read.
    ``fallback_encoding``: what to read text in that is no UTF-8 though it should be; None: it is dead. ``way``: one of
    ``ways.WAYS`` (default: the fastest that this machine has); both read the same.
    """

    max_bytes: int = 10_000_000
    strict: bool = False
    items: bool = True
    fallback_encoding: str | None = None
    way: str = SAX


DEFAULTS = ParseOptions()

Found = list[Record | DeadLetter]
# Is told the way that a document was read in.
Tell = Callable[[str], None]


def _tell_nobody(_: str) -> None:
    pass


class _Context(NamedTuple):
    """What is the same for all of an input; ``nesting`` is of the envelopes around what is being parsed."""

    options: ParseOptions
    tell: Tell
    nesting: int = 0


def parse(raw: RawDocument, options: ParseOptions = DEFAULTS, tell: Tell = _tell_nobody) -> Found:
    """Everything that an input holds, at least one of either; never raises.

    An input that is a document gives one record, with the input's bytes. An envelope gives one for each of its
    entries, with the entry's bytes and the origin ``<input's>#<entry>`` (see ``envelopes``); so does what was appended
    to a document's own envelope, beside the document.
    """
    found: Found = []
    _parse(raw, _Context(options, tell), found)
    return found


def _parse(raw: RawDocument, context: _Context, found: Found) -> None:
    """Adds what the input holds to ``found``; what was added before it turns out to be broken stays there."""
    options = context.options
    try:
        if json_batches.is_json(raw.payload):
            batch = json_batches.split(raw.payload, options.max_bytes)
            if batch is not None:
                _parse_json(raw, batch, context, found)
                return
        source = reader.open_text(raw.payload, options.max_bytes, options.fallback_encoding)
        shape, reading = _read(source, context)
        if shape is None or not reading.parts - _EMBEDDED or _holds_several(source, shape, reading, options.way):
            _parse_envelope(raw, source, shape is not None, context, found)
        elif QUERY in reading.parts:
            _parse_query(raw, source, shape, reading, context, found)
        else:
            _parse_document(raw, source, shape, reading, context, found)
    except Unparsable as refused:
        found.append(_dead(raw, refused.code, refused.message))
    except Exception:
        found.append(_dead(raw, codes.PARSER_ERROR, traceback.format_exc()[-_TRACE_CHARACTERS:]))


def _parse_document(
    raw: RawDocument, source: XmlText, shape: Shape, reading: Reading, context: _Context, found: Found
) -> None:
    """The record of a document or event, and of what was appended to its envelope: events, answers to others."""
    options = context.options
    foreign: frozenset[str] = frozenset()
    if protocols.is_doubtful(shape.layout, reading):
        # A document is read twice then, and counted once.
        again = context._replace(tell=_tell_nobody)
        reading, foreign = protocols.settle(
            shape.layout, shape.node, reading, lambda node: _read_as(node, source, again)
        )
    entry = entry_of(record_id_of(raw.payload), shape.layout, reading, source.findings)
    found.append(_settle(entry, raw, options))
    if EMBEDDED in reading.parts:
        own = registry.own_elements(shape)
        inside = envelopes.split(source, registry.is_document, registry.is_known, options.max_bytes, options.way)
        beside = [entry for entry in inside.entries if entry.suffix.partition("[")[0] not in own]
        _parse_entries(raw, beside, context, found)
    if foreign:
        others: Found = []
        _parse_entries(raw, envelopes.named(source, foreign, options.max_bytes, options.way), context, others)
        found += (other for other in others if isinstance(other, Record) and _subject(other.entry) != _subject(entry))


def _holds_several(source: XmlText, shape: Shape, reading: Reading, way: str) -> bool:
    """Whether several documents stand in the envelope of one, so that each of them is an input of its own."""
    if codes.REPEATED_ELEMENT not in reading.findings or shape.layout.kind != DOCUMENT:
        return False
    documents = envelopes.appended(source, lambda name: registry.is_bare_document(name, shape.layout), way)
    return any(entry.suffix.endswith("[2]") for entry in documents)


def _subject(entry: Entry) -> tuple[str, str | None, int | None]:
    """What an answer is about: a key, and the event's type and number if it is about an event."""
    return entry.key, entry.fields.get("event_type"), entry.fields.get("sequence")


def _parse_query(
    raw: RawDocument, source: XmlText, shape: Shape, reading: Reading, context: _Context, found: Found
) -> None:
    """A tax office's answer to a query for one key: its entries, and the answer itself if it says more."""
    entries: Found = []
    _parse_entries(raw, envelopes.appended(source, registry.is_document, context.options.way), context, entries)
    found += entries
    status = reading.fields.get("query_status")
    rule = shape.layout.family.rule_of_protocol.get(status or 0)
    _name_key(reading, entries)
    key = key_of_text(reading.fields.get("_protocol_key", ""), shape.layout.keys)[0]
    of_key = [one.entry for one in entries if isinstance(one, Record) and one.entry.key == key]
    said = {entry.fields.get("protocol_status") for entry in of_key}
    if rule is not None and not rule.is_rejection and status not in said and "_protocol_key" in reading.fields:
        entry = entry_of(record_id_of(raw.payload), shape.layout, reading, source.findings)
        found.append(_settle(entry, raw, context.options))
    elif not entries:
        answer = f"{status or ''} {reading.fields.get('protocol_reason', '')}".strip()
        told = f"; it answers {answer}" if answer else ""
        raise Unparsable(codes.NO_DOCUMENT, f"retConsSit{shape.layout.family.tag} holds no document{told}")


def _name_key(reading: Reading, found: Sequence[Record | DeadLetter]) -> None:
    """Gives an answer that does not name its key the key that all its entries have."""
    keys = {record.entry.key for record in found if isinstance(record, Record)}
    if len(keys) == 1:
        reading.fields.setdefault("_protocol_key", keys.pop())


def _read(source: XmlText, context: _Context) -> tuple[Shape | None, Reading]:
    """What reads the root element, None when nothing does, and what was read."""
    shapes = registry.SHAPES if context.options.items else registry.SHAPES_WITHOUT_ITEMS
    named = _ROOT.match(source.text, source.start)
    root = named[1] if named else tree.local_name(reader.parse_tree(source).tag)
    shape = registry.shape_of(root, shapes, source.text)
    return (None, Reading()) if shape is None else (shape, _read_as(shape.node, source, context))


def _read_as(node: Node, source: XmlText, context: _Context) -> Reading:
    """What ``node`` wants of the document, in the way asked for or, where that leaves it to the tree, from this."""
    reading = sax.read(source.data, node) if context.options.way == SAX else None
    way = SAX
    if reading is None:
        reading, way = tree.read(reader.parse_tree(source), node), TREE
    context.tell(way)
    return reading


def _parse_envelope(raw: RawDocument, source: XmlText, known: bool, context: _Context, found: Found) -> None:
    """Entries of an input whose root is no document; ``known``: it is a document's root, but nothing is in it."""
    options = context.options
    contents = envelopes.split(source, registry.is_document, registry.is_known, options.max_bytes, options.way)
    inside = [entry.suffix.partition("[")[0] for entry in contents.entries]
    registry.refuse_unsupported(contents.root, contents.namespace, inside)
    wrapped = registry.event_in(inside)
    if wrapped is not None and not registry.is_envelope(contents.root):
        reading = _read_as(wrapped.node, source, context)
        if reading.parts - _EMBEDDED:
            _parse_document(raw, source, wrapped, reading, context, found)
            return
    if contents.entries:
        _parse_entries(raw, contents.entries, context, found)
    elif known:
        raise Unparsable(codes.NO_ACCESS_KEY, f"{contents.root} holds neither a document nor a protocol")
    elif registry.is_known(contents.root):
        answer = f"; it answers {contents.answer}" if contents.answer else ""
        raise Unparsable(codes.NO_DOCUMENT, f"{contents.root} holds no document{answer}")
    else:
        where = f"in namespace {contents.namespace!r}" if contents.namespace else "in no namespace"
        raise Unparsable(codes.UNKNOWN_ROOT, f"root element {contents.root} {where} is no document type that is known")


def _parse_json(raw: RawDocument, batch: json_batches.Batch, context: _Context, found: Found) -> None:
    if not batch.entries:
        raise Unparsable(codes.NO_DOCUMENT, f"an answer in JSON holds no document; it says {batch.answer or 'nothing'}")
    _parse_entries(raw, batch.entries, context, found)


def _parse_entries(raw: RawDocument, entries: Sequence[Enclosed], context: _Context, found: Found) -> None:
    if context.nesting == _MAX_NESTING:
        raise Unparsable(codes.TOO_DEEP, f"more than {_MAX_NESTING} envelopes inside one another")
    inside = _Context(context.options, context.tell, context.nesting + 1)
    for entry in entries:
        inner = RawDocument(entry.payload, f"{raw.origin}#{entry.suffix}", raw.received_at)
        if entry.unparsable is not None:
            found.append(_dead(inner, entry.unparsable.code, entry.unparsable.message))
        else:
            _parse(inner, inside, found)


def _settle(entry: Entry, raw: RawDocument, options: ParseOptions) -> Record | DeadLetter:
    if options.strict and entry.findings:
        return _dead(raw, codes.STRICT_FINDINGS, f"{entry.key}: {', '.join(entry.findings)}")
    return Record(entry, raw)


def _dead(raw: RawDocument, code: str, message: str) -> DeadLetter:
    return DeadLetter(code, message, codes.STAGE, raw.origin, raw.payload, raw.received_at, len(raw.payload))
