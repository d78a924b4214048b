from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from local.generate.__main__ import INPUT, MANIFEST, write_set
from pipelines import cost
from pipelines.estimating import (
    Work,
    estimate,
    hours_of_workers,
    lowered,
    measured,
    nodes_before,
    nodes_of_stream,
    of_size,
    queries,
    sensitivity,
    workers_for,
    writes_of,
    writes_per_node,
    written,
)
from pipelines.pricing import ALL, ARCHIVED, ARCHIVED_PAYLOAD, HOME, PRICES, REGIONS, prices_of
from pipelines.sizing import measure
from transforms.ingest.listing import list_files

VALUES = {name: constant.value for name, constant in ALL.items()}
WORK = Work(documents=600_000_000, workers=20, nodes=0, disk_gb=50, live=20_000_000, spread=1_000_000)


def test_hours_by_hand() -> None:
    """1,000 documents of 1 s each on one worker of 4 vCPUs that is used by half: 500 s."""
    values = {**VALUES, "cpu_seconds": 1.0, "worker_use": 0.5, "vcpu_speed": 1.0}
    found = estimate(Work(1000, 1, 0, 50, 1), values)
    assert found.hours == pytest.approx(500 / 3600)
    assert found.once["Dataflow vCPU"] == pytest.approx(500 / 3600 * 4 * PRICES["vcpu_hour_batch"].value)
    assert found.bound == "workers"
    assert found.nodes == 1


def test_twice_the_workers_take_half_the_time_for_the_same_money_on_workers() -> None:
    one, two = estimate(WORK, VALUES), estimate(WORK._replace(workers=40), VALUES)
    assert two.hours == pytest.approx(one.hours / 2)
    assert two.once["Dataflow vCPU"] == pytest.approx(one.once["Dataflow vCPU"])


def test_nodes_left_to_the_model_do_not_hold_workers_up_and_one_fewer_would() -> None:
    balanced = estimate(WORK, VALUES)
    assert balanced.bound == "workers"
    fewer = estimate(WORK._replace(nodes=balanced.nodes - 1), VALUES)
    assert fewer.bound == "Bigtable nodes"
    assert fewer.hours > balanced.hours


def test_too_few_nodes_decide_the_hours_and_workers_wait_for_money() -> None:
    one = estimate(WORK._replace(nodes=1), VALUES)
    assert one.hours == pytest.approx(WORK.documents * writes_of(VALUES) / writes_per_node(VALUES) / 3600)
    assert one.once["Dataflow vCPU"] > estimate(WORK, VALUES).once["Dataflow vCPU"]


def test_rows_written_to_bigquery_are_free_up_to_two_tebibytes_a_month() -> None:
    values = {**VALUES, "bigquery_bytes": float(1 << 30), "bigquery_write_gib": 1.0}
    assert written(2048, values) == 0
    assert written(2050, values) == pytest.approx(2)


def test_storage_decides_how_many_nodes_are_kept() -> None:
    monthly = estimate(WORK, {**VALUES, "bigtable_bytes": 3.5e12 * 3 / WORK.documents}).monthly
    assert "Bigtable nodes kept: 3" in monthly


@pytest.mark.parametrize("name", list(ALL))
def test_every_number_changes_something(name: str) -> None:
    """A number that changes nothing would be decoration. Larger steps pass rounding to whole nodes and free tiers."""
    values = {**VALUES, "bigquery_bytes": 5_000.0}
    values["payload_bytes"] = 2 * values["sample_bytes"]  # or no share of what grows with size would matter
    work = WORK._replace(nodes=3) if name == "bigtable_requests" else WORK
    values["bigtable_bytes"] = 500.0 if name == "bigtable_requests" else values["bigtable_bytes"]
    if name in ("log_writes", "sum_writes", "peak"):
        work = work._replace(documents=1, live=300_000_000_000)
    base = estimate(work, values)
    changed = estimate(work, {**values, name: values[name] / 4})
    assert changed != base


def test_lines_that_were_lowered_are_those_of_the_month_and_smaller() -> None:
    monthly = estimate(WORK, VALUES).monthly
    for one in lowered(WORK, VALUES):
        assert one.after < one.before
    found = {one.line: one for one in lowered(WORK, VALUES)}
    for name in ("Dataflow, the stream", "BigQuery storage"):
        assert found[name].after == pytest.approx(monthly[name])
    assert found["Bigtable nodes kept"].before == pytest.approx(monthly["Bigtable nodes kept: 1"])


def test_a_conditional_write_reads_its_row_once_whatever_its_bytes() -> None:
    values = {**VALUES, "bigtable_bytes": 1_000_000.0, "conditional_share": 0.5, "bigtable_requests": 1.0}
    assert writes_of(values) == pytest.approx(1_000 + 1 + values["count_writes"])


