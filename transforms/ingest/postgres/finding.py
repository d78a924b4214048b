"""The table that was named, on the server, or a message that says why there is none."""

from __future__ import annotations

import difflib
from typing import Any

import psycopg

from transforms.ingest.postgres.errors import PostgresError
from transforms.ingest.postgres.source import PostgresSource
from transforms.language import say, tr

Connection = psycopg.Connection[tuple[Any, ...]]

TABLE, PARTITIONED, MATERIALISED, VIEW, FOREIGN = "r", "p", "m", "v", "f"


def find(conn: Connection, source: PostgresSource) -> tuple[int, str, str, str]:
    """Number, schema, name and kind of ``source.table``. Raises PostgresError."""
    try:
        row = conn.execute(
            "SELECT c.oid::int8, n.nspname, c.relname, c.relkind::text, has_schema_privilege(n.oid, 'USAGE') FROM"
            " pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(%s)",
            [source.table],
        ).fetchone()
    except psycopg.errors.InsufficientPrivilege as error:
        raise PostgresError(
            say(
                "no right to use the schema of {table}: GRANT USAGE ON SCHEMA ... TO {user}.",
                table=source.table,
                user=conn.info.user,
            )
        ) from error
    except psycopg.Error as error:
        raise PostgresError(
            say(
                "{table!r} is not a table's name: {error}. Write schema.name; a name with capitals, spaces or dots "
                'in it goes in double quotes: "Sales"."My Documents".',
                table=source.table,
                error=error,
            )
        ) from error
    if row is None:
        raise PostgresError(_no_such_table(conn, source))
    oid, schema, name, kind, usable = row
    if kind not in (TABLE, PARTITIONED, MATERIALISED, VIEW, FOREIGN):
        raise PostgresError(say("{name} is neither a table nor a view.", name=f"{schema}.{name}"))
    if not usable:
        raise PostgresError(
            say(
                "no right to use the schema {schema}: GRANT USAGE ON SCHEMA {schema} TO {user}.",
                schema=schema,
                user=conn.info.user,
            )
        )
    return oid, schema, name, kind


def _no_such_table(conn: Connection, source: PostgresSource) -> str:
    rows = conn.execute(
        "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        " AND n.nspname NOT LIKE 'pg\\_toast%' LIMIT 5000"
    ).fetchall()
    wanted = source.table if "." in source.table else f"public.{source.table}"
    missing = say(
        "there is no table {table} in the database {database}.", table=source.table, database=conn.info.dbname
    )
    return missing + did_you_mean(wanted, rows)


def did_you_mean(wanted: str, names: list[tuple[Any, ...]]) -> str:
    """A question with the names that are near, and a space before it; "" where none is."""
    by_letters = {str(name).lower(): str(name) for (name, *_) in names}
    near = difflib.get_close_matches(wanted.lower(), list(by_letters), n=3, cutoff=0.5)
    found = tr(", or ").join(by_letters[name] for name in near)
    return " " + say("Did you mean {name}?", name=found) if near else ""
