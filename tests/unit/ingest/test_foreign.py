"""What is no fiscal XML: each file once, named for what it is; and what systems leave behind."""

from __future__ import annotations

import struct
import zlib

import pytest

from tests.unit.ingest.packing import CHANGED, codes, documents, raw_zip, read, xml, zipped
from transforms.ingest import work
from transforms.ingest.archives import expand_bytes
from transforms.ingest.files import FileRef
from transforms.model import DeadLetter

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OFFICE = [("[Content_Types].xml", b"<Types/>"), ("_rels/.rels", b"<Relationships/>"), ("docProps/app.xml", b"<a/>")]
XLSX = zipped([*OFFICE, ("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/sheet1.xml", b"<worksheet/>")])
DOCX = zipped([*OFFICE, ("word/document.xml", b"<document/>")])
ODS = zipped([("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", b"<a/>")], 0)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("danfe.pdf", b"%PDF-1.4\n%\xe2", "pdf_file"),
        ("danfe.xml", b"%PDF-1.4\n%\xe2", "pdf_file"),
        ("foto.jpg", b"\xff\xd8\xff\xe0 foto", "image_file"),
        ("logo", b"\x89PNG\r\n\x1a\n", "image_file"),
        ("scan.tif", b"II*\0....", "image_file"),
        ("itens.csv", b"chave;valor\n1;2\n", "text_table_file"),
        ("longa.csv", b"chave;valor\n" * 200 + b"\0", "text_table_file"),
        ("sped.txt", b"|0000|017|0|01012026|31012026|", "text_table_file"),
        ("velha.xls", OLE + bytes(600), "spreadsheet_file"),
        ("carta.doc", OLE + bytes(600), "office_file"),
        ("m.msg", OLE + bytes(600), "outlook_message"),
        ("carta.rtf", b"{\\rtf1 a}", "office_file"),
        ("nova.xlsx", XLSX, "spreadsheet_file"),
        ("sem nome", XLSX, "spreadsheet_file"),
        ("cortada.xlsx", XLSX[:-30], "office_file"),
        ("carta.docx", DOCX, "office_file"),
        ("aberta.ods", ODS, "spreadsheet_file"),
        ("nota.xml", b"<!DOCTYPE html>\n<html><body>Erro 503<br></body></html>", "web_page"),
        ("pagina.htm", b"\xef\xbb\xbf\r\n<HTML lang='pt'><head>", "web_page"),
        ("x.xml", b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"/>', "web_page"),
        ("logo.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "image_file"),
        ("leia.txt", "Segue a nota, até amanhã".encode(), "text_file"),
        ("winmail.dat", b"\x78\x9f\x3e\x22\x01\0", "outlook_message"),
        ("chave.pem", b"-----BEGIN PRIVATE KEY-----\nMII", "certificate_file"),
        ("com BOM.pdf", b"\xef\xbb\xbf%PDF-1.4\n", "pdf_file"),
        ("do Excel.csv", "chave;valor\n1;2".encode("utf-16"), "text_table_file"),
        ("do Bloco de Notas.txt", "Segue a nota".encode("utf-16"), "text_file"),
        ("portal.url", b"[InternetShortcut]\r\nURL=https://x.example\r\n", "text_file"),
        ("recado.mp3", b"ID3\x03\0", "media_file"),
        ("tela.mp4", b"\0\0\0\x20ftypisom", "media_file"),
        ("notas.dbf", b"\x03\x7a\x0b\x1d" + bytes(60), "database_file"),
        ("notas.db", b"SQLite format 3\0" + bytes(80), "database_file"),
        ("notas.mdb", b"\0\x01\0\0Standard Jet DB\0", "database_file"),
        ("a1.jks", b"\xfe\xed\xfe\xed\0\0\0\x02", "certificate_file"),
        ("a1.pfx", b"0\x82\x0a\0\x02\x01\x03", "certificate_file"),
    ],
)
def test_each_file_once_for_what_it_is_alone_and_in_an_archive(name: str, data: bytes, code: str) -> None:
    (letter,) = read(data, f"/in/{name}")
    assert isinstance(letter, DeadLetter)
    assert (letter.code, letter.stage, letter.payload, letter.origin) == (code, "ingest", data, f"/in/{name}")
    outcomes = read(zipped([(name, data), ("1.xml", xml(1))]))
    assert codes(outcomes) == {f"/in/a#{name}": code}
    assert documents(outcomes) == {"/in/a#1.xml": xml(1)}