def test_sensitivity_is_sorted_and_names_every_number() -> None:
    found = sensitivity(WORK, VALUES)
    assert {row[0] for row in found} == set(ALL)
    assert [abs(row[1]) for row in found] == sorted((abs(row[1]) for row in found), reverse=True)


def test_every_number_says_where_it_comes_from_and_when() -> None:
    for name, constant in {**ALL, **ARCHIVED}.items():
        assert constant.value > 0 and constant.unit and constant.source, name
        assert date.fromisoformat(constant.date) <= date.today(), name


def test_workers_for_some_hours_are_the_fewest_that_keep_them() -> None:
    workers = workers_for(WORK, 3.0, VALUES)
    assert estimate(WORK._replace(workers=workers), VALUES).hours <= 3.0
    assert estimate(WORK._replace(workers=workers - 1), VALUES).hours > 3.0
    assert workers_for(WORK._replace(documents=1), 3.0, VALUES) == 1


def fill(folder: Path, sizes: dict[str, int]) -> str:
    for name, size in sizes.items():
        with (folder / name).open("wb") as file:
            file.truncate(size)
    return str(folder)


def test_documents_of_an_input_are_told_from_the_sizes_of_its_files(tmp_path: Path) -> None:
    zipped, packed = int(ARCHIVED[".zip"].value), int(ARCHIVED[".gz"].value)
    folder = fill(tmp_path, {"a.zip": zipped * 100, "b.tar.gz": packed * 50, "c.xml": 2 * ARCHIVED_PAYLOAD, "d.xml": 3})
    found = measure(list_files(folder), ARCHIVED_PAYLOAD)
    assert (found.files, found.documents, found.streams) == (4, 100 + 50 + 2 + 1, 0)
    assert found.bytes == zipped * 100 + packed * 50 + 2 * ARCHIVED_PAYLOAD + 3
    assert measure(list_files(folder), ARCHIVED_PAYLOAD / 2).documents == 200 + 100 + 4 + 1
    some = measure(list_files(folder), most=2)
    assert (some.files, some.whole, found.whole) == (2, False, True)


def test_sizes_of_generated_archives_give_the_number_of_their_documents(tmp_path: Path) -> None:
    for archive in ("zip", "tar.gz"):
        write_set(tmp_path / archive, 3, 400, broken=0.0, duplicates=0.0, archive=archive)
        expected = json.loads((tmp_path / archive / MANIFEST).read_text())["expected"]["inputs"]
        assert measure(list_files(str(tmp_path / archive / INPUT))).documents == pytest.approx(expected, rel=0.2)


def test_command_computes_the_workers_and_knows_that_a_stream_is_read_by_one_thread(
    tmp_path: Path, capsys: Any
) -> None:
    folder = fill(tmp_path, {f"{number}.tar.gz": 1_000_000_000_000 for number in range(6)})
    assert cost.main(["--input", folder, "--hours", "0.5"]) == 0
    shown = capsys.readouterr().out
    assert "6 files, 6,000.00 GB" in shown
    assert "MAX_WORKERS=2 NUM_WORKERS=2 for 0.5 hours" in shown
    assert "2 workers of 4 vCPUs" in shown


def test_input_that_is_not_there_is_told(tmp_path: Path, capsys: Any) -> None:
    assert cost.main(["--input", str(tmp_path / "*.zip"), "--hours", "1"]) == 2
    assert "error: " in capsys.readouterr().err


def result(cpu: float, date: str) -> dict[str, Any]:
    job = {"inputs": 1000, "payload_bytes": 9_000_000, "cpu_seconds": cpu, "wall_seconds": 1.0}
    small = {"inputs": 10, "payload_bytes": 10, "cpu_seconds": 99.0, "wall_seconds": 1.0}
    machine = {"cpu": "Some CPU", "cores": 2}
    return {
        "date": date,
        "machine": machine,
        "runner": "FnApiRunner",
        "floor": small | {"cpu_seconds": 5.0},
        "jobs": [small, job],
    }


def kept(folder: Path, content: str) -> Path:
    path = folder / "measured.json"
    path.write_text(content)
    return path


def test_kept_benchmark_gives_cpu_and_bytes_of_its_largest_job_without_the_start(tmp_path: Path) -> None:
    more = result(7.0, "2026-02-01")
    more |= {"stages": {"parse": 1.0}, "machine": {**more["machine"], "memory": 1}}
    more["jobs"] = [{**job, "workers": 2, "gc_seconds": None} for job in more["jobs"]]
    found = measured(kept(tmp_path, json.dumps(more)))
    assert found["cpu_seconds"].value == pytest.approx(0.002)
    assert found["payload_bytes"].value == found["sample_bytes"].value == 9000
    assert (found["cpu_seconds"].date, found["cpu_seconds"].known) == ("2026-02-01", "measured")
    assert "1,000 inputs on Some CPU, 2 cores" in found["cpu_seconds"].source


