"""The command line of jobs that read from PostgreSQL."""

from __future__ import annotations

import argparse
import os
import re

from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions, WorkerOptions

from transforms.ingest.postgres.errors import PostgresError
from transforms.ingest.postgres.source import PostgresSource
from transforms.language import say, tr

SNAPSHOT_AUTO = "auto"
SNAPSHOT_EXPORT = "export"
SNAPSHOT_NONE = "none"
_SNAPSHOT_WORDS = (SNAPSHOT_AUTO, SNAPSHOT_EXPORT, SNAPSHOT_NONE)
_SNAPSHOT_ID = re.compile("[0-9A-Fa-f]+-[0-9A-Fa-f]+(-[0-9]+)?")
_CONDITION_BYTES = 1_000_000
# Dataflow's own limit where none is given.
_MOST_WORKERS = 1000


class PostgresOptions(PipelineOptions):
    """Which table, how it is split, and what its rows hold."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        _add_place(parser)
        _add_columns(parser)
        _add_load(parser)


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--postgres_dsn",
        default="",
        help=tr(
            'PostgreSQL connection string, "host=... dbname=... user=..." or postgresql://user@host/db, without a '
            "password."
        ),
    )
    parser.add_argument(
        "--postgres_password_secret",
        default="",
        help=tr(
            "Secret Manager name of the password, projects/PROJECT/secrets/NAME[/versions/N]. Without it libpq takes "
            "PGPASSWORD, or the file that PGPASSFILE names."
        ),
    )
    parser.add_argument(
        "--postgres_table", default="", help=tr("Table, partitioned table, view or materialised view: schema.name.")
    )
    parser.add_argument(
        "--postgres_origin_name",
        default="",
        help=tr("Name of the table in origins, where several databases have tables of one name. Default: schema.name."),
    )


def _add_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--postgres_xml_column",
        default="",
        help=tr("Column of the XML: text, xml, or bytea (plain, gzip, zlib, zstd)."),
    )
    parser.add_argument(
        "--postgres_key",
        default="",
        help=tr(
            "Column, or columns separated by commas, that name a row in its origin. Default: the primary key. "
            "'ctid' takes the physical address, which changes with an UPDATE."
        ),
    )
    parser.add_argument(
        "--postgres_split_by",
        default="",
        help=tr(
            "Column whose ranges are read in parallel; it needs an index. Default: ctid, the physical pages "
            "(PostgreSQL 14 and newer), or for a view the first column of --postgres_key."
        ),
    )
    parser.add_argument(
        "--postgres_received_at_column",
        default="",
        help=tr(
            "Timestamp column that says when a document was received. Default: the instant of the snapshot or launch."
        ),
    )
    parser.add_argument(
        "--postgres_time_zone",
        default="UTC",
        help=tr("Time zone of timestamps without one, for example America/Sao_Paulo."),
    )
    parser.add_argument(
        "--postgres_where_file",
        default="",
        help=tr(
            "File (local or gs://) with a condition in SQL, as it would follow WHERE. It is taken as it is: your own "
            "SQL, with the role's rights, in read-only transactions."
        ),
    )
    parser.add_argument(
        "--postgres_updated_column", default="", help=tr("Timestamp column that says when a row was last written.")
    )
    parser.add_argument(
        "--updated_since",
        default="",
        help=tr("Read only rows written since this instant, by --postgres_updated_column."),
    )


def _add_load(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--postgres_snapshot",
        default=SNAPSHOT_AUTO,
        help=tr(
            "'export': the launcher holds one snapshot for all ranges, and has to stay until the job ends; 'none': "
            "each statement sees what is committed; 'auto': export where the launcher waits for the job anyway; or the "
            "id of a snapshot that somebody holds (python -m transforms.ingest.postgres.snapshot)."
        ),
    )
    parser.add_argument(
        "--postgres_max_connections",
        type=int,
        default=8,
        help=tr(
            "Connections to the server in all, over all workers. On Dataflow no more workers are asked for than they "
            "keep busy."
        ),
    )
    parser.add_argument(
        "--postgres_statement_timeout",
        type=int,
        default=900,
        help=tr(
            "Seconds after which the server ends a statement, 0 for never. A statement reads about 16 MB as stored."
        ),
    )


def source_of(
    options: PipelineOptions, *, run: str = "", processes: int = 1, max_input_bytes: int = 10_000_000
) -> PostgresSource:
    """The source that the options describe. Raises PostgresError for what is missing or contradicts itself.

    ``run`` names the sessions on the server; ``processes`` is how many worker processes will read at once. A snapshot
    that is to be exported is not yet in it: see ``exports_snapshot`` and ``hold_snapshot``.
    """
    given = options.view_as(PostgresOptions)
    snapshot = "" if given.postgres_snapshot in _SNAPSHOT_WORDS else given.postgres_snapshot
    if snapshot and not _SNAPSHOT_ID.fullmatch(snapshot):
        raise PostgresError(
            say(
                "--postgres_snapshot {snapshot!r} is neither one of {words} nor a snapshot's id, which looks like "
                "00000003-0000001B-1.",
                snapshot=snapshot,
                words=", ".join(_SNAPSHOT_WORDS),
            )
        )
    where_file = given.postgres_where_file
    return PostgresSource(
        dsn=given.postgres_dsn,
        table=given.postgres_table,
        xml_column=given.postgres_xml_column,
        key_columns=tuple(name.strip() for name in given.postgres_key.split(",") if name.strip()),
        split_by=given.postgres_split_by,
        received_at_column=given.postgres_received_at_column,
        updated_column=given.postgres_updated_column,
        updated_since=given.updated_since,
        where=read_condition(where_file) if where_file else "",
        table_name_in_origin=given.postgres_origin_name,
        run=run,
        password_secret=given.postgres_password_secret,
        max_connections=given.postgres_max_connections,
        processes=processes,
        statement_timeout_seconds=given.postgres_statement_timeout,
        time_zone=given.postgres_time_zone,
        snapshot=snapshot,
        max_input_bytes=max_input_bytes,
    )


def exports_snapshot(options: PipelineOptions, *, launcher_waits: bool) -> bool:
    """Whether the launcher is to hold a snapshot. Raises PostgresError when it is asked to and will not be there."""
    wanted = options.view_as(PostgresOptions).postgres_snapshot
    if wanted == SNAPSHOT_EXPORT and not launcher_waits:
        raise PostgresError(
            tr(
                "--postgres_snapshot=export needs a launcher that stays until the job ends, and this one does not. "
                "Hold the snapshot elsewhere (python -m transforms.ingest.postgres.snapshot) and give the job its id, "
                "or read without one: --postgres_snapshot=none, best with --postgres_split_by=<key column>."
            )
        )
    return launcher_waits and wanted in (SNAPSHOT_AUTO, SNAPSHOT_EXPORT)


def worker_processes(options: PipelineOptions) -> int:
    """How many processes will read at once, at most, as far as the options tell; each has its share of connections.

    Dataflow runs one process for each vCPU of a worker, and by itself up to 1,000 workers.
    """
    if _on_dataflow(options):
        given = options.view_as(WorkerOptions)
        return int(given.max_num_workers or given.num_workers or _MOST_WORKERS) * _processes_of_a_worker(given)
    direct = options.view_as(DirectOptions)
    if direct.direct_running_mode != "multi_processing":
        return 1
    return int(direct.direct_num_workers or os.cpu_count() or 1)


def cap_workers(options: PipelineOptions) -> str:
    """Asks Dataflow for no more workers than the connections keep busy; what was changed, for people, or "".

    A process that reads holds a connection until its rows are through, so one without a connection has nothing to do:
    it would be paid for waiting. The last worker may have more processes than there are connections left for.
    """
    if not _on_dataflow(options):
        return ""
    given, postgres = options.view_as(WorkerOptions), options.view_as(PostgresOptions)
    held = 0 if postgres.postgres_snapshot in _SNAPSHOT_WORDS else 1
    readers, each = max(postgres.postgres_max_connections - held, 1), _processes_of_a_worker(given)
    most = -(-readers // each)
    if 0 < (given.max_num_workers or 0) <= most:
        return ""
    given.max_num_workers = most
    given.num_workers = min(given.num_workers, most) if given.num_workers else None
    return say(
        "the job asks for {most:,} workers at most, of {each:,} processes each, as --postgres_max_connections is "
        "{connections:,}: more would only wait for a connection. For more workers raise both.",
        most=most,
        each=each,
        connections=postgres.postgres_max_connections,
    )


def _on_dataflow(options: PipelineOptions) -> bool:
    return "dataflow" in (options.view_as(StandardOptions).runner or "").lower()


def _processes_of_a_worker(given: WorkerOptions) -> int:
    """Dataflow runs one process for each vCPU; the name of a machine type ends in their number."""
    vcpus = (given.machine_type or "").rpartition("-")[2]
    return int(vcpus) if vcpus.isdigit() else 1


def read_condition(path: str) -> str:
    """The condition in a file, local or on any of Beam's file systems."""
    try:
        with FileSystems.open(path) as file:
            text = file.read(_CONDITION_BYTES + 1).decode("utf-8")
    except (OSError, UnicodeError) as error:
        raise PostgresError(
            say("cannot read the condition of --postgres_where_file {path}: {error}", path=path, error=error)
        ) from error
    condition: str = text.strip().removesuffix(";").strip()
    if not condition or len(text) > _CONDITION_BYTES:
        raise PostgresError(
            say(
                "--postgres_where_file {path} has no condition in it that can be used: it is empty, or longer than "
                "{most:,} bytes.",
                path=path,
                most=_CONDITION_BYTES,
            )
        )
    return condition
