"""What cannot be read: each a dead letter with a stable code, its bytes, and a message that names the place."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import zipfile
import zlib

import pytest

from tests.unit.ingest.packing import (
    CHANGED,
    Unseekable,
    codes,
    dead,
    documents,
    read,
    streamed_zip,
    tarred,
    with_flag,
    with_method,
    xml,
    zipped,
)
from transforms.ingest.archives import expand
from transforms.ingest.limits import Limits
from transforms.model import DeadLetter

FILES = [(f"{n}.xml", xml(n)) for n in range(5)]
MEGABYTE = 1_000_000


def entry_of(archive: bytes, name: str) -> bytes:
    """An entry's bytes as they are in the archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        info = opened.getinfo(name)
    start = info.header_offset + 30 + len(name)
    return archive[start : start + info.compress_size]


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


class Zeros(io.RawIOBase):
    """A gigabyte of zeros that takes no room."""

    def __init__(self, size: int) -> None:
        self.left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        count = min(len(buffer), self.left)
        buffer[:count] = bytes(count)
        self.left -= count
        return count


def bomb(size: int) -> bytes:
    """Deflated zeros: blocks are the same again and again, so one is made and repeated."""
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(MEGABYTE)
    parts = [pack.compress(block) + pack.flush(zlib.Z_FULL_FLUSH)]
    again = pack.compress(block) + pack.flush(zlib.Z_FULL_FLUSH)
    parts.append(again * (size // MEGABYTE - 1))
    return b"".join(parts) + pack.flush()


def zip_with_entry(name: str, stored: bytes, size: int, crc: int = 0) -> bytes:
    raw = name.encode()
    local = struct.pack("<4sHHHHHLLLHH", b"PK\3\4", 20, 0, 8, 0, 33, crc, len(stored), size, len(raw), 0) + raw
    central = struct.pack(
        "<4sHHHHHHLLLHHHHHLL", b"PK\1\2", 20, 20, 0, 8, 0, 33, crc, len(stored), size, len(raw), 0, 0, 0, 0, 0, 0
    ) + raw  # fmt: skip
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local) + len(stored), 0)
    return local + stored + central + end


def test_bomb_of_a_gigabyte_of_zeros_is_left_at_a_few_megabytes() -> None:
    payload = zip_with_entry("x.xml", bomb(1000 * MEGABYTE), 1000 * MEGABYTE)
    (letter,) = read(payload)
    assert isinstance(letter, DeadLetter)
    assert (letter.code, letter.origin, letter.truncated) == ("zip_bomb", "/in/a#x.xml", False)
    assert letter.payload == bomb(1000 * MEGABYTE)
    made = int(letter.message.split("expanded to ")[1].split()[0])
    assert MEGABYTE < made < 3 * MEGABYTE


def test_bomb_that_lies_about_its_size_is_found_all_the_same() -> None:
    (letter,) = read(zip_with_entry("x.xml", bomb(100 * MEGABYTE), 500))
    assert isinstance(letter, DeadLetter)
    assert letter.code in ("zip_bomb", "too_large")


def test_gzip_and_tar_bombs_stop_the_archive_with_one_dead_letter() -> None:
    head = tarfile.TarInfo("x.xml")
    head.size = 100 * MEGABYTE
    pack = gzip.compress(tarred([("0.xml", xml(0))])[:1024] + head.tobuf() + bytes(100 * MEGABYTE))
    outcomes = read(pack)
    assert documents(outcomes) == {"/in/a#0.xml": xml(0)}
    assert codes(outcomes) == {"/in/a": "zip_bomb"}
    assert dead(outcomes)["/in/a"].payload == pack


def test_nested_archives_deeper_than_the_limit_are_kept_whole() -> None:
    fourth = zipped([("5.xml", xml(5))])
    third = zipped([("4.zip", fourth), ("4.xml", xml(4))])
    second = zipped([("3.zip", third), ("3.xml", xml(3))])
    outcomes = read(zipped([("2.zip", second), ("2.xml", xml(2))]))
    assert codes(outcomes) == {"/in/a#2.zip#3.zip#4.zip": "archive_too_deep"}
    assert dead(outcomes)["/in/a#2.zip#3.zip#4.zip"].payload == fourth
    assert sorted(documents(outcomes)) == ["/in/a#2.xml", "/in/a#2.zip#3.xml", "/in/a#2.zip#3.zip#4.xml"]


def test_endless_gzip_in_gzip_is_too_deep() -> None:
    payload = xml(1)
    for _ in range(50):
        payload = gzip.compress(payload)
    assert codes(read(payload, "/in/a.gz")) == {"/in/a.gz": "archive_too_deep"}


