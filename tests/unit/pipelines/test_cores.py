"""How many processes a backfill of this machine gets: by cores, memory and input, and never against what was asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import cores
from pipelines.cores import DOCUMENTS_EACH, Machine, worth_it
from pipelines.sizing import Input, Listed

GIB = 1 << 30
EIGHT = Machine(8, 64 * GIB)
MANY = Input(files=1, bytes=GIB, documents=100 * DOCUMENTS_EACH, streams=0, streamed_documents=0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Five documents by their number, which is enough for five processes here, on a machine of four cores."""
    monkeypatch.setattr(cores, "DOCUMENTS_EACH", 1)
    monkeypatch.setattr(cores, "machine", lambda: Machine(4, 64 * GIB))
    for number in range(5):
        (tmp_path / f"{number}.xml").write_bytes(b"<a/>")
    return str(tmp_path)


def test_a_large_input_takes_all_cores() -> None:
    assert worth_it(MANY, EIGHT) == 8


def test_a_small_input_is_not_worth_starting_processes() -> None:
    assert worth_it(MANY._replace(documents=2 * DOCUMENTS_EACH - 1), EIGHT) == 1
    assert worth_it(MANY._replace(documents=3 * DOCUMENTS_EACH), EIGHT) == 3


def test_little_memory_means_fewer_processes() -> None:
    assert worth_it(MANY, Machine(8, 4 * GIB)) == 4


def test_archives_that_one_thread_reads_have_no_use_for_more_processes_than_there_are() -> None:
    tars = MANY._replace(streams=2, streamed_documents=MANY.documents)
    assert worth_it(tars, EIGHT) == 2
    assert worth_it(tars._replace(whole=False), EIGHT) == 8


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], 4),
        (["--runner=FnApiRunner"], 4),
        (["--runner=PrismRunner"], 1),
        (["--runner=DataflowRunner"], 1),
        (["--direct_num_workers=1"], 1),
        (["--direct_num_workers", "3"], 1),
        (["--direct_num_workers=3", "--direct_running_mode=multi_processing"], 3),
        (["--direct_num_workers=0", "--direct_running_mode=multi_processing"], 4),
        (["--direct_num_workers=3", "--direct_running_mode=multi_threading"], 1),
        (["--direct_running_mode=in_memory"], 1),
    ],
)
def test_what_is_asked_for_wins(folder: str, asked: list[str], expected: int) -> None:
    assert cores.processes(asked, PipelineOptions(asked), Listed(folder)) == expected


@pytest.mark.parametrize(("quota", "expected"), [("max 100000", 6), ("250000 100000", 2), ("50000 100000", 1)])
def test_a_container_has_the_cores_that_its_quota_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, expected: int
) -> None:
    monkeypatch.setattr(cores, "_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda _: set(range(6)))
    (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert cores.machine().cores == expected
