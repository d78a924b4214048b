from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.truth import certificates
from transforms.truth.codec import Codec, CodecError, UnknownCertificate, packaged, packaged_codec

TEXT = bytes(65 + n * n % 26 for n in range(1_200))

texts = st.builds(lambda letter, size: bytes((letter,)) * size, st.integers(65, 90), st.integers(0, 900))
pieces = st.one_of(
    st.binary(max_size=40),
    texts,
    st.sampled_from([b"<", b"X509Certificate>", b"<X509Certificate>", b"</X509Certificate>", b"<ds:X509Certificate>"]),
    texts.map(lambda text: b"<X509Certificate>" + text + b"</X509Certificate>"),
)
documents = st.lists(pieces, max_size=30).map(b"".join)


class Table:
    """Where certificates are kept."""

    def __init__(self) -> None:
        self.kept: dict[bytes, bytes] = {}
        self.codec = Codec(packaged(), {}, None, self.kept.get)

    def store(self, xml: bytes) -> bytes:
        packed = self.codec.pack_xml(xml)
        self.kept |= {each.digest: self.codec.encode_xml(each.text) for each in packed.certificates}
        return packed.stored


@given(documents)
def test_any_document_comes_back_byte_for_byte(xml: bytes) -> None:
    table = Table()
    assert table.codec.decode_xml(table.store(xml)) == xml


@given(documents)
def test_what_is_taken_and_what_is_left_are_the_whole(xml: bytes) -> None:
    found = certificates.split(xml)
    assert len(found.rest) + sum(len(each.text) for each in found.certificates) == len(xml)
    text_of = {each.digest: each.text for each in found.certificates}
    references = [(at, each.digest) for at, each in zip(found.offsets, found.certificates, strict=True)]
    assert certificates.join(found.rest, references, text_of.__getitem__) == xml


def test_a_certificate_is_stored_once_for_all_documents_that_it_signs() -> None:
    table = Table()
    stored = [
        table.store(b"<a>%d</a><ds:X509Certificate>%b</ds:X509Certificate>" % (number, TEXT)) for number in range(9)
    ]
    assert list(table.kept) == [certificates.digest_of(TEXT)]
    assert max(map(len, stored)) < 120


def test_two_signatures_in_one_document_are_both_taken() -> None:
    other = TEXT[::-1]
    xml = b"<NFe><X509Certificate>%b</X509Certificate></NFe><prot><X509Certificate>%b</X509Certificate></prot>"
    found = certificates.split(xml % (TEXT, other))
    assert [each.text for each in found.certificates] == [TEXT, other]
    assert found.rest == xml % (b"", b"")


@pytest.mark.parametrize(
    "xml",
    [
        b"<a/>",
        b"<X509Certificate></X509Certificate>",
        b"<X509Certificate>short</X509Certificate>",
        b"<X509Certificate>" + b"A" * 100_000 + b"</X509Certificate>",
        b"<X509Certificate>" + TEXT,
    ],
    ids=["none", "empty", "too short to pay", "no certificate at all", "cut off"],
)
def test_a_document_without_a_certificate_refers_to_nothing(xml: bytes) -> None:
    packed = packaged_codec().pack_xml(xml)
    assert packed.certificates == ()
    assert packaged_codec().decode_xml(packed.stored) == xml


def test_of_a_flood_of_certificates_some_stay_where_they_are() -> None:
    xml = b"".join(b"<X509Certificate>%d%b</X509Certificate>" % (number, TEXT) for number in range(100))
    table = Table()
    assert table.codec.decode_xml(table.store(xml)) == xml
    assert len(table.kept) == 16


def test_a_certificate_that_is_nowhere_is_named() -> None:
    table = Table()
    stored = table.store(b"<X509Certificate>%b</X509Certificate>" % TEXT)
    table.kept.clear()
    with pytest.raises(UnknownCertificate, match=f"~certificate/{certificates.digest_of(TEXT).hex()}"):
        table.codec.decode_xml(stored)


@pytest.mark.parametrize("size", [1, 2, 10, 21], ids=["no references", "of one", "within one", "no frame"])
def test_a_stored_document_that_is_cut_off_is_damaged(size: int) -> None:
    table = Table()
    stored = table.store(b"<X509Certificate>%b</X509Certificate>" % TEXT)
    with pytest.raises(CodecError, match="damaged"):
        table.codec.decode_xml(stored[:size])
