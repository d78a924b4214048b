from __future__ import annotations

from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import backfill, spreading
from pipelines.launch import LaunchError
from pipelines.sizing import Input

GCP = ["--project=p", "--runner=DataflowRunner"]


@pytest.mark.parametrize(
    ("found", "threads", "expected"),
    [
        (Input(1, 10**11, 38_000_000, 1, 38_000_000), 80, True),
        (Input(79, 10**12, 380_000_000, 79, 380_000_000), 80, True),
        (Input(80, 10**12, 380_000_000, 80, 380_000_000), 80, False),
        (Input(2_000, 10**9, 10**6, 1, 950_000, whole=False), 80, False),
        (Input(2, 10**11, 38_000_000, 1, 20_000_000), 80, False),
        (Input(1, 10**8, 38_000, 1, 38_000), 80, False),
    ],
    ids=["one", "fewer than vCPUs", "as many as vCPUs", "many files", "half in zips", "small"],
)
def test_archives_are_spread_where_fewer_than_vcpus_hold_the_work(found: Input, threads: int, expected: bool) -> None:
    assert spreading.worth_it(found, threads).spread is expected


def test_the_price_is_said() -> None:
    why = spreading.worth_it(Input(1, 10**11, 38_000_000, 1, 38_000_000), 80).why
    assert "1 archives for 80 vCPUs" in why and "92.3 GB of shuffle, $1.02" in why


def test_vcpus_are_those_of_all_workers() -> None:
    assert spreading.vcpus(PipelineOptions([*GCP, "--max_num_workers=20", "--machine_type=n2-standard-4"])) == 80
    assert spreading.vcpus(PipelineOptions(GCP)) == 10


def test_launch_decides_by_the_input_and_never_where_the_shuffle_is_memory(tmp_path: Path) -> None:
    with (tmp_path / "all.tar.gz").open("wb") as file:
        file.truncate(10**11)
    given = [f"--input={tmp_path}", "--max_num_workers=20", "--machine_type=n2-standard-4"]
    for runner, asked, expected in (
        ("DataflowRunner", "auto", "always"),
        ("DataflowRunner", "never", "never"),
        ("FnApiRunner", "auto", "never"),
        ("PrismRunner", "auto", "never"),
    ):
        options = PipelineOptions([*given, f"--runner={runner}", f"--spread={asked}"])
        backfill._settle_spread(options)
        assert options.view_as(backfill.BackfillOptions).spread == expected
    with pytest.raises(LaunchError, match="shuffles in memory"):
        backfill._settle_spread(PipelineOptions([*given, "--runner=DirectRunner", "--spread=always"]))