def test_archive_that_multiplies_at_every_level_is_stopped_in_time() -> None:
    """Sixteen of sixteen of sixteen: small at each step, and four thousand times nine megabytes of blanks in all."""
    limits = Limits(max_ratio=2000, total_from_bytes=20 * MEGABYTE)
    payload = zipped([("x.xml", b"<a>" + bytes(9 * MEGABYTE))])
    for _ in range(2):
        payload = zipped([(f"{n}.zip", payload) for n in range(16)])
    outcomes = read(payload, limits=limits)
    letter = dead(outcomes)["/in/a"]
    assert (letter.code, letter.payload) == ("zip_bomb", payload)
    assert len(outcomes) < 256


def test_entries_that_overlap_are_a_bomb() -> None:
    """Many entries of the directory that share one entry's bytes."""
    one = zip_with_entry("x.xml", zlib.compress(xml("n" * 50_000))[2:-4], len(xml("n" * 50_000)))
    at = one.index(b"PK\1\2")
    record = one[at : one.index(b"PK\5\6")]
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 500, 500, 500 * len(record), at, 0)
    outcomes = read(one[:at] + record * 500 + end)
    assert dead(outcomes)["/in/a"].code == "zip_bomb"
    assert "overlap" in dead(outcomes)["/in/a"].message
    assert len(outcomes) < 500


def cut(payload: bytes, share: float) -> bytes:
    return payload[: int(len(payload) * share)]


@pytest.mark.parametrize(
    ("mode", "options"),
    [("w", {}), ("w:gz", {"compresslevel": 1}), ("w:bz2", {"compresslevel": 1}), ("w:xz", {"preset": 0})],
    ids=["tar", "gz", "bz2", "xz"],
)
def test_cut_tar_gives_the_entries_before_the_cut(mode: str, options: dict[str, int]) -> None:
    """Incompressible documents, so that each compression has given some of them by then."""
    noise = random.Random(1)
    files = [(f"{n}.xml", xml(noise.randbytes(5000).hex())) for n in range(60)]
    payload = cut(tarred(files, mode, **options), 0.7)
    outcomes = read(payload, "/in/a.tar")
    found = documents(outcomes)
    assert found and found == {f"/in/a.tar#{name}": data for name, data in files[: len(found)]}
    letter = dead(outcomes)["/in/a.tar"]
    assert (letter.code, letter.payload, letter.truncated) == ("corrupt_archive", payload, False)


def test_cut_tar_says_in_which_entry_and_where() -> None:
    payload = tarred([("0.xml", xml(0)), ("longa.xml", xml("n" * 3000))])[:2048]
    letter = dead(read(payload))["/in/a"]
    assert "cut in entry 'longa.xml', which begins at byte 1024: 512 of its" in letter.message


@pytest.mark.parametrize("length", [1024, 1536], ids=["between entries", "behind a header"])
def test_tar_without_its_end_mark_may_be_cut(length: int) -> None:
    outcomes = read(tarred(FILES)[:length])
    assert documents(outcomes) == {"/in/a#0.xml": xml(0)}
    assert codes(outcomes) == {"/in/a": "corrupt_archive"}


def test_damaged_tar_header_is_not_the_end_of_the_archive() -> None:
    payload = bytearray(tarred(FILES))
    payload[1024] ^= 0x20
    outcomes = read(bytes(payload))
    assert documents(outcomes) == {"/in/a#0.xml": xml(0)}
    assert "the header at byte 1024 is damaged" in dead(outcomes)["/in/a"].message


def test_tar_header_that_claims_a_name_of_a_gigabyte() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    assert codes(read(info.tobuf(tarfile.GNU_FORMAT))) == {"/in/a": "corrupt_archive"}


def test_bytes_behind_a_gzip_stream_are_not_lost_silently() -> None:
    payload = gzip.compress(tarred(FILES)) + b"mais"
    outcomes = read(payload)
    assert len(documents(outcomes)) == 5
    assert "followed by" in dead(outcomes)["/in/a"].message
    assert dead(outcomes)["/in/a"].payload == payload


def test_gzip_with_a_wrong_checksum() -> None:
    payload = bytearray(gzip.compress(xml(1)))
    payload[-8] ^= 1
    assert codes(read(bytes(payload), "/in/1.xml.gz")) == {"/in/1.xml.gz": "corrupt_archive"}


def test_cut_gzip_of_many_documents_gives_those_before_the_cut() -> None:
    noise = random.Random(1)
    payload = b"".join(xml(noise.randbytes(1000).hex()) + b"\n" for n in range(100))
    outcomes = read(cut(gzip.compress(payload), 0.5))
    assert len(documents(outcomes)) > 10
    assert all(data.endswith(b"</nota>") for data in documents(outcomes).values())
    assert codes(outcomes) == {"/in/a": "corrupt_archive"}


