"""From every column type the bytes that once were received, as a document or a dead letter."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import zstandard
from lxml import etree

from local.postgres import Server
from tests.integration.postgres.database import Database, read_all
from transforms.ingest.limits import Limits
from transforms.ingest.postgres.catalog import describe
from transforms.ingest.postgres.frames import Row
from transforms.ingest.postgres.payload import origin_of, outcomes
from transforms.ingest.postgres.session import connect
from transforms.ingest.postgres.source import PostgresSource
from transforms.model import DeadLetter, RawDocument

PLAIN = '<?xml version="1.0" encoding="UTF-8"?>\n<a>São Paulo € ok</a>'
LATIN = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<a>São Paulo</a>'


def documents(source: PostgresSource) -> list[RawDocument | DeadLetter]:
    """The outcomes of all rows, in the order of their keys."""
    with connect(source) as conn:
        shape = describe(conn, source).shape
    rows = sorted(read_all(source), key=lambda row: row.key[0] or b"")

    def of(row: Row) -> list[RawDocument | DeadLetter]:
        received_at = source.read_at if row.received_at is None else row.received_at
        return list(
            outcomes(row.payload, origin_of(shape.origin, row.key), received_at, text=shape.text, limits=Limits())
        )

    return [outcome for row in rows for outcome in of(row)]


@pytest.mark.parametrize("column_type", ["text", "varchar", "varchar(500)", "xml", "letters"])
def test_characters_come_out_as_the_bytes_of_the_file_they_came_from(database: Database, column_type: str) -> None:
    database.execute("CREATE DOMAIN letters AS varchar(500) CHECK (value <> 'x')")
    database.execute(f"CREATE TABLE docs (id int PRIMARY KEY, xml {column_type})")
    database.execute("INSERT INTO docs VALUES (1, %s), (2, %s)", [PLAIN, LATIN])
    source = database.source()
    assert documents(source) == [
        RawDocument(PLAIN.encode(), "postgres:public.docs/1", source.read_at),
        RawDocument(LATIN.encode("iso-8859-1"), "postgres:public.docs/2", source.read_at),
    ]


def test_text_that_does_not_fit_the_encoding_it_declares_is_still_read_right(database: Database) -> None:
    database.execute("CREATE TABLE docs (id int PRIMARY KEY, xml text)")
    database.execute("INSERT INTO docs VALUES (1, %s)", [LATIN.replace("São", "São € 字")])
    (document,) = documents(database.source())
    assert isinstance(document, RawDocument)
    assert etree.fromstring(document.payload).text == "São € 字 Paulo"


def test_blank_padded_characters_keep_their_padding(database: Database) -> None:
    database.execute("CREATE TABLE docs (id int PRIMARY KEY, xml char(12))")
    database.execute("INSERT INTO docs VALUES (1, '<a>1</a>'), (2, '')")
    padded, blank = documents(database.source())
    assert isinstance(padded, RawDocument) and padded.payload.rstrip() == b"<a>1</a>"
    assert isinstance(blank, DeadLetter) and blank.code == "empty"


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zlib, fast": lambda data: zlib.compress(data, 1),
    "zstd": zstandard.compress,
    "zstd without size": zstandard.ZstdCompressor(write_content_size=False).compress,
}


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_bytes_come_out_decompressed_and_untouched(database: Database, compression: str) -> None:
    database.execute("CREATE TABLE docs (id int PRIMARY KEY, xml bytea)")
    latin = LATIN.encode("iso-8859-1")
    database.execute("INSERT INTO docs VALUES (1, %s)", [COMPRESSIONS[compression](latin)])
    assert [outcome.payload for outcome in documents(database.source())] == [latin]


def test_nothing_is_a_dead_letter_with_its_origin(database: Database) -> None:
    database.execute("CREATE TABLE docs (id int PRIMARY KEY, xml text)")
    database.execute("INSERT INTO docs VALUES (1, NULL), (2, ''), (3, E' \\n\\t'), (4, '<a/>')")
    found = documents(database.source())
    assert [(dead.code, dead.origin, dead.stage) for dead in found if isinstance(dead, DeadLetter)] == [
        ("empty", f"postgres:public.docs/{number}", "ingest") for number in (1, 2, 3)
    ]
    assert len(found) == 4


@pytest.mark.parametrize("split_by", ["ctid", "id"])
def test_rows_of_many_megabytes_among_small_ones_and_nulls(database: Database, split_by: str) -> None:
    """The largest is over what a document may have; it is parsing that says so, with its bytes."""
    database.execute("CREATE TABLE docs (id int PRIMARY KEY, xml xml)")
    wide = "('<a>' || (SELECT string_agg(md5(i::text), '') FROM generate_series(1, {}) AS i) || '</a>')::xml"
    values = ", ".join(("(1, '<a/>')", f"(2, {wide.format(290_000)})", "(3, NULL)", f"(4, {wide.format(400_000)})"))
    database.execute(f"INSERT INTO docs VALUES {values}")
    found = documents(database.source(split_by=split_by))
    assert [len(outcome.payload) for outcome in found] == [4, 9_280_007, 0, 12_800_007]
    assert [type(outcome) for outcome in found] == [RawDocument, RawDocument, DeadLetter, RawDocument]


@pytest.mark.parametrize(
    ("encoding", "stored"),
    [("LATIN1", "São Paulo".encode("iso-8859-1")), ("SQL_ASCII", "São Paulo".encode("iso-8859-1"))],
)
def test_databases_in_other_encodings(postgres: Server, encoding: str, stored: bytes) -> None:
    """SQL_ASCII knows no characters: its bytes are given out as they are."""
    with Database.create(postgres, f"in_{encoding.lower()}", f"ENCODING '{encoding}' LOCALE 'C'") as database:
        database.execute("CREATE TABLE docs (id int PRIMARY KEY, xml text)")
        head = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>"
        database.admin.execute(b"SET client_encoding = '" + encoding.encode() + b"'")
        database.admin.execute(b"INSERT INTO docs VALUES (1, $$" + head + stored + b"</a>$$)")
        assert [outcome.payload for outcome in documents(database.source())] == [head + stored + b"</a>"]


RECEIVED = {
    "timestamptz": ("2026-03-01 09:00:00.000001-03", datetime(2026, 3, 1, 12, 0, 0, 1, UTC)),
    "timestamp": ("2026-03-01 09:00:00.000001", datetime(2026, 3, 1, 12, 0, 0, 1, UTC)),
    "date": ("1969-07-20", datetime(1969, 7, 20, 3, tzinfo=UTC)),
}


@pytest.mark.parametrize("column_type", RECEIVED)
def test_received_at_of_every_type_and_the_instant_of_the_launch_where_it_says_nothing(
    database: Database, column_type: str
) -> None:
    text, instant = RECEIVED[column_type]
    database.execute(f"CREATE TABLE docs (id int PRIMARY KEY, at {column_type}, xml text DEFAULT '<a/>')")
    database.execute(f"INSERT INTO docs VALUES (1, '{text}'), (2, NULL), (3, 'infinity'), (4, '-infinity')")
    source = database.source(received_at_column="at", time_zone="America/Sao_Paulo", read_at=1_700_000_000_123_456)
    times = [outcome.received_at for outcome in documents(source)]
    seconds, micros = divmod(int(instant.timestamp() * 1_000_000 + 0.5), 1_000_000)
    assert times == [seconds * 1_000_000 + instant.microsecond, *[1_700_000_000_123_456] * 3]


def test_origins_of_keys_of_several_columns(database: Database) -> None:
    database.execute("CREATE TABLE docs (a text, b date, c int, xml text DEFAULT '<a/>', PRIMARY KEY (a, b))")
    database.execute("INSERT INTO docs VALUES ('x/y %', '2026-03-01', NULL)")
    assert [outcome.origin for outcome in documents(database.source())] == [
        "postgres:public.docs/x%2Fy%20%25/2026-03-01"
    ]
    named = database.source(key_columns=("c", "a"), table_name_in_origin="shard7.docs")
    assert [outcome.origin for outcome in documents(named)] == ["postgres:shard7.docs/\\N/x%2Fy%20%25"]


def test_physical_addresses_as_origins_when_asked_for(database: Database) -> None:
    database.execute("CREATE TABLE docs (xml text)")
    database.execute("INSERT INTO docs VALUES ('<a/>'), ('<b/>')")
    assert [outcome.origin for outcome in documents(database.source(key_columns=("ctid",)))] == [
        "postgres:public.docs/%280,1%29",
        "postgres:public.docs/%280,2%29",
    ]


def test_keys_read_the_same_whatever_the_role_prefers(database: Database) -> None:
    database.execute("CREATE TABLE docs (id timestamptz PRIMARY KEY, xml text DEFAULT '<a/>')")
    database.execute("INSERT INTO docs VALUES ('2026-03-01 09:00:00-03')")
    before = [outcome.origin for outcome in documents(database.source())]
    database.execute(f"ALTER DATABASE {database.name} SET DateStyle = 'German'")
    database.execute(f"ALTER DATABASE {database.name} SET TimeZone = 'Asia/Tokyo'")
    assert [outcome.origin for outcome in documents(database.source())] == before
