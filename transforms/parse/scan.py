"""Reading a document from its text, without a tree: the way that nearly every document goes.

It earns its place by speed: libxml2 checks well-formedness in half the time that it takes to make a tree, and a
tree is then to be walked. Here the text is walked along its spine (envelope, document, body, items), what is not
wanted is skipped to its end tag, and what is wanted is read by the section (``sections``).

It reads only text that libxml2 has found well-formed, without DOCTYPE, and takes comments, processing instructions
and CDATA out of it first: then every ``<`` begins a tag. Where that is not enough (namespace prefixes) it raises
``Surprise``, and ``tree`` reads the document instead. What both can read they read alike: a property test holds them
to it.
"""

from __future__ import annotations

from transforms.parse import codes, sections
from transforms.parse.layout import Node
from transforms.parse.markup import NO_ATTRIBUTES, START, Surprise, Tag, parse_tag, unescape, without_specials
from transforms.parse.take import enter, take
from transforms.parse.values import Reading, Target


def root_name(text: str, start: int) -> str:
    """Name of the root element, whose tag begins at ``start``."""
    match = START.match(text, start)
    if match is None or ":" in match[1]:
        raise Surprise
    return match[1]


def read(text: str, start: int, node: Node) -> Reading:
    """Fields of the document whose root tag begins at ``start``, as ``node`` wants them; raises ``Surprise``."""
    reading = Reading()
    text = plain(text, start)
    end, tag = _tag(text, 1)
    if tag.empty:
        raise Surprise
    _element(text, end + 1, node, tag.name, tag.attributes, "", reading.fields, reading)
    return reading


def _tag(text: str, begin: int) -> tuple[int, Tag]:
    """Where the start tag ends whose inside begins at ``begin``, and what it says."""
    end = text.find(">", begin)
    tag = parse_tag(text[begin:end])
    if tag is None:
        # A > in an attribute.
        match = START.match(text, begin - 1)
        tag = parse_tag(text[begin : match.end() - 1]) if match else None
        if match is None or tag is None:
            raise Surprise
        end = match.end() - 1
    return end, tag


def plain(text: str, start: int) -> str:
    """The text from ``start`` on as an XML parser hands it out, in elements and texts alone."""
    text = text[start:]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if ("!" in text and "<!" in text) or ("?" in text and "<?" in text):
        text = without_specials(text)
    return text


def _element(
    text: str,
    pos: int,
    node: Node,
    name: str,
    attributes: dict[str, str],
    namespace: str,
    target: Target,
    reading: Reading,
) -> int:
    """Read the element whose content begins at ``pos``; returns where the text goes on after it."""
    if attributes:
        namespace = attributes.get("xmlns", namespace)
    if node.part is not None or node.many is not None:
        target = enter(node, namespace, target, reading)
    if node.attributes and attributes:
        take(node.attributes, attributes, target, reading)
    if node.is_section:
        after = sections.read(text, pos, name, node, target, reading)
        if after >= 0:
            return after
    elif node.only is not None:
        after = _only_child(text, pos, *node.only, target, reading)
        if after >= 0:
            return _skip(text, after, name)
    return _children(text, pos, node, namespace, target, reading)


def _only_child(text: str, pos: int, name: str, node: Node, target: Target, reading: Reading) -> int:
    """Read the section that is all that is wanted of an element, if it comes first; -1 otherwise."""
    begin = text.find("<", pos) + 1
    if text.startswith(name + ">", begin):
        return sections.read(text, begin + len(name) + 1, name, node, target, reading)
    return -1


def _children(text: str, pos: int, node: Node, namespace: str, target: Target, reading: Reading) -> int:
    nodes, leaves, other = node.nodes, node.leaves, node.any
    texts: dict[str, str] = {}
    seen: set[str] = set()
    while True:
        begin = text.find("<", pos) + 1
        end = text.find(">", begin)
        name = text[begin:end]
        attributes = NO_ATTRIBUTES
        if not name.isalnum():
            if name.startswith("/"):
                break
            empty = name.endswith("/") and name[:-1].isalnum()
            if empty:
                name = name[:-1]
            else:
                end, (name, attributes, empty) = _tag(text, begin)
            if empty:
                if name in leaves:
                    texts.setdefault(name, "")
                elif name in nodes or other is not None:
                    raise Surprise
                pos = end + 1
                continue
        if name in leaves:
            value, pos = _leaf(text, end + 1, name)
            texts.setdefault(name, value)
            continue
        wanted = nodes.get(name, other)
        if wanted is None:
            pos = _skip(text, end + 1, name)
        elif name in seen and not wanted.repeats:
            if node.many is None:
                reading.findings.add(codes.REPEATED_ELEMENT)
            pos = _skip(text, end + 1, name)
        else:
            seen.add(name)
            pos = _element(text, end + 1, wanted, name, attributes, namespace, target, reading)
    if texts:
        take(node.columns, texts, target, reading)
    return end + 1


def _leaf(text: str, pos: int, name: str) -> tuple[str, int]:
    """Text of the leaf whose content begins at ``pos``, and where the text goes on after it."""
    end = text.find("<", pos)
    tag = f"/{name}>"
    if not text.startswith(tag, end + 1):
        raise Surprise
    return unescape(text[pos:end]), end + 1 + len(tag)


def _skip(text: str, pos: int, name: str) -> int:
    """Where the text goes on after the element whose content begins at ``pos``.

    Its end is the next end tag of its name, unless another element of that name opens before it.
    """
    tag = f"</{name}>"
    close = text.find(tag, pos)
    if close < 0:
        raise Surprise
    inner = text.find(f"<{name}", pos, close)
    while inner >= 0:
        inner += len(name) + 1
        if text[inner] in "> \n\t/":
            raise Surprise
        inner = text.find(f"<{name}", inner, close)
    return close + len(tag)
