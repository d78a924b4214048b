"""Entries that are not read: each a dead letter with its bytes, and the others are read."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest

from tests.unit.ingest.packing import (
    CHANGED,
    FILES,
    codes,
    dead,
    documents,
    entry_of,
    read,
    tarred,
    with_flag,
    with_method,
    xml,
    zipped,
)
from transforms.ingest.limits import Limits
from transforms.model import DeadLetter


def test_dead_letter_of_an_encrypted_entry_keeps_its_bytes_and_the_others_are_read() -> None:
    payload = with_flag(zipped(FILES), "2.xml", 0x1)
    outcomes = read(payload, "/in/a.zip")
    stored = entry_of(zipped(FILES), "2.xml")
    assert dead(outcomes) == {
        "/in/a.zip#2.xml": DeadLetter(
            "encrypted_entry",
            "/in/a.zip#2.xml: the entry is encrypted; pack it again without a password",
            "ingest",
            "/in/a.zip#2.xml",
            stored,
            CHANGED,
            len(stored),
        )
    }
    assert len(documents(outcomes)) == 4


def test_compression_that_is_not_supported() -> None:
    payload = with_method(zipped(FILES), "2.xml", 9)
    letter = dead(read(payload))["/in/a#2.xml"]
    assert (letter.code, letter.payload) == ("unsupported_compression", entry_of(zipped(FILES), "2.xml"))
    assert "method 9 (deflate64)" in letter.message


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../1.xml",
        "a/../../1.xml",
        "a\\..\\..\\1.xml",
        "\\\\host\\1.xml",
        "C:\\1.xml",
        "c:1.xml",
        "..",
        "a\0.xml",
    ],
)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_path_like_names_are_dead_letters_with_the_content(name: str, pack) -> None:
    if "\0" in name:  # packers cut the name there
        if pack is tarred:
            return
        payload = zipped([("a#.xml", xml(1)), ("b.xml", xml(2))]).replace(b"a#.xml", b"a\0.xml")
    else:
        payload = pack([(name, xml(1)), ("b.xml", xml(2))])
    outcomes = read(payload)
    (letter,) = dead(outcomes).values()
    assert (letter.code, letter.payload, letter.truncated) == ("unsafe_entry_name", xml(1), False)
    assert letter.origin == "/in/a#" + name.replace("\0", "\\0")
    assert documents(outcomes) == {"/in/a#b.xml": xml(2)}


@pytest.mark.parametrize("name", ["a..b.xml", "...", "./1.xml", "a/./1.xml", "..a/1.xml", "a\\1.xml", "nota: 1.xml"])
def test_odd_names_that_lead_nowhere_else_are_read(name: str) -> None:
    assert documents(read(tarred([(name, xml(1))]))) == {f"/in/a#{name}": xml(1)}


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.SYMTYPE, "symbolic link to '/etc/passwd'"),
        (tarfile.FIFOTYPE, "FIFO"),
        (tarfile.CHRTYPE, "device"),
    ],
    ids=["hard link", "symbolic link", "FIFO", "device"],
)
def test_links_and_devices_in_tar(kind: bytes, word: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("x.xml")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
        info = tarfile.TarInfo("y.xml")
        info.size = len(xml(1))
        archive.addfile(info, io.BytesIO(xml(1)))
    outcomes = read(buffer.getvalue())
    assert codes(outcomes) == {"/in/a#x.xml": "unsafe_entry_type"}
    assert word in dead(outcomes)["/in/a#x.xml"].message
    assert documents(outcomes) == {"/in/a#y.xml": xml(1)}


def test_symbolic_link_in_zip() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("x.xml")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    letter = dead(read(buffer.getvalue()))["/in/a#x.xml"]
    assert (letter.code, letter.payload) == ("unsafe_entry_type", b"/etc/passwd")


@pytest.mark.parametrize("pack", [zipped, tarred, lambda files: tarred(files, "w:xz")], ids=["zip", "tar", "tar.xz"])
def test_entry_over_the_limit_keeps_its_beginning_and_the_others_are_read(pack) -> None:
    limits = Limits(max_entry_bytes=2000, kept_bytes=100)
    large = xml("grande" * 1000)
    outcomes = read(pack([("0.xml", xml(0)), ("x.xml", large), ("1.xml", xml(1))]), limits=limits)
    letter = dead(outcomes)["/in/a#x.xml"]
    assert (letter.code, letter.payload, letter.truncated) == ("too_large", large[:100], True)
    assert 2000 < letter.size < len(large)
    assert documents(outcomes) == {"/in/a#0.xml": xml(0), "/in/a#1.xml": xml(1)}


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress], ids=["plain", "gz"])
def test_a_document_of_exactly_the_limit_is_read_and_one_byte_more_is_not(pack) -> None:
    data = xml("n" * 1000)
    assert documents(read(pack(data), limits=Limits(max_entry_bytes=len(data)))) == {"/in/a": data}
    assert codes(read(pack(data), limits=Limits(max_entry_bytes=len(data) - 1)))["/in/a"] in (
        "too_large",
        "corrupt_archive",
    )


def test_plain_file_over_the_limit() -> None:
    (letter,) = read(xml("n" * 5000), limits=Limits(max_entry_bytes=2000, kept_bytes=10))
    assert isinstance(letter, DeadLetter)
    assert (letter.code, letter.payload, letter.truncated) == ("too_large", b"<nota><num", True)
