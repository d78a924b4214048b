"""What the server's catalog says of a table, or a message that says what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.ingest.postgres.errors import PostgresError
from transforms.ingest.postgres.finding import FOREIGN, VIEW, Connection, did_you_mean, find
from transforms.ingest.postgres.parts import TableColumns
from transforms.ingest.postgres.source import CTID, PostgresSource
from transforms.language import say, tr

TID_RANGE_SCANS_SINCE = 140000
OLDEST_SERVER = 100000
_TEXT_TYPES = frozenset({"text", "varchar", "bpchar", "xml"})
_INSTANT_TYPES = frozenset({"timestamptz", "timestamp", "date"})
_SPLIT_TYPES = _INSTANT_TYPES | {"int2", "int4", "int8", "numeric", "text", "varchar", "bpchar", "uuid"}


@dataclass(frozen=True)
class Relation:
    """A table, leaf partition or view that holds rows itself. ``size`` is in bytes, TOAST included, indexes not."""

    oid: int
    schema: str
    name: str
    kind: str
    heap: bool
    filenode: int
    pages: int
    size: int
    rows: int


@dataclass(frozen=True)
class Column:
    """``base`` is the type's name under any domains; ``type_name`` how the server spells the type itself."""

    name: str
    base: str
    type_name: str
    nullable: bool


@dataclass(frozen=True)
class Table:
    """The table as the user named it. ``split`` is the column it is split by, None for physical pages."""

    schema: str
    name: str
    kind: str
    shape: TableColumns
    split: Column | None
    relations: tuple[Relation, ...]
    server_version: int
    page_size: int


