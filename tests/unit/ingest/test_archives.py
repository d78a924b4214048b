"""What comes out of files and archives that are as they should be."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest

from tests.unit.ingest.packing import (
    CHANGED,
    Unseekable,
    codes,
    documents,
    raw_zip,
    read,
    streamed_zip,
    tarred,
    xml,
    zipped,
)
from transforms.ingest.archives import expand, expand_bytes
from transforms.ingest.limits import Limits
from transforms.model import RawDocument

FILES = [("1.xml", xml(1)), ("pasta/sub pasta/2.xml", xml(2)), ("3.XML", xml("x" * 5000))]
READ = {f"/in/a#{name}": data for name, data in FILES}


def test_a_plain_file_is_itself_with_the_time_of_the_file() -> None:
    assert read(xml(1), "/in/1.xml") == [RawDocument(xml(1), "/in/1.xml", CHANGED)]


@pytest.mark.parametrize("name", ["vazio.xml", "vazio.zip", "vazio.tar.gz"])
def test_an_empty_file_is_an_input_whatever_its_name(name: str) -> None:
    assert read(b"", name) == [RawDocument(b"", name, CHANGED)]


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str
)
def test_zip_with_each_method(method: int) -> None:
    outcomes = read(zipped(FILES, method))
    assert documents(outcomes) == READ
    assert {outcome.received_at for outcome in outcomes} == {CHANGED}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids=str)
def test_tar_with_each_compression_and_format(mode: str, tar_format: int) -> None:
    assert documents(read(tarred(FILES, mode, tar_format))) == READ


@pytest.mark.parametrize("pack", [zipped, tarred, lambda files: tarred(files, "w:gz")], ids=["zip", "tar", "tar.gz"])
def test_a_stream_that_cannot_seek_gives_the_same(pack) -> None:
    assert documents(expand(Unseekable(pack(FILES)), "/in/a", CHANGED)) == READ


def test_zip_whose_sizes_follow_the_data() -> None:
    assert documents(read(streamed_zip(FILES))) == READ


def test_zip_with_zip64_records() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("1.xml", "w", force_zip64=True) as entry:
        entry.write(xml(1))
    assert documents(read(buffer.getvalue())) == {"/in/a#1.xml": xml(1)}


def test_zip_with_more_entries_than_its_end_record_can_count() -> None:
    outcomes = read(raw_zip((f"{n}.xml", b"<a/>") for n in range(65_600)))
    assert len(documents(outcomes)) == len(outcomes) == 65_600


@pytest.mark.parametrize("front", [b"", b"MZ a program"], ids=["", "behind a program"])
def test_zip_with_a_zip64_end_record(front: bytes) -> None:
    assert documents(read(front + raw_zip(FILES, zip64=True), "/in/a.zip")) == {
        f"/in/a.zip#{name}": data for name, data in FILES
    }


def test_zip_with_a_comment_that_looks_like_an_end_record() -> None:
    assert documents(read(zipped(FILES, comment=b"PK\5\6" + bytes(30)))) == READ


def test_zip_behind_a_program_is_self_extracting() -> None:
    payload = b"MZ\x90\0" + b"\7" * 3000 + zipped(FILES)
    assert documents(read(payload, "/in/a.zip")) == {f"/in/a.zip#{name}": data for name, data in FILES}


def test_the_content_decides_over_the_name() -> None:
    assert documents(read(zipped(FILES), "/in/a.xml")) == {f"/in/a.xml#{name}": data for name, data in FILES}
    assert documents(read(xml(1), "/in/a.zip")) == {"/in/a.zip": xml(1)}
    assert documents(read(tarred(FILES), "/in/a.gz")) == {f"/in/a.gz#{name}": data for name, data in FILES}
    utf_16 = "\ufeff<nota/>".encode("utf-16-le")
    assert documents(read(utf_16, "/in/a.gz")) == {"/in/a.gz": utf_16}


def test_what_is_no_archive_and_no_xml_is_an_input_for_the_parser() -> None:
    files = [("nota.dat", b"nota 1"), ("1.xml", b"nota 2"), ("dados", b"\0\1\2")]
    assert documents(read(zipped(files))) == {f"/in/a#{name}": data for name, data in files}


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_file_is_its_own_origin(pack) -> None:
    assert documents(read(pack(xml(1)), "/in/1.xml.gz")) == {"/in/1.xml.gz": xml(1)}


def test_gzip_members_are_one_stream_and_zeros_may_pad_it() -> None:
    half = len(xml(1)) // 2
    members = gzip.compress(xml(1)[:half]) + gzip.compress(b"") + gzip.compress(xml(1)[half:])
    assert documents(read(members + bytes(512))) == {"/in/a": xml(1)}


def test_gzip_members_with_a_document_each_are_many_documents() -> None:
    outcomes = read(gzip.compress(xml(1) + b"\n") + gzip.compress(xml(2) + b"\n"))
    assert documents(outcomes) == {"/in/a#@0": xml(1), f"/in/a#@{len(xml(1)) + 1}": xml(2)}


def test_archives_within_archives() -> None:
    inner = zipped([("c.xml", xml(1))])
    packed = zipped([("b.tar.gz", tarred([("c.zip", inner)], "w:gz")), ("d.xml.gz", gzip.compress(xml(2)))])
    assert documents(read(packed, "/in/a.zip")) == {
        "/in/a.zip#b.tar.gz#c.zip#c.xml": xml(1),
        "/in/a.zip#d.xml.gz": xml(2),
    }


@pytest.mark.parametrize("inner", [zipped, tarred, lambda files: tarred(files, "w:gz")], ids=["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("outer", [zipped, lambda files: tarred(files, "w:gz")], ids=["in zip", "in tar.gz"])
def test_an_archive_inside_another_may_be_larger_than_a_document(inner, outer) -> None:
    files = [(f"{n}.xml", xml(f"{n:04}" * 500)) for n in range(40)]
    packed = outer([("b", inner(files)), ("z.xml", xml("z"))])
    outcomes = read(packed, limits=Limits(max_entry_bytes=2_100))
    assert documents(outcomes) == {f"/in/a#b#{name}": data for name, data in files} | {"/in/a#z.xml": xml("z")}
    assert len(outcomes) == 41


def test_directories_and_archives_without_entries_are_no_inputs() -> None:
    assert read(zipped([])) == []
    assert read(tarred([]), "/in/a.tar") == []
    assert documents(read(zipped([("d/", b""), ("d/1.xml", xml(1))]))) == {"/in/a#d/1.xml": xml(1)}
    buffer = io.BytesIO(b"")
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        folder = tarfile.TarInfo("d")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    assert read(buffer.getvalue()) == []


def test_an_empty_entry_is_an_input() -> None:
    for pack in (zipped, tarred):
        assert documents(read(pack([("1.xml", b""), ("2.xml", xml(2))]))) == {"/in/a#1.xml": b"", "/in/a#2.xml": xml(2)}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_entries_of_one_name_get_ordinals_in_order(pack) -> None:
    names = ["x.xml", "x.xml", "x.xml~2", "x.xml", "y.xml"]
    found = documents(read(pack([(name, xml(n)) for n, name in enumerate(names)])))
    assert found == {
        "/in/a#x.xml": xml(0),
        "/in/a#x.xml~2": xml(1),
        "/in/a#x.xml~2~2": xml(2),
        "/in/a#x.xml~3": xml(3),
        "/in/a#y.xml": xml(4),
    }


def _with_raw_name(raw: bytes) -> bytes:
    placeholder = "n" * len(raw)
    return zipped([(placeholder, xml(1))]).replace(placeholder.encode(), raw)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("São João/nota ção.xml".encode(), "São João/nota ção.xml"),  # UTF-8 without its flag
        ("nota Ç.xml".encode("cp437"), "nota Ç.xml"),
        ("nota ção.xml".encode("latin-1"), "nota ção.xml"),
        ("relatório.xml".encode("cp850"), "relatório.xml"),
        ("SÃO JOÃO.xml".encode("cp850"), "SÃO JOÃO.xml"),
        ("MANUTENÇÃO ÚNICA.xml".encode("latin-1"), "MANUTENÇÃO ÚNICA.xml"),
        ("ÓLEO É.xml".encode("cp850"), "ÓLEO É.xml"),
        (b"\xb1\xb2.xml", "▒▓.xml"),  # in no code page letters: cp437, the format's own
    ],
)
def test_zip_names_without_the_utf8_flag(raw: bytes, name: str) -> None:
    assert documents(read(_with_raw_name(raw))) == {f"/in/a#{name}": xml(1)}


def test_zip_names_with_the_utf8_flag() -> None:
    assert documents(read(zipped([("ação/№1.xml", xml(1))]))) == {"/in/a#ação/№1.xml": xml(1)}


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_tar_names_in_utf8_and_latin1(encoding: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT, encoding=encoding) as archive:
        info = tarfile.TarInfo("São João/ção.xml")
        info.size = len(xml(1))
        archive.addfile(info, io.BytesIO(xml(1)))
    assert documents(read(buffer.getvalue())) == {"/in/a#São João/ção.xml": xml(1)}


@pytest.mark.parametrize("tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids=str)
def test_tar_names_longer_than_the_header_has_room_for(tar_format: int) -> None:
    name = "/".join(["p" * 60] * 3) + "/1.xml"
    assert documents(read(tarred([(name, xml(1))], "w", tar_format))) == {f"/in/a#{name}": xml(1)}


def test_tar_files_one_behind_the_other_are_read_all() -> None:
    assert documents(read(tarred(FILES[:1]) + tarred(FILES[1:]))) == READ


def test_tar_of_a_writer_before_ustar() -> None:
    payload = bytearray(tarred(FILES[:1], "w", tarfile.USTAR_FORMAT))
    payload[257:265] = bytes(8)
    payload[148:156] = b"%06o\0 " % (256 + sum(payload[:148]) + sum(payload[156:512]))
    assert documents(read(bytes(payload))) == {"/in/a#1.xml": xml(1)}


def test_formats_that_are_not_read_say_so() -> None:
    magics = [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\1\0", b"\x28\xb5\x2f\xfd", b"\x1f\x9d\x90"]
    outcomes = read(zipped([(f"{n}", magic + b"....") for n, magic in enumerate(magics)]))
    assert codes(outcomes) == {f"/in/a#{n}": "unsupported_compression" for n in range(4)}
    assert [outcome.payload for outcome in outcomes] == [magic + b"...." for magic in magics]


def test_two_readings_give_the_same_in_the_same_order() -> None:
    payload = zipped([("x", zipped(FILES)), *FILES])
    assert list(expand_bytes(payload, "/in/a", CHANGED)) == list(expand_bytes(payload, "/in/a", CHANGED))
