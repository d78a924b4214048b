from __future__ import annotations

from base64 import b64decode
from typing import Any

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from transforms.truth import codec as codecs
from transforms.truth.codec import Codec, CodecError, Dictionary, UnknownDictionary, packaged_codec

SAMPLES = [f"<nfeProc versao='4.00'><NFe><infNFe Id='NFe{n:044d}'/></NFe></nfeProc>".encode() * 3 for n in range(400)]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def _trained(number: int) -> Dictionary:
    data = zstandard.train_dictionary(4_096, SAMPLES, dict_id=number).as_bytes()
    return Dictionary(codecs.XML, number, data)


# Written by the releases that had these forms, with their dictionaries.
EARLIER = (
    '<?xml version="1.0" encoding="UTF-8"?><NFe xmlns="http://www.portalfiscal.inf.br/nfe">'
    "<ide><cUF>35</cUF><xJust>erro de digitação</xJust></ide></NFe>"
).encode()
EARLIER_CERTIFICATE = bytes(65 + n * n % 26 for n in range(1_200))
VERSION_1_XML = "ASi1L/0jnIoaLZY9AQBgZGUgZGlnaS9ORmU+B/wzTyeAZGgPb4AYT7CrED2tirNicqfJOQI="
VERSION_1_JSON = "ASi1L/0j91JnbD2dAAAwLjUwIn19A/x9JJ79+QV7CuYC"
VERSION_2_XML = "AgEAAACh09wOx8ULeiCxoWyT/vGPPSi1L/0jnIoaLblFAQBYZGUgZGlnaU5GZT4I/Kt6NfOUtJIM8cKbAcZTdQqpZ6uSTEzutOpj"

FIRST, SECOND = _trained(40_001), _trained(40_002)


@given(st.binary(max_size=3_000))
def test_xml_comes_back_byte_for_byte(xml: bytes) -> None:
    codec = packaged_codec()
    assert codec.decode_xml(codec.encode_xml(xml)) == xml


@given(st.integers(0, len(SAMPLES) - 1), st.binary(max_size=50))
def test_xml_comes_back_with_a_dictionary(number: int, tail: bytes) -> None:
    codec = Codec([FIRST], {codecs.XML: FIRST.dictionary_id})
    stored = codec.encode_xml(SAMPLES[number] + tail)
    assert codec.decode_xml(stored) == SAMPLES[number] + tail
    assert zstandard.get_frame_parameters(stored[1:]).dict_id == FIRST.dictionary_id


@given(json_values)
def test_json_comes_back(value: Any) -> None:
    codec = packaged_codec()
    assert codec.decode_json(codec.encode_json(value)) == value


def test_equal_json_is_stored_equal_whatever_the_order_of_its_keys() -> None:
    codec = packaged_codec()
    assert codec.encode_json({"a": 1, "b": {"c": 2, "d": 3}}) == codec.encode_json({"b": {"d": 3, "c": 2}, "a": 1})


def test_the_dictionary_of_the_writer_is_fetched_by_its_id_once() -> None:
    asked = []

    def find(number: int) -> bytes | None:
        asked.append(number)
        return FIRST.data if number == FIRST.dictionary_id else None

    stored = Codec([FIRST], {codecs.XML: FIRST.dictionary_id}).encode_xml(SAMPLES[7])
    reader = Codec([], {}, find)
    assert [reader.decode_xml(stored), reader.decode_xml(stored)] == [SAMPLES[7], SAMPLES[7]]
    assert asked == [FIRST.dictionary_id]


def test_a_newer_dictionary_reads_what_an_older_one_wrote() -> None:
    stored = Codec([FIRST], {codecs.XML: FIRST.dictionary_id}).encode_xml(SAMPLES[1])
    assert Codec([FIRST, SECOND], {codecs.XML: SECOND.dictionary_id}).decode_xml(stored) == SAMPLES[1]


def test_a_dictionary_that_is_nowhere_is_named() -> None:
    stored = Codec([FIRST], {codecs.XML: FIRST.dictionary_id}).encode_xml(SAMPLES[1])
    with pytest.raises(UnknownDictionary, match="~dictionary/40001") as raised:
        Codec([], {}).decode_xml(stored)
    assert raised.value.dictionary_id == FIRST.dictionary_id


def test_a_learned_dictionary_reads_at_once() -> None:
    stored = Codec([FIRST], {codecs.XML: FIRST.dictionary_id}).encode_xml(SAMPLES[1])
    codec = Codec([], {})
    codec.learn(FIRST.data)
    assert codec.decode_xml(stored) == SAMPLES[1]


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (b"", "the cell is empty"),
        (b"\xff123", "version 255"),
        (b"\x01<nfeProc/>", "damaged"),
        (packaged_codec().encode_xml(SAMPLES[0])[:-4], "damaged"),
    ],
    ids=["empty", "unknown version", "no frame", "truncated"],
)
def test_what_cannot_be_read_is_said(stored: bytes, message: str) -> None:
    with pytest.raises(CodecError, match=message):
        packaged_codec().decode_xml(stored)


def test_stored_json_that_is_none_is_said() -> None:
    codec = packaged_codec()
    with pytest.raises(CodecError, match="JSON of .* is damaged"):
        codec.decode_json(codec.encode_xml(b"<no json/>"))


def test_no_dictionary_is_no_dictionary() -> None:
    with pytest.raises(CodecError, match="magic number"):
        codecs.dictionary_id_of(b"not a dictionary")


def test_shipped_dictionaries_are_named_for_what_they_hold() -> None:
    shipped = {d.dictionary_id: d.purpose for d in codecs.packaged()}
    assert {purpose: shipped[number] for purpose, number in codecs.current().items()} == {
        purpose: purpose for purpose in codecs.current()
    }


def test_json_of_a_cell_is_readable_without_this_project() -> None:
    stored = Codec([], {}).encode_json({"a": [1, "ç"]})
    assert orjson.loads(zstandard.ZstdDecompressor().decompress(stored[1:])) == {"a": [1, "ç"]}


def test_what_earlier_releases_wrote_is_read() -> None:
    certificate = b"<X509Certificate>%b</X509Certificate></NFe>" % EARLIER_CERTIFICATE
    kept = Codec([], {}).encode_xml(EARLIER_CERTIFICATE)
    codec = packaged_codec(find_certificate=lambda digest: kept)
    assert codec.decode_xml(b64decode(VERSION_1_XML)) == EARLIER
    assert codec.decode_xml(b64decode(VERSION_2_XML)) == EARLIER.replace(b"</NFe>", certificate)
    assert codec.decode_json(b64decode(VERSION_1_JSON)) == {
        "kind": "document",
        "layout": "nfe",
        "fields": {"total": "10.50"},
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_a_document_comes_back_whatever_its_encoding(encoding: str) -> None:
    xml = EARLIER.decode().encode(encoding)
    codec = packaged_codec()
    assert codec.decode_xml(codec.pack_xml(xml).stored) == xml


def test_a_document_with_an_unknown_dictionary_names_it() -> None:
    stored = Codec([FIRST], {codecs.XML: FIRST.dictionary_id}).pack_xml(SAMPLES[1]).stored
    with pytest.raises(UnknownDictionary, match="~dictionary/40001"):
        Codec([], {}).decode_xml(stored)


@pytest.mark.parametrize("size", [1, 2, 3, 8], ids=["no references", "no signature", "no frame", "within the frame"])
def test_a_document_that_is_cut_off_is_damaged(size: int) -> None:
    stored = packaged_codec().pack_xml(EARLIER).stored
    with pytest.raises(CodecError, match="damaged"):
        packaged_codec().decode_xml(stored[:size])
