from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.generate import documents, leaves
from local.generate.variants import indented
from transforms.truth import columns
from transforms.truth.columns import Parts

SIGNATURE = bytes(n * n % 251 for n in range(256))
SIGNED = b"<NFe><SignatureValue>%b</SignatureValue></NFe>"

pieces = st.one_of(
    st.binary(max_size=20).map(lambda some: some.replace(b"\0", b"").replace(b"\1", b"")),
    st.sampled_from(
        [b"<", b">", b"</", b"<a>", b"</a>", b"<ab>", b"</ab>", b"<a/>", b"<b></b>", b"\r\n  ", b"<c d='e'>", b"</c>"]
    ),
    st.sampled_from([0, 32, 128, 256]).map(
        lambda size: b"<SignatureValue>%b</SignatureValue>" % b64encode(SIGNATURE[:size])
    ),
)


@given(st.lists(pieces, max_size=30).map(b"".join))
@example(b"")
@example(b"<a></a>")
@example(b"<SignatureValue></SignatureValue>" + SIGNED % b64encode(SIGNATURE))
def test_any_document_is_put_together_byte_for_byte(xml: bytes) -> None:
    parts = columns.take_apart(xml)
    assert parts is not None
    assert columns.put_together(parts) == xml


@given(st.lists(pieces, max_size=30).map(b"".join))
@example(b"<a>b</a")
@example(b"<a>b<")
@example(b"<a><b>c</b>\n</a>\r\t ")
@example(b"<SignatureValue>x</SignatureValue><SignatureValue>yy</SignatureValue>")
def test_the_compiled_module_splits_as_python_does(xml: bytes) -> None:
    assert columns.split_leaves is not columns.split_leaves_in_python, "not compiled: make venv, with a C compiler"
    assert columns.split_leaves(xml) == columns.split_leaves_in_python(xml)


def test_generated_documents_are_put_together_indented_or_not() -> None:
    found = [leaf for each in documents(815, 60) for leaf in leaves(each)]
    payloads = [leaf.payload for each in found for leaf in (each, indented(each))]
    taken = [columns.take_apart(payload) for payload in payloads]
    assert [parts and columns.put_together(parts) for parts in taken] == payloads
    assert any(parts.signature for parts in taken if parts)


def test_tags_and_texts_are_side_by_side() -> None:
    parts = columns.take_apart(b"<ide>\n  <cUF>35</cUF>\n  <mod>55</mod>\n</ide>")
    assert parts == Parts(b"<ide>\n  \0cUF\0\0mod\0</ide>\x0135\x0055\x01\n  \0\n", b"")


def test_without_white_space_there_is_no_section_for_it() -> None:
    assert columns.take_apart(b"<ide><cUF>35</cUF></ide>") == Parts(b"<ide>\0cUF\0</ide>\x0135", b"")


@pytest.mark.parametrize("size", [128, 256, 512], ids=["RSA-1024", "RSA-2048", "RSA-4096"])
def test_a_signature_is_kept_as_its_bytes(size: int) -> None:
    signature = (SIGNATURE * 2)[:size]
    parts = columns.take_apart(SIGNED % b64encode(signature))
    assert parts == Parts(b"<NFe>\0SignatureValue\0</NFe>\1", signature)


@pytest.mark.parametrize(
    "text",
    [
        b64encode(SIGNATURE)[:-1],
        b64encode(SIGNATURE)[:-3] + b"B==",
        b64encode(SIGNATURE) + b"\n",
        b64encode(SIGNATURE[:31]),
        b64encode(SIGNATURE * 32),
        "assinatura inválida".encode(),
        b"",
    ],
    ids=["cut off", "stray bits", "line break", "odd size", "too long", "no base64", "empty"],
)
def test_a_signature_that_its_bytes_do_not_give_back_stays_text(text: bytes) -> None:
    xml = SIGNED % text
    parts = columns.take_apart(xml)
    assert parts is not None
    assert parts.signature == b""
    assert columns.put_together(parts) == xml


def test_a_document_in_utf_16_is_not_taken_apart() -> None:
    assert columns.take_apart("<a>b</a>".encode("utf-16")) is None


@pytest.mark.parametrize(
    "parts",
    [
        Parts(b"no sections", b""),
        Parts(b"<ide>\0cUF\0\0mod\0</ide>\x0135", b""),
        Parts(b"<ide>\0cUF\0</ide>\x0135\x01\n\0\n", b""),
        Parts(b"<ide>\0cUF\0</ide>\x0135", SIGNATURE),
    ],
    ids=["no texts", "a text too few", "white space too much", "a signature without its place"],
)
def test_parts_that_do_not_belong_together_are_an_error(parts: Parts) -> None:
    with pytest.raises(ValueError):
        columns.put_together(parts)
