"""E-mails, mailboxes and signed containers: what is in them is an input; hostile ones end in a dead letter, soon."""

from __future__ import annotations

import base64
import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ingest.packing import codes, dead, documents, read, xml, zipped
from transforms.ingest.limits import Limits
from transforms.model import DeadLetter, RawDocument

FROM = b"From nfe@example.com Mon Mar 10 10:00:00 2025\n"


def mail(*files: tuple[str, bytes], text: str = "Segue o XML.") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "nfe@example.com", "fiscal@example.com", "NF-e"
    message.set_content(text)
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message


def test_attachments_are_inputs_archives_among_them() -> None:
    message = mail(("1.xml", xml(1)), ("notas ção.zip", zipped([("2.xml", xml(2))])), ("1.xml", xml(3)))
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="danfe.pdf")
    outcomes = read(bytes(message), "/in/a.eml")
    assert documents(outcomes) == {
        "/in/a.eml#1.xml": xml(1),
        "/in/a.eml#notas ção.zip#2.xml": xml(2),
        "/in/a.eml#1.xml~2": xml(3),
    }
    assert codes(outcomes) == {"/in/a.eml#danfe.pdf": "pdf_file"}


def test_a_mail_in_an_archive_without_a_telling_name_and_one_forwarded_in_it() -> None:
    outer = mail(("1.xml", xml(1)))
    outer.add_attachment(mail(("2.xml", xml(2))))
    found = documents(read(zipped([("m", bytes(outer))])))
    assert found == {"/in/a#m#1.xml": xml(1), "/in/a#m#2.xml": xml(2)}


def test_xml_written_into_the_mail_itself() -> None:
    text = '<?xml version="1.0"?>' + xml(1).decode()
    assert list(documents(read(bytes(mail(text=text))))) == ["/in/a#part1"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("../../etc/x.xml", "x.xml"), ("C:\\notas\\x.xml", "x.xml"), ("..", "part2"), ("=?utf-8?q?=C3=A7.xml?=", "ç.xml")],
)
def test_names_of_attachments_are_no_paths(name: str, expected: str) -> None:
    payload = bytes(mail(("NAME", xml(1)))).replace(b'"NAME"', b'"' + name.replace("\\", "\\\\").encode() + b'"')
    assert documents(read(payload)) == {f"/in/a#{expected}": xml(1)}


def test_a_mail_without_attachment_says_so() -> None:
    assert codes(read(bytes(mail()), "/in/a.eml")) == {"/in/a.eml": "mail_without_attachment"}


def test_mails_of_a_mailbox_are_told_apart_by_the_byte_where_they_begin() -> None:
    first = FROM + bytes(mail(("1.xml", xml(1)))) + b"\n"
    text = FROM + bytes(mail()) + b"\n"
    payload = first + text + FROM + bytes(mail(("1.xml", xml(2))))
    assert documents(read(payload, "/in/a.mbox")) == {
        "/in/a.mbox#@0#1.xml": xml(1),
        f"/in/a.mbox#@{len(first) + len(text)}#1.xml": xml(2),
    }
    assert codes(read(payload)) == {}
    assert codes(read(text)) == {"/in/a": "mail_without_attachment"}


def test_a_mailbox_larger_than_what_is_read_at_once() -> None:
    each = FROM + bytes(mail(("1.xml", xml("x" * 90_000)))) + b"\n"
    outcomes = read(each * 30)
    assert len(documents(outcomes)) == len(outcomes) == 30


def test_a_mail_over_the_limit_does_not_spoil_its_neighbours() -> None:
    small, large = (FROM + bytes(mail(("1.xml", xml("x" * size)))) + b"\n" for size in (10, 3_000_000))
    outcomes = read(small + large + small, limits=Limits(max_parsed_bytes=1_000_000))
    assert len(documents(outcomes)) == 2
    (letter,) = dead(outcomes).values()
    assert (letter.code, letter.origin, letter.truncated) == ("too_large", f"/in/a#@{len(small)}", True)