@pytest.mark.parametrize("name", ["a.pdf", "a.csv", ".DS_Store", "a.p7m", "__MACOSX/a.xml", "a.eml", "Thumbs.db"])
@pytest.mark.parametrize(
    "data", [xml(1), b"\xef\xbb\xbf" + xml(1), b"\n " + xml(1), xml(1).decode().encode("utf-16"), b"<nota><cortada"]
)
def test_what_looks_like_xml_is_a_document_whatever_its_name(name: str, data: bytes) -> None:
    assert documents(read(zipped([(name, data)]))) == {f"/in/a#{name}": data}


def test_an_archive_of_documents_beside_the_parts_of_an_office_file_is_an_archive() -> None:
    files = [*OFFICE, ("nota.xml", xml(1))]
    assert len(documents(read(zipped(files)))) == len(files)
    assert len(documents(read(zipped(OFFICE[:1])))) == 1


def test_a_large_office_file_is_not_shared_out(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SHARD_BYTES", 100)
    path = tmp_path / "a"
    path.write_bytes(XLSX)
    batch = work.Batch.of([FileRef(str(path), CHANGED, len(XLSX))])
    assert work.shared_out(batch) == [batch]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (".DS_Store", b"\0\0\0\1Bud1"),
        ("pasta/.DS_Store", b"anything"),
        ("__MACOSX/._1.xml", b"\0\5\26\7\0\2\0\0Mac OS X"),
        ("__MACOSX/pasta/._1.xml", b"anything"),
        ("._1.xml", b"\0\5\26\7\0\2\0\0Mac OS X"),
        ("Thumbs.db", OLE),
        ("pasta\\Thumbs.db", OLE),
        ("desktop.ini", b"[.ShellClassInfo]"),
        ("~$notas.xlsx", b"\x05Maria"),
        (".~lock.notas.ods#", b",maria,host,29.11.2026 10:00,file;"),
        (".nfs000000000a0b0c01", b"x"),
        ("1.xml:Zone.Identifier", b"[ZoneTransfer]"),
        (".gitkeep", b""),
    ],
)
def test_litter_is_counted_and_nothing_else(name: str, data: bytes) -> None:
    counted: list[int] = []
    payload = zipped([(name, data), ("sub/" + name, data), ("1.xml", xml(1))])
    outcomes = list(expand_bytes(payload, "/in/a", CHANGED, on_litter=lambda: counted.append(1)))
    assert (codes(outcomes), documents(outcomes), len(counted)) == ({}, {"/in/a#1.xml": xml(1)}, 2)


def test_an_archive_in_a_folder_of_litter_is_read() -> None:
    assert documents(read(zipped([("__MACOSX/a.zip", zipped([("1.xml", xml(1))]))]))) == {
        "/in/a#__MACOSX/a.zip#1.xml": xml(1)
    }


@pytest.mark.parametrize(("of", "name"), [(b"\xc3.xml", "ção №.xml"), (b"other", "Ã.xml")])
def test_zip_name_in_the_extra_field_of_unicode_names(of: bytes, name: str) -> None:
    """Believed only where it is of the name that the entry has."""
    raw = b"\xc3.xml"
    field = b"\1" + struct.pack("<L", zlib.crc32(of)) + "ção №.xml".encode()
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    plain = raw_zip([("n.xml", xml(1))]).replace(b"n.xml", raw)
    at = plain.index(b"PK\1\2")
    directory = bytearray(plain[at:])
    struct.pack_into("<H", directory, 30, len(extra))
    directory[46 + len(raw) : 46 + len(raw)] = extra
    end = directory.index(b"PK\5\6")
    struct.pack_into("<L", directory, end + 12, end)
    (origin,) = documents(read(plain[:at] + bytes(directory)))
    assert origin == f"/in/a#{name}"
