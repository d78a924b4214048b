"""The same document as other software would write it: encodings, byte order marks, prefixes, white space."""

from __future__ import annotations

import re

from local.generate.document import Generated
from transforms.parse import codes

_DECLARATION = re.compile(r"^<\?xml[^>]*\?>\s*")
_NAMESPACE = re.compile(r' xmlns="http://www\.portalfiscal\.inf\.br/[a-z0-9]+"')
_TAG = re.compile(r"<(/?)(?=[A-Za-z])")


def latin1(generated: Generated) -> Generated:
    """In ISO-8859-1, and declared so."""
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?>{_undeclared(generated)}'
    return generated._replace(payload=text.encode("iso-8859-1"))


def with_bom(generated: Generated) -> Generated:
    """UTF-8 behind a byte order mark."""
    return generated._replace(payload=b"\xef\xbb\xbf" + generated.payload)


def after_white_space(generated: Generated) -> Generated:
    """White space before the XML declaration, which no strict parser accepts."""
    text = f'\r\n  <?xml version="1.0" encoding="UTF-8"?>{_undeclared(generated)}'
    return generated._replace(payload=text.encode("utf-8"))


def indented(generated: Generated) -> Generated:
    """An element a line."""
    return generated._replace(payload=generated.payload.replace(b"><", b">\n  <"))


def prefixed(generated: Generated) -> Generated:
    """Every element with a namespace prefix; meant for documents without a signature."""
    text = _undeclared(generated)
    namespace = _NAMESPACE.search(text)
    if namespace is None:
        raise ValueError(f"{generated.name} has no namespace to prefix")
    text = _TAG.sub(r"<\1ns0:", _NAMESPACE.sub("", text))
    declared = namespace.group(0).replace("xmlns=", "xmlns:ns0=")
    root_end = re.search(r"[\s>]", text)
    at = root_end.start() if root_end else 0
    return generated._replace(payload=(text[:at] + declared + text[at:]).encode("utf-8"))


def without_namespace(generated: Generated) -> Generated:
    """The namespace left out, as some exports do."""
    text = _NAMESPACE.sub("", generated.payload.decode("utf-8"))
    return generated._replace(payload=text.encode("utf-8"), findings=(codes.NAMESPACE_MISMATCH,))


def with_comments(generated: Generated) -> Generated:
    """A comment in the middle of a value, and a value in a CDATA section."""
    text = generated.payload.decode("utf-8")
    text = re.sub(r"<vNF>(\d)", r"<vNF>\1<!-- conferido -->", text, count=1)
    text = re.sub(r"<natOp>([^<]*)</natOp>", r"<natOp><![CDATA[\1]]></natOp>", text, count=1)
    return generated._replace(payload=text.encode("utf-8"))


def _undeclared(generated: Generated) -> str:
    return _DECLARATION.sub("", generated.payload.decode("utf-8"))


VARIANTS = {
    "latin1": latin1,
    "bom": with_bom,
    "white_space": after_white_space,
    "indented": indented,
    "no_namespace": without_namespace,
    "comments": with_comments,
}
