"""Archives cut or damaged: what can be read is, and a dead letter names the place of the damage."""

from __future__ import annotations

import gzip
import random
import tarfile
import zipfile

import pytest

from tests.unit.ingest.packing import (
    CHANGED,
    FILES,
    Unseekable,
    codes,
    dead,
    documents,
    entry_of,
    read,
    streamed_zip,
    tarred,
    xml,
    zipped,
)
from transforms.ingest.archives import expand
from transforms.ingest.limits import Limits


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
