"""From the command line to a source."""

from __future__ import annotations

from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions, WorkerOptions

from transforms.ingest.postgres.errors import PostgresError
from transforms.ingest.postgres.options import (
    cap_workers,
    exports_snapshot,
    read_condition,
    source_of,
    worker_processes,
)

NEEDED = ["--postgres_dsn=host=db user=reader", "--postgres_table=fiscal.nfe", "--postgres_xml_column=xml"]


def options(*more: str) -> PipelineOptions:
    return PipelineOptions([*NEEDED, *more])


def test_every_option_reaches_the_source(tmp_path: Path) -> None:
    condition = tmp_path / "where.sql"
    condition.write_text("uf = 'SP'\n  AND valid;\n")
    source = source_of(
        options(
            "--postgres_key= chave , serie",
            "--postgres_split_by=chave",
            "--postgres_received_at_column=received",
            "--postgres_time_zone=America/Sao_Paulo",
            f"--postgres_where_file={condition}",
            "--postgres_updated_column=at",
            "--updated_since=2026-03-01T12:00:00-03:00",
            "--postgres_origin_name=shard1.nfe",
            "--postgres_password_secret=projects/p/secrets/s",
            "--postgres_max_connections=20",
            "--postgres_statement_timeout=60",
            "--postgres_snapshot=00000003-000000AB-1",
        ),
        run="night",
        processes=4,
        max_input_bytes=5,
    )
    assert (source.dsn, source.table, source.xml_column) == ("host=db user=reader", "fiscal.nfe", "xml")
    assert (source.key_columns, source.split_by) == (("chave", "serie"), "chave")
    assert (source.received_at_column, source.time_zone) == ("received", "America/Sao_Paulo")
    assert source.where == "uf = 'SP'\n  AND valid"
    assert (source.updated_column, source.updated_since) == ("at", "2026-03-01T12:00:00-03:00")
    assert (source.table_name_in_origin, source.password_secret) == ("shard1.nfe", "projects/p/secrets/s")
    assert (source.max_connections, source.processes, source.statement_timeout_seconds) == (20, 4, 60)
    assert (source.snapshot, source.run, source.max_input_bytes) == ("00000003-000000AB-1", "night", 5)


@pytest.mark.parametrize(
    ("given", "waits", "exports"),
    [
        ("auto", True, True),
        ("auto", False, False),
        ("none", True, False),
        ("export", True, True),
        ("0003-1", True, False),
    ],
)
def test_who_holds_the_snapshot(given: str, waits: bool, exports: bool) -> None:
    chosen = options(f"--postgres_snapshot={given}")
    assert exports_snapshot(chosen, launcher_waits=waits) is exports
    assert source_of(chosen).snapshot == ("0003-1" if given == "0003-1" else "")


@pytest.mark.parametrize("given", ["exprot", "3-", "0003-1; --"])
def test_what_is_no_snapshot_is_said(given: str) -> None:
    with pytest.raises(PostgresError, match="neither one of auto, export, none"):
        source_of(options(f"--postgres_snapshot={given}"))


def test_a_launcher_that_leaves_cannot_hold_a_snapshot() -> None:
    with pytest.raises(PostgresError, match="transforms.ingest.postgres.snapshot"):
        exports_snapshot(options("--postgres_snapshot=export"), launcher_waits=False)


@pytest.mark.parametrize(
    ("arguments", "processes"),
    [
        ((), 1),
        (("--runner=FnApiRunner", "--direct_num_workers=3", "--direct_running_mode=multi_processing"), 3),
        (("--runner=FnApiRunner", "--direct_num_workers=3", "--direct_running_mode=multi_threading"), 1),
        (("--runner=DataflowRunner", "--max_num_workers=10", "--machine_type=n2-standard-4"), 40),
        (("--runner=DataflowRunner", "--num_workers=5", "--machine_type=custom"), 5),
        (("--runner=apache_beam.runners.DataflowRunner",), 1000),
    ],
)
def test_how_many_processes_share_the_connections(arguments: tuple[str, ...], processes: int) -> None:
    assert worker_processes(options(*arguments)) == processes


@pytest.mark.parametrize(
    ("arguments", "workers", "told"),
    [
        # As make run-extract asks: 80 processes for 8 connections.
        (("--num_workers=10", "--max_num_workers=20", "--machine_type=n2-standard-4"), (2, 2), True),
        (("--machine_type=n2-standard-4",), (None, 2), True),
        (("--num_workers=1", "--max_num_workers=2", "--machine_type=n2-standard-4"), (1, 2), False),
        (("--max_num_workers=20", "--machine_type=n2-standard-4", "--postgres_max_connections=80"), (None, 20), False),
        # One connection holds the snapshot; seven keep two workers busy, but for one process.
        (("--max_num_workers=9", "--machine_type=n2-standard-4", "--postgres_snapshot=0003-1"), (None, 2), True),
        (("--max_num_workers=3", "--machine_type=n2-standard-16"), (None, 1), True),
    ],
)
def test_dataflow_is_asked_for_no_more_workers_than_the_connections_keep_busy(
    arguments: tuple[str, ...], workers: tuple[int | None, int], told: bool
) -> None:
    given = options("--runner=DataflowRunner", *arguments)
    said = cap_workers(given)
    asked = given.view_as(WorkerOptions)
    assert (asked.num_workers, asked.max_num_workers) == workers
    assert bool(said) == told
    if told:
        assert f"{workers[1]} workers at most" in said and "--postgres_max_connections" in said


def test_elsewhere_nothing_is_capped() -> None:
    assert cap_workers(options("--runner=FnApiRunner", "--max_num_workers=20")) == ""


def test_conditions_that_are_none(tmp_path: Path) -> None:
    for name, content in {"blank": b" ;\n", "binary": b"\xff\xfe", "huge": b"x" * 2_000_000}.items():
        file = tmp_path / name
        file.write_bytes(content)
        with pytest.raises(PostgresError, match="--postgres_where_file"):
            read_condition(str(file))
    with pytest.raises(PostgresError, match="cannot read the condition"):
        read_condition(str(tmp_path / "missing"))