@pytest.mark.parametrize("left", [200, 600, 1100, 1400])
def test_a_mailbox_that_was_cut_keeps_what_was_whole_and_tells(left: int) -> None:
    first = FROM + bytes(mail(("1.xml", xml(1)))) + b"\n"
    second = FROM + bytes(mail(("2.xml", xml("y" * 1000)), ("3.xml", xml(3))))
    outcomes = read(first + second[:left])
    assert documents(outcomes)["/in/a#@0#1.xml"] == xml(1)
    if left > 200:
        assert codes(outcomes) == {f"/in/a#@{len(first)}": "corrupt_archive"}


def nested(depth: int) -> bytes:
    front = b"From: a@example.com\nSubject: x\nMIME-Version: 1.0\n"
    parts = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth))
    return front + parts + b"Content-Type: text/xml\n\n" + xml(1)


def quick(payload: bytes, limits: Limits | None = None) -> list[RawDocument | DeadLetter]:
    start = time.monotonic()
    outcomes = read(payload, limits=limits or Limits())
    assert time.monotonic() - start < 20
    return outcomes


def test_parts_nested_ten_thousand_deep() -> None:
    assert codes(quick(nested(10_000))) == {"/in/a": "archive_too_deep"}


def test_ten_thousand_parts_beside_each_other() -> None:
    part = b'--b\nContent-Type: text/xml; name="x.xml"\n\n' + xml(1) + b"\n"
    head = b'From: a@example.com\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'
    assert len(documents(quick(head + part * 10_000 + b"--b--\n"))) == 10_000


def test_a_first_line_made_to_keep_patterns_busy() -> None:
    line = b"From " + b"00:00 2025 " * 300_000
    assert quick(zipped([("a", line)], 0))
    assert quick(FROM + b"X: y\n\n" + (b"\n\n" + line[:300_000]) * 10)


def test_a_mail_of_nothing_but_lines() -> None:
    assert codes(quick(b"From: a\nTo: b\n\n" + b"\n" * 5_000_000)) == {"/in/a": "too_large"}


def test_a_zip_bomb_in_a_mail() -> None:
    outcomes = quick(bytes(mail(("b.zip", zipped([("b.xml", bytes(9_000_000))])), ("1.xml", xml(1)))))
    assert codes(outcomes) == {"/in/a#b.zip#b.xml": "zip_bomb"}
    assert documents(outcomes) == {"/in/a#1.xml": xml(1)}


def test_mails_in_mails_in_archives_have_the_depth_of_archives() -> None:
    payload = xml(1)
    for _ in range(4):
        payload = bytes(mail(("m.zip", zipped([("a.eml", payload)]))))
    assert set(codes(read(payload)).values()) == {"archive_too_deep"}


@given(st.integers(0, 1500), st.binary(max_size=40))
def test_no_damage_to_a_mail_raises_and_something_always_comes_of_it(at: int, junk: bytes) -> None:
    payload = bytes(mail(("1.xml", xml(1)), ("2.zip", zipped([("2.xml", xml(2))]))))
    assert read(payload[:at] + junk + payload[at + len(junk) :])


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x84" + size.to_bytes(4, "big")) + body


DATA = bytes.fromhex("06092a864886f70d010701")
SIGNED = bytes.fromhex("06092a864886f70d010702")


def p7m(content: bytes | None) -> bytes:
    held = b"" if content is None else der(0xA0, der(0x04, content))
    signed = der(0x30, b"\x02\x01\x01", der(0x31), der(0x30, DATA, held), der(0x31))
    return der(0x30, SIGNED, der(0xA0, signed))