def describe(conn: Connection, source: PostgresSource) -> Table:
    """Everything about ``source.table`` that reading it needs. Raises PostgresError, with what to do."""
    version = conn.info.server_version
    if version < OLDEST_SERVER:
        raise PostgresError(
            say("PostgreSQL {version} is too old: 10 is the oldest that can be read.", version=version // 10000)
        )
    oid, schema, name, kind = find(conn, source)
    columns = _columns(conn, oid)
    keys = source.key_columns or _primary_key(conn, oid)
    if not keys:
        raise PostgresError(
            say(
                "{table} has no primary key, so nothing identifies its rows: give --postgres_key with the column (or "
                "columns, separated by commas) that does. The physical address, --postgres_key=ctid, also serves, but "
                "it changes when a row is updated or the table rewritten: the same row is another input then.",
                table=f"{schema}.{name}",
            )
        )
    shape = _shape(conn, source, oid, f"{schema}.{name}", columns, keys)
    split = _split_column(source, kind, keys, columns, f"{schema}.{name}")
    relations = _relations(conn, oid, kind)
    table = Table(schema, name, kind, shape, split, relations, version, _page_size(conn))
    _check_pages(table)
    _check_rights(conn, table)
    return table


def _columns(conn: Connection, oid: int) -> dict[str, Column]:
    rows = conn.execute(
        "WITH RECURSIVE base (attnum, oid, name, kind, under) AS ("
        " SELECT a.attnum, t.oid, t.typname, t.typtype, t.typbasetype FROM pg_attribute a"
        " JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = %(oid)s AND a.attnum > 0 AND NOT a.attisdropped"
        " UNION ALL SELECT base.attnum, t.oid, t.typname, t.typtype, t.typbasetype FROM base"
        " JOIN pg_type t ON t.oid = base.under WHERE base.kind = 'd')"
        " SELECT a.attname, base.name, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull FROM base"
        " JOIN pg_attribute a ON a.attrelid = %(oid)s AND a.attnum = base.attnum WHERE base.kind <> 'd'"
        " ORDER BY a.attnum",
        {"oid": oid},
    ).fetchall()
    return {name: Column(name, base, type_name, nullable) for name, base, type_name, nullable in rows}


def _primary_key(conn: Connection, oid: int) -> tuple[str, ...]:
    rows = conn.execute(
        "SELECT a.attname FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
        " WHERE i.indrelid = %s AND i.indisprimary AND k.place <= i.indnkeyatts ORDER BY k.place",
        [oid],
    ).fetchall()
    return tuple(name for (name,) in rows)


def _is_unique(conn: Connection, oid: int, keys: tuple[str, ...]) -> bool:
    """Whether a unique index says that no two rows have the same (not NULL) values in ``keys``, or a part of them."""
    rows = conn.execute(
        "SELECT array_agg(a.attname::text) FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND a.attnotnull"
        " WHERE i.indrelid = %s AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL"
        " AND k.n <= i.indnkeyatts GROUP BY i.indexrelid, i.indnkeyatts HAVING count(*) = i.indnkeyatts",
        [oid],
    ).fetchall()
    return any(set(names) <= set(keys) for (names,) in rows)


def _shape(
    conn: Connection,
    source: PostgresSource,
    oid: int,
    full_name: str,
    columns: dict[str, Column],
    keys: tuple[str, ...],
) -> TableColumns:
    for key in keys:
        if key != CTID:
            _column(columns, key, full_name, "--postgres_key")
    xml = _column(columns, source.xml_column, full_name, "--postgres_xml_column")
    if xml.base != "bytea" and xml.base not in _TEXT_TYPES:
        hint = tr("Large objects are read through a view with lo_get(column).") if xml.base == "oid" else ""
        wrong = say(
            "the XML column {name} of {table} has type {type}: it has to be text, xml or bytea (plain, or compressed "
            "with gzip, zlib or zstd).",
            name=xml.name,
            table=full_name,
            type=xml.type_name,
        )
        raise PostgresError(f"{wrong} {hint}".rstrip())
    for name, option in (
        (source.received_at_column, "--postgres_received_at_column"),
        (source.updated_column, "--postgres_updated_column"),
    ):
        if name and (column := _column(columns, name, full_name, option)).base not in _INSTANT_TYPES:
            raise PostgresError(
                say(
                    "the column {name} of {table} ({option}) has type {type}, not a timestamp or date.",
                    name=name,
                    table=full_name,
                    option=option,
                    type=column.type_name,
                )
            )
    prefix = f"postgres:{source.table_name_in_origin or full_name}/"
    # The bytes of a SQL_ASCII database are nobody's characters: the server hands them out as they are.
    characters = conn.info.parameter_status("server_encoding") != "SQL_ASCII"
    return TableColumns(
        origin=prefix,
        keys=keys,
        payload=xml.name,
        binary=xml.base == "bytea",
        text=xml.base != "bytea" and characters,
        unique=CTID in keys or _is_unique(conn, oid, keys),
        received_at=source.received_at_column,
        updated=source.updated_column,
    )


def _column(columns: dict[str, Column], name: str, table: str, option: str) -> Column:
    if column := columns.get(name):
        return column
    near = did_you_mean(name, [(known,) for known in columns])
    missing = say("{table} has no column {name} ({option}).", table=table, name=name, option=option)
    raise PostgresError(f"{missing}{near} {say('Its columns: {names}.', names=', '.join(columns))}")


def _split_column(
    source: PostgresSource, kind: str, keys: tuple[str, ...], columns: dict[str, Column], table: str
) -> Column | None:
    wanted = source.split_by or (keys[0] if kind in (VIEW, FOREIGN) else CTID)
    if wanted == CTID:
        if kind in (VIEW, FOREIGN):
            raise PostgresError(
                say("{table} has no physical pages: give --postgres_split_by a column, or --postgres_key.", table=table)
            )
        return None
    column = _column(columns, wanted, table, "--postgres_split_by")
    if column.base not in _SPLIT_TYPES:
        raise PostgresError(
            say(
                "ranges cannot be made of {name}, of type {type}: --postgres_split_by takes a number, text, uuid, date "
                "or timestamp column, or ctid for the physical pages.",
                name=wanted,
                type=column.type_name,
            )
        )
    return column


def _relations(conn: Connection, oid: int, kind: str) -> tuple[Relation, ...]:
    """The relation itself if it holds rows, and all below it: partitions, or tables that inherit from it."""
    rows = conn.execute(
        "WITH RECURSIVE tree (oid) AS (SELECT %s::oid UNION SELECT i.inhrelid FROM pg_inherits i"
        " JOIN tree ON i.inhparent = tree.oid)"
        " SELECT c.oid::int8, n.nspname, c.relname, c.relkind::text, coalesce(am.amname, 'heap') = 'heap',"
        " coalesce(pg_relation_filenode(c.oid), 0)::int8,"
        " CASE WHEN c.relkind IN ('r', 'm')"
        " THEN pg_relation_size(c.oid) / current_setting('block_size')::int8 ELSE 0 END,"
        " CASE WHEN c.relkind IN ('r', 'm') THEN pg_table_size(c.oid) ELSE 0 END, c.reltuples::int8"
        " FROM tree JOIN pg_class c ON c.oid = tree.oid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " LEFT JOIN pg_am am ON am.oid = c.relam WHERE c.relkind <> 'p' ORDER BY n.nspname, c.relname",
        [oid],
    ).fetchall()
    if kind in (VIEW, FOREIGN):
        rows = [row for row in rows if row[0] == oid]
    return tuple(Relation(*row) for row in rows)


def _page_size(conn: Connection) -> int:
    row = conn.execute("SELECT current_setting('block_size')::int4").fetchone()
    assert row is not None
    return int(row[0])


def _check_pages(table: Table) -> None:
    if table.split is not None:
        return
    if table.server_version < TID_RANGE_SCANS_SINCE:
        raise PostgresError(
            say(
                "PostgreSQL {version} reads the whole table for every range of pages (14 and newer do not): give "
                "--postgres_split_by a column with an index.",
                version=table.server_version // 10000,
            )
        )
    for relation in table.relations:
        if relation.kind == FOREIGN or not relation.heap:
            raise PostgresError(
                say(
                    "{table} has no pages of the usual kind (it is a foreign table, or has its own storage): give "
                    "--postgres_split_by a column with an index.",
                    table=f"{relation.schema}.{relation.name}",
                )
            )


def _check_rights(conn: Connection, table: Table) -> None:
    """The right to read every column used, of the table and of every partition: they are read one by one."""
    shape = table.shape
    used = {*shape.keys, shape.payload, shape.received_at, shape.updated, table.split.name if table.split else CTID}
    names = sorted(used - {""})
    for relation in table.relations:
        row = conn.execute(
            "SELECT array_agg(c.name) FILTER (WHERE NOT has_column_privilege(%s::oid, c.name, 'SELECT'))"
            " FROM unnest(%s::text[]) AS c (name)",
            [relation.oid, names],
        ).fetchone()
        if row and row[0]:
            full_name = f"{relation.schema}.{relation.name}"
            raise PostgresError(
                say(
                    "no right to read {columns} of {table}: GRANT SELECT ON {table} TO {user}. (Partitions are read "
                    "one by one, so each needs the right.)",
                    columns=", ".join(row[0]),
                    table=full_name,
                    user=conn.info.user,
                )
            )
