"""Many documents in one file: told apart where that is safe, left as one where it is not."""

from __future__ import annotations

import gzip
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.ingest.packing import Unseekable, codes, dead, documents, read, xml, zipped
from transforms.ingest.archives import expand
from transforms.ingest.limits import Limits

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'


def found(payload: bytes, limits: Limits | None = None) -> list[bytes]:
    return list(documents(read(payload, limits=limits or Limits())).values())


def test_one_document_a_line() -> None:
    payload = b"\n".join([xml(1), xml(2), b"", xml(3) + b"\r", b"  " + xml(4), b""])
    outcomes = read(payload)
    assert list(documents(outcomes).values()) == [xml(1), xml(2), xml(3), xml(4)]
    for origin, data in documents(outcomes).items():
        offset = int(origin.removeprefix("/in/a#@"))
        assert payload[offset : offset + len(data)] == data


def test_documents_with_a_declaration_each_on_one_line_or_many() -> None:
    first = DECLARATION + b"<nota>\n  <a/>\n</nota>"
    assert found(first + xml(2).join([DECLARATION, b""]) + b"\n\n" + first) == [first, DECLARATION + xml(2), first]


def test_documents_that_follow_each_other_without_anything_between() -> None:
    assert found(b"<a>\n1</a><b>2</b>\n\n<c/><a>3</a>") == [b"<a>\n1</a>", b"<b>2</b>", b"<c/>", b"<a>3</a>"]


def test_a_byte_order_mark_belongs_to_the_document_it_begins() -> None:
    one = b"\xef\xbb\xbf" + DECLARATION + xml(1)
    assert found(one + b"\r\n" + one) == [one, one]


def test_files_with_and_without_declarations_put_together() -> None:
    payload = DECLARATION + xml(1) + b"\n" + DECLARATION + xml(2) + xml(3) + b"\n" + DECLARATION + xml(4)
    assert found(payload) == [DECLARATION + xml(1), DECLARATION + xml(2), xml(3), DECLARATION + xml(4)]


@pytest.mark.parametrize(
    "payload",
    [
        b"<a><a>1</a>\n<b/></a>",
        b"<a x='1'><aa/><a/>\n<a>2</a></a>\n",
        DECLARATION + b"<env><d><![CDATA[" + DECLARATION + xml(1) + b"]]></d></env>",
        b"<env><d><![CDATA[</env>\n<env>]]></d></env>",
        b"<a/>\n<!-- fim -->\n<?fim?>",
        b"<a></a>\n",
        b"<a>",
        b"<!DOCTYPE a [<!ENTITY x '</a><a>'>]><a></a>",
        b"texto\n<a/>\n<a/>",
        b"a;b\n1;2\n",
        "<a/>\n<a/>".encode("utf-16"),
        b"<a>1</a>\nlixo",
    ],
)
def test_what_is_or_may_be_one_document_stays_whole(payload: bytes) -> None:
    assert found(payload) == [payload]


def test_a_broken_line_spoils_no_other() -> None:
    lines = [xml(1), b"<nota><numero>2", b"lixo", xml(3)]
    assert found(b"\n".join(lines)) == lines


def test_a_broken_document_ends_at_the_next_declaration() -> None:
    parts = [DECLARATION + xml(1), DECLARATION + b"<nota>\n<numero>2", DECLARATION + xml(3)]
    assert found(b"\n".join(parts)) == parts


def test_soap_with_a_declared_document_in_cdata_among_many() -> None:
    envelope = DECLARATION + b"<env><![CDATA[" + DECLARATION + xml(1) + b"]]></env>"
    assert found(envelope + b"\n" + envelope) == [envelope, envelope]


@pytest.mark.parametrize("between", [b"\n", b"\n" + DECLARATION], ids=["lines", "declarations"])
def test_one_document_over_the_limit_among_many(between: bytes) -> None:
    limits = Limits(max_entry_bytes=3000, kept_bytes=20)
    start = DECLARATION if len(between) > 1 else b""
    parts = [xml(1), xml("n" * 4000), xml(3), xml("n" * 3_000_000), xml(5)]
    payload = start + between.join(parts)
    outcomes = read(payload, limits=limits)
    assert [data.removeprefix(start) for data in documents(outcomes).values()] == [xml(1), xml(3), xml(5)]
    assert set(codes(outcomes).values()) == {"too_large"}
    for origin, letter in dead(outcomes).items():
        offset = int(origin.removeprefix("/in/a#@"))
        assert letter.payload == payload[offset : offset + 20]
        assert letter.truncated
    assert len(dead(outcomes)) == 2


def test_many_documents_in_an_entry_and_in_gzip() -> None:
    lines = xml(1) + b"\n" + xml(2)
    assert list(documents(read(zipped([("d.txt", lines), ("e.xml", xml(3))])))) == [
        "/in/a#d.txt#@0",
        f"/in/a#d.txt#@{len(xml(1)) + 1}",
        "/in/a#e.xml",
    ]
    assert list(documents(read(gzip.compress(lines)))) == ["/in/a#@0", f"/in/a#@{len(xml(1)) + 1}"]


@settings(max_examples=60)
@given(
    texts=st.lists(st.text("abc\n <>", max_size=40), min_size=2, max_size=12),
    mode=st.sampled_from(["lines", "declared", "roots"]),
    limit=st.integers(150, 400),
    most=st.integers(1, 50),
)
def test_documents_come_out_as_they_went_in_however_they_are_read(
    texts: list[str], mode: str, limit: int, most: int
) -> None:
    escaped = [text.replace("<", "&lt;").replace(">", "&gt;") for text in texts]
    if mode == "lines":
        parts = [xml(text.replace("\n", " ")) for text in escaped]
    else:
        parts = [(DECLARATION if mode == "declared" else b"") + xml("\n" + text) for text in escaped]
    payload = b"\n".join(parts)
    limits = Limits(max_entry_bytes=limit)
    whole = documents(expand(io.BytesIO(payload), "x", 0, limits))
    assert list(whole.values()) == parts
    assert documents(expand(Unseekable(payload, most), "x", 0, limits)) == whole
