"""Values of columns that are not simply a document."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from transforms.ingest.limits import Limits
from transforms.ingest.postgres.payload import as_declared, origin_of, outcomes
from transforms.model import DeadLetter, RawDocument

ORIGIN = "postgres:public.docs/1"
LIMITS = Limits(max_entry_bytes=50_000)


def of(payload: bytes | None, text: bool = False) -> list[RawDocument | DeadLetter]:
    return list(outcomes(payload, ORIGIN, 7, text=text, limits=LIMITS))


def dead(payload: bytes | None) -> DeadLetter:
    (letter,) = of(payload)
    assert isinstance(letter, DeadLetter)
    assert (letter.stage, letter.origin, letter.received_at) == ("ingest", ORIGIN, 7)
    assert ORIGIN in letter.message
    return letter


@pytest.mark.parametrize("payload", [None, b"", b" \r\n\t"])
@pytest.mark.parametrize("text", [True, False])
def test_nothing_is_empty(payload: bytes | None, text: bool) -> None:
    (letter,) = of(payload, text)
    assert isinstance(letter, DeadLetter)
    assert (letter.code, letter.payload) == ("empty", payload or b"")


COMPRESS = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zstd": zstandard.compress,
    "zstd without size": zstandard.ZstdCompressor(write_content_size=False).compress,
}


@pytest.mark.parametrize("name", COMPRESS)
def test_compressed_nothing_is_empty_with_its_bytes(name: str) -> None:
    payload = COMPRESS[name](b"  \n")
    assert (dead(payload).code, dead(payload).payload) == ("empty", payload)


@pytest.mark.parametrize("name", COMPRESS)
def test_cut_short_is_corrupt_at_every_length_and_keeps_its_bytes(name: str) -> None:
    whole = COMPRESS[name](b"<a>" + bytes(range(256)) * 4 + b"</a>")
    for length in range(6, len(whole), 7):
        letter = dead(whole[:length])
        assert (letter.code, letter.payload, letter.truncated) == ("corrupt_archive", whole[:length], False)


@pytest.mark.parametrize("name", COMPRESS)
def test_a_bomb_is_not_blown_up(name: str) -> None:
    assert dead(COMPRESS[name](bytes(50_000_000))).code in ("too_large", "zip_bomb")


@pytest.mark.parametrize("name", COMPRESS)
def test_what_is_exactly_as_large_as_allowed_is_read(name: str) -> None:
    plain = b"<a>" + b"x" * (50_000 - 7) + b"</a>"
    assert of(COMPRESS[name](plain)) == [RawDocument(plain, ORIGIN, 7)]
    assert dead(COMPRESS[name](plain + b" ")).code == "too_large"


def test_several_members_and_frames_are_one_document() -> None:
    for compress in (gzip.compress, zstandard.compress):
        assert of(compress(b"<a>") + compress(b"</a>")) == [RawDocument(b"<a></a>", ORIGIN, 7)]


def test_bytes_behind_the_end_of_a_compressed_document_are_not_dropped_silently() -> None:
    for compress in COMPRESS.values():
        assert dead(compress(b"<a/>") + b"more").code == "corrupt_archive"


def test_an_archive_in_a_row_gives_its_entries() -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("x.xml", "<a/>")
        archive.writestr("y.xml", "<b/>")
    assert [document.origin for document in of(zipped.getvalue())] == [f"{ORIGIN}#x.xml", f"{ORIGIN}#y.xml"]
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w:gz") as tar:
        info = tarfile.TarInfo("z.xml")
        info.size = 4
        tar.addfile(info, io.BytesIO(b"<c/>"))
    assert of(tarred.getvalue()) == [RawDocument(b"<c/>", f"{ORIGIN}#z.xml", 7)]


@pytest.mark.parametrize("payload", [b"x\x9cis not zlib", b"x", b"xyz", b"\x1f", b"(\xb5"])
def test_what_only_looks_compressed_meets_a_fate_with_its_bytes(payload: bytes) -> None:
    (outcome,) = of(payload)
    assert outcome.payload == payload


def test_text_is_never_taken_for_compressed() -> None:
    assert of(b"x\x9c<a/>", text=True) == [RawDocument(b"x\x9c<a/>", ORIGIN, 7)]


DECLARED = {
    "ISO-8859-1": "São Paulo",
    "iso-8859-15": "1 €",
    "windows-1252": "“São”",
    "latin1": "ç",
    "US-ASCII": "plain",
    "UTF-16": "São €",
}


@pytest.mark.parametrize("encoding", DECLARED)
@pytest.mark.parametrize("quote", ["'", '"'])
def test_text_is_given_the_bytes_that_its_declaration_promises(encoding: str, quote: str) -> None:
    text = f"<?xml version='1.0' encoding = {quote}{encoding}{quote} standalone='yes'?><a>{DECLARED[encoding]}</a>"
    payload = as_declared(text.encode())
    assert payload == text.encode(encoding)
    assert etree.fromstring(payload).text == DECLARED[encoding]


@pytest.mark.parametrize("encoding", ["US-ASCII", "ISO-8859-1", "punycode", "hex", "no-such-thing", "é"])
def test_text_that_cannot_have_the_encoding_declared_is_read_as_utf_8(encoding: str) -> None:
    payload = as_declared(f'\n<?xml version="1.0" encoding="{encoding}"?><a>字</a>'.encode())
    if encoding != "é":  # no name of an encoding at all: not well-formed, whatever is done
        assert etree.fromstring(payload).text == "字"
    assert payload.endswith("<a>字</a>".encode())


@pytest.mark.parametrize(
    "text",
    [
        "<a>é</a>",
        '<?xml version="1.0"?><a>é</a>',
        '<?xml version="1.0" encoding="utf8"?><a>é</a>',
        "<?xml encoding",
        "é",
    ],
)
def test_text_that_declares_nothing_else_is_left_as_it_is(text: str) -> None:
    assert as_declared(text.encode()) == text.encode()


key_parts = st.one_of(st.none(), st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=8))


@given(st.tuples(key_parts, key_parts), st.tuples(key_parts, key_parts))
def test_different_keys_have_different_origins(first: tuple[str | None, ...], second: tuple[str | None, ...]) -> None:
    def origin(key: tuple[str | None, ...]) -> str:
        return origin_of("postgres:t/", tuple(None if part is None else part.encode() for part in key))

    assert (origin(first) == origin(second)) == (first == second)


def test_common_keys_stay_readable() -> None:
    assert origin_of("postgres:s.t/", (b"42",)) == "postgres:s.t/42"
    assert origin_of("postgres:s.t/", (b"2026-03-01 12:00:00+00",)) == "postgres:s.t/2026-03-01%2012:00:00+00"
    assert origin_of("postgres:s.t/", (b"12.345/0001-9", b"7")) == "postgres:s.t/12.345%2F0001-9/7"