def test_the_package_carries_its_measurement() -> None:
    assert all(constant.known == "measured" for constant in measured().values())


@pytest.mark.parametrize("content", ["", "{}", '{"jobs": []}'])
def test_result_that_cannot_be_read_is_named(content: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="measured.json is not a result"):
        measured(kept(tmp_path, content))


def test_larger_documents_take_more_cpu_and_more_storage() -> None:
    """A document twice as large: by the shares that were measured to grow."""
    larger = {**VALUES, "payload_bytes": 2 * VALUES["sample_bytes"]}
    one, two = estimate(WORK, VALUES), estimate(WORK, larger)
    assert two.hours / one.hours == pytest.approx(1 + VALUES["cpu_seconds_share"])
    for name, share in (("Bigtable storage", "bigtable_bytes_share"), ("BigQuery storage", "bigquery_bytes_share")):
        assert two.monthly[name] / one.monthly[name] == pytest.approx(1 + VALUES[share])
    assert of_size(VALUES) == pytest.approx(VALUES)


def test_counts_are_written_too() -> None:
    assert writes_of({**VALUES, "count_writes": 0.0}) == writes_of(VALUES) - VALUES["count_writes"]
    busy = 50_000_000_000
    assert nodes_of_stream(busy, VALUES) > nodes_of_stream(busy, {**VALUES, "log_writes": 1e-9})


def test_fewest_nodes_before_a_backfill_take_what_the_workers_write_and_what_is_stored() -> None:
    nodes = nodes_before(WORK, VALUES)
    rate = WORK.documents * writes_of(VALUES) / hours_of_workers(WORK, VALUES) / 3600
    assert (nodes - 1) * writes_per_node(VALUES) < rate <= nodes * writes_per_node(VALUES)
    assert nodes_before(WORK, {**VALUES, "node_storage_bytes": 1e10}) == pytest.approx(133, abs=1)


def test_a_query_of_every_state_is_paid_by_what_it_scans() -> None:
    values = {**VALUES, "state_bytes": 1024.0, "state_queries": 2.0, "bigquery_query_tib": 5.0}
    assert queries(1 << 30, values) == pytest.approx((2 - 1) * 5.0)
    assert queries(1 << 20, values) == 0


def test_prices_of_a_region_and_which_of_them_are_not_known(capsys: Any) -> None:
    assert prices_of(HOME) == (PRICES, [])
    found, unknown = prices_of("southamerica-east1")
    assert found["bigquery_query_tib"].value == 11.25
    assert "bigtable_node_hour" in unknown and "pubsub_tib" not in unknown
    assert set(prices_of("europe-west1")[1]) == set(PRICES) - {"pubsub_tib"}
    assert all(name in PRICES for known in REGIONS.values() for name in known)
    assert cost.main(["--region", "southamerica-east1", "--set", "bigtable_node_hour=0.9"]) == 0
    first = capsys.readouterr().out.partition("\n")[0]
    assert "not known, and those of us-central1: vcpu_hour_batch" in first and "bigtable_node_hour" not in first


def test_spreading_costs_shuffle() -> None:
    none = estimate(WORK._replace(spread=0), VALUES)
    assert estimate(WORK, VALUES).once["Dataflow shuffle"] - none.once["Dataflow shuffle"] == pytest.approx(
        WORK.spread * VALUES["spread_bytes"] / 1e9 * PRICES["shuffle_gb"].value
    )


def test_command_prints_hours_money_and_sources(capsys: Any) -> None:
    assert cost.main(["--documents", "1_000_000", "--workers", "2", "--nodes", "3", "--set", "cpu_seconds=0.5"]) == 0
    shown = capsys.readouterr().out
    assert "1,000,000 documents, 2 workers of 4 vCPUs, 3 Bigtable nodes" in shown
    assert "given on the command line" in shown
    assert "Bigtable nodes before the backfill: at least 1. " in shown
    titles = ["\nGiven\n", "\nMeasured here\n", "\nAssumed\n", "\nRead, of"]
    assert sorted(titles, key=shown.index) == titles
    assert PRICES["shuffle_gb"].source in shown


def test_a_reparse_costs_no_more_than_one_and_a_half_backfills(capsys: Any) -> None:
    for nodes in (0, 3):
        work = WORK._replace(nodes=nodes)
        assert 0 < cost.reparse(work, VALUES).total <= 1.5 * estimate(work, VALUES).total
    assert cost.main(["--documents", "600_000_000"]) == 0
    assert "A reparse of all of them" in capsys.readouterr().out


@pytest.mark.parametrize("given", ["nothing=1", "cpu_seconds=fast", "cpu_seconds=0", "cpu_seconds"])
def test_number_that_is_none_is_refused(given: str, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        cost.main(["--set", given])
    assert "cpu_seconds" in capsys.readouterr().err