@pytest.mark.parametrize("pack", [zipped, streamed_zip], ids=["sizes in front", "sizes behind"])
def test_zip_without_its_directory_is_read_by_the_entries_own_headers(pack) -> None:
    payload = pack(FILES)
    payload = payload[: payload.index(b"PK\1\2")]
    outcomes = read(payload, "/in/a.zip")
    assert documents(outcomes) == {f"/in/a.zip#{name}": data for name, data in FILES}
    letter = dead(outcomes)["/in/a.zip"]
    assert (letter.code, letter.payload) == ("corrupt_archive", payload)
    assert "5 entries were read by their own headers" in letter.message


@pytest.mark.parametrize("pack", [zipped, streamed_zip], ids=["sizes in front", "sizes behind"])
def test_zip_cut_in_an_entry_names_it(pack) -> None:
    payload = pack([("0.xml", xml(0)), ("1.xml", bytes(range(256)) * 40)])
    outcomes = read(payload[: payload.index(b"1.xml") + 100])
    assert documents(outcomes) == {"/in/a#0.xml": xml(0)}
    assert "1 entries were read" in dead(outcomes)["/in/a"].message
    assert len(outcomes) == 2


def test_zip_with_a_damaged_directory_gives_the_entries_before_the_damage() -> None:
    payload = bytearray(zipped(FILES))
    at = payload.index(b"PK\1\2")
    for _ in range(3):
        at = payload.index(b"PK\1\2", at + 1)
    payload[at] = 0
    outcomes = read(bytes(payload))
    assert len(documents(outcomes)) == 3
    assert f"directory is damaged at byte {at}" in dead(outcomes)["/in/a"].message


def test_zip_with_a_damaged_entry_gives_all_others() -> None:
    good = zipped(FILES)
    payload = bytearray(good)
    at = payload.index(entry_of(good, "2.xml"))
    payload[at + 5] ^= 0xFF
    outcomes = read(bytes(payload))
    assert codes(outcomes) == {"/in/a#2.xml": "corrupt_archive"}
    assert dead(outcomes)["/in/a#2.xml"].payload == bytes(payload[at : at + len(entry_of(good, "2.xml"))])
    assert len(documents(outcomes)) == 4


def test_zip_entry_with_a_wrong_checksum_is_not_passed_on() -> None:
    payload = zipped([("1.xml", xml(1))], zipfile.ZIP_STORED).replace(xml(1), xml(2))
    assert codes(read(payload)) == {"/in/a#1.xml": "corrupt_archive"}


def test_part_of_a_split_zip() -> None:
    payload = bytearray(zipped(FILES))
    at = payload.rindex(b"PK\5\6")
    payload[at + 4] = payload[at + 6] = 3
    assert "part 4 of an archive" in dead(read(bytes(payload)))["/in/a"].message


def test_large_corrupt_archive_keeps_its_beginning() -> None:
    limits = Limits(max_entry_bytes=1000, kept_bytes=50)
    payload = cut(tarred(FILES), 0.3)
    letter = dead(read(payload, limits=limits))["/in/a"]
    assert (letter.payload, letter.size, letter.truncated) == (payload[:50], len(payload), True)
    letter = dead(expand(Unseekable(payload), "/in/a", CHANGED, limits))["/in/a"]  # type: ignore[arg-type]
    assert (letter.payload, letter.truncated) == (payload[:50], True)


@pytest.mark.parametrize("name", ["a.gz", "a.tgz", "a.zip", "a.tar", "a.xz"])
def test_name_of_an_archive_and_content_of_none(name: str) -> None:
    outcomes = read(b"isto nao e um arquivo compactado", name)
    assert codes(outcomes) == {name: "corrupt_archive"}
    assert outcomes[0].payload == b"isto nao e um arquivo compactado"


@pytest.mark.parametrize("pack", [zipped, lambda files: tarred(files, "w:gz")], ids=["in zip", "in tar.gz"])
def test_a_damaged_archive_inside_another_leaves_the_rest(pack) -> None:
    inner = cut(tarred([("c.xml", xml("c")), ("d.xml", xml("d" * 600))], "w:gz"), 0.8)
    outcomes = read(pack([("b.tar.gz", inner), ("e.xml", xml("e"))]))
    assert documents(outcomes)["/in/a#e.xml"] == xml("e")
    letter = dead(outcomes)["/in/a#b.tar.gz"]
    assert (letter.code, letter.payload) == ("corrupt_archive", inner)


def test_nothing_that_bytes_can_say_raises() -> None:
    """Every byte of a small archive changed in turn: each reading ends, and accounts for something."""
    for pack in (zipped, lambda files: tarred(files, "w:gz"), tarred):
        payload = pack([("1.xml", xml(1)), ("b.zip", zipped([("2.xml", xml(2))]))])[:2600]
        for at in range(0, len(payload), 1 if len(payload) < 1000 else 7):
            changed = bytearray(payload)
            changed[at] ^= 0xFF
            assert read(bytes(changed)), at
