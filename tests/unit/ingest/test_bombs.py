"""Archives that are small and expand to what no disk holds: left early, with one dead letter."""

from __future__ import annotations

import gzip
import struct
import tarfile
import zlib

from tests.unit.ingest.packing import codes, dead, documents, read, tarred, xml, zipped
from transforms.ingest.limits import Limits
from transforms.model import DeadLetter

MEGABYTE = 1_000_000


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