def streamed_p7m(*pieces: bytes) -> bytes:
    """As OpenSSL streams it: lengths unknown, the content in pieces."""
    octets = b"\x24\x80" + b"".join(der(0x04, piece) for piece in pieces) + b"\0\0"
    inner = b"\x30\x80" + DATA + b"\xa0\x80" + octets + b"\0\0\0\0"
    signed = b"\x30\x80\x02\x01\x01\x31\x00" + inner + b"\x31\x00\0\0"
    return b"\x30\x80" + SIGNED + b"\xa0\x80" + signed + b"\0\0\0\0"


@pytest.mark.parametrize(
    "payload",
    [
        p7m(xml(1)),
        streamed_p7m(xml(1)[:9], xml(1)[9:]),
        b"-----BEGIN PKCS7-----\n" + base64.encodebytes(p7m(xml(1))) + b"-----END PKCS7-----\n",
        base64.encodebytes(p7m(xml(1))),
    ],
    ids=["der", "ber", "pem", "base64"],
)
def test_what_a_signed_container_holds_is_the_input(payload: bytes) -> None:
    assert documents(read(payload, "/in/1.xml.p7m")) == {"/in/1.xml.p7m": xml(1)}


def test_archives_mails_and_other_files_in_a_signed_container() -> None:
    assert documents(read(p7m(zipped([("1.xml", xml(1))])))) == {"/in/a#1.xml": xml(1)}
    assert documents(read(p7m(bytes(mail(("1.xml", xml(1))))))) == {"/in/a#1.xml": xml(1)}
    assert codes(read(p7m(b"%PDF-1.4"), "/in/a.pdf.p7m")) == {"/in/a.pdf.p7m": "pdf_file"}


def test_the_signature_of_a_signed_mail_is_no_input() -> None:
    signed = (
        b'From: a@b.c\nMIME-Version: 1.0\nContent-Type: multipart/signed; protocol="application/pkcs7-signature"; '
        b'boundary="x"\n\n--x\nContent-Type: application/xml; name="1.xml"\n\n' + xml(1) + b"\n--x\n"
        b'Content-Type: application/pkcs7-signature; name="smime.p7s"\nContent-Transfer-Encoding: base64\n\n'
        + base64.encodebytes(p7m(None)) + b"\n--x--\n"
    )  # fmt: skip
    outcomes = read(signed, "/in/a.eml")
    assert (codes(outcomes), documents(outcomes)) == ({}, {"/in/a.eml#1.xml": xml(1)})


def test_a_signature_alone_and_an_encrypted_container() -> None:
    assert codes(read(p7m(None), "/in/1.xml.p7s")) == {"/in/1.xml.p7s": "detached_signature"}
    encrypted = der(0x30, SIGNED[:-1] + b"\x03", der(0xA0, der(0x30, b"\x02\x01\x00")))
    assert codes(read(encrypted)) == {"/in/a": "encrypted_entry"}


@pytest.mark.parametrize("size", [b"\x84\xff\xff\xff\xff", b"\x84\x00\x00\x00\x01", b"\x80", b"\x88" + b"\xff" * 8])
def test_a_signed_container_that_lies_about_its_lengths(size: bytes) -> None:
    whole = p7m(xml("x" * 500))
    at = whole.index(b"\x04\x84")
    outcomes = quick(whole[: at + 1] + size + whole[at + 6 :])
    assert [outcome.origin for outcome in outcomes] == ["/in/a"]
    assert all(len(outcome.payload) <= len(whole) + 4 for outcome in outcomes)


@given(st.integers(0, 90), st.binary(min_size=1, max_size=8))
def test_no_damage_to_a_signed_container_raises(at: int, junk: bytes) -> None:
    payload = p7m(xml(1))
    assert len(read(payload[:at] + junk + payload[at + len(junk) :], "/in/1.p7m")) >= 1


def test_a_signed_container_of_nothing_but_openings() -> None:
    payload = b"\x30\x80" + SIGNED + b"\xa0\x80" + b"\x30\x80" * 500_000
    assert codes(quick(payload)) == {"/in/a": "corrupt_archive"}
