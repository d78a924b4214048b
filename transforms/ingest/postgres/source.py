"""What to read from which table, as one immutable value that travels to every worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import psycopg
from psycopg.conninfo import conninfo_to_dict

from transforms import instants
from transforms.ingest.postgres.errors import PostgresError
from transforms.language import mark, say, tr

CTID = "ctid"
_MIB = 1 << 20
_SECRET_WORDS = ("password", "sslpassword", "oauth_client_secret")


@dataclass(frozen=True)
class PostgresSource:
    """One table, partitioned table, materialised view or view, and how to read it.

    It holds no secret: it is part of the pipeline, which whoever may look at the job may read.

    ``key_columns`` make the origin of a row; none means the primary key. ``("ctid",)`` takes the physical address,
    which an UPDATE or a VACUUM FULL changes, so it has to be asked for.
    ``split_by`` is the column whose ranges are read in parallel; none means the physical pages, or for a view (it
    has no pages) the first key column.
    ``received_at_column`` dates each row; a row without it, and every row when it is not given, is dated ``read_at``
    (micros), one fixed instant: that of the snapshot, else that of the launch. Never the clock at the row, which
    would differ in the retry.
    ``time_zone`` is how columns without a zone, and ``updated_since`` without an offset, are read.
    ``where`` is a condition in SQL, of the user's own and with the user's rights only.
    ``max_connections`` counts all connections of all jobs of this ``run``, over ``processes`` worker processes.
    ``snapshot`` is the id of an exported snapshot (``snapshot.py``); without one every statement sees what is
    committed when it starts.
    ``table_name_in_origin`` tells apart tables of the same name in several databases (shards).
    """

    dsn: str
    table: str
    xml_column: str
    key_columns: tuple[str, ...] = ()
    split_by: str = ""
    received_at_column: str = ""
    updated_column: str = ""
    updated_since: str = ""
    where: str = ""
    table_name_in_origin: str = ""
    run: str = ""
    password_secret: str = ""
    max_connections: int = 8
    processes: int = 1
    statement_timeout_seconds: int = 900
    time_zone: str = "UTC"
    snapshot: str = ""
    read_at: int = field(default_factory=instants.now)
    max_input_bytes: int = 10_000_000
    range_bytes: int = 64 * _MIB
    statement_bytes: int = 16 * _MIB

    def __post_init__(self) -> None:
        check_dsn(self.dsn)
        _require(bool(self.table), mark("which table? Give --postgres_table (schema.table)."))
        _require(bool(self.xml_column), mark("which column holds the XML? Give --postgres_xml_column."))
        _require(
            bool(self.updated_since) == bool(self.updated_column),
            mark(
                "--updated_since and --postgres_updated_column go together: the instant, and the column it is compared "
                "with."
            ),
        )
        _require(self.processes >= 1, mark("the number of worker processes must be at least 1."))
        _require(
            self.max_connections >= (2 if self.snapshot else 1),
            mark("--postgres_max_connections is too small: 1 to read, and 1 more to hold the snapshot."),
        )
        _require(
            self.statement_timeout_seconds >= 0,
            mark("--postgres_statement_timeout must not be negative: it is in seconds, 0 for none."),
        )
        _check_instant(self.updated_since)

    @property
    def application_name(self) -> str:
        """Under which ``pg_stat_activity`` shows every session of this run. The server cuts at 63 bytes."""
        return f"acervo:{self.run or self.table}".encode("ascii", "replace").decode()[:63]

    @property
    def connections_per_process(self) -> int:
        """This process's share of ``max_connections``; the server-side count keeps the sum where it rounds up to 1."""
        held = 1 if self.snapshot else 0
        return max(1, (self.max_connections - held) // self.processes)


def check_dsn(dsn: str) -> dict[str, str]:
    """The DSN's settings. Raises PostgresError for one with a password in it, or that libpq cannot read."""
    try:
        settings = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # libpq's own message may quote the password, so it is not passed on.
        raise PostgresError(
            tr('the DSN is not a connection string: write "host=... dbname=... user=..." or postgresql://user@host/db.')
        ) from None
    if secret := next((word for word in _SECRET_WORDS if settings.get(word)), None):
        raise PostgresError(
            say(
                "the DSN has a {secret} in it. A DSN becomes part of the job, and everybody who may see the job may "
                "read it: take it out, and give the password as --postgres_password_secret (a Secret Manager name), or "
                "locally in PGPASSWORD or in the file that PGPASSFILE names.",
                secret=secret,
            )
        )
    return {name: str(value) for name, value in settings.items()}


def _require(right: bool, message: str) -> None:
    if not right:
        raise PostgresError(tr(message))


def _check_instant(text: str) -> None:
    if not text:
        return
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise PostgresError(
            say(
                "--updated_since {text!r} is not an instant: write 2026-03-01, or 2026-03-01T12:00:00-03:00.", text=text
            )
        ) from None
