"""The history of one key as people and programs see it, and its XML byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.stack.discover import LOCAL_PROJECT
from pipelines import lookup
from tests.integration.jobs.stores import Stores, payloads_of


@pytest.fixture(scope="module")
def filled(running_stack: object, documents: Path) -> Stores:
    stores = Stores("jobs_lookup")
    stores.create()
    stores.backfill(documents)
    return stores


def looked_up(stores: Stores, *arguments: str) -> int:
    return lookup.main([*arguments, "--project", LOCAL_PROJECT, "--bigtable_table", stores.name])


def test_history_state_lineage_and_bytes_of_a_key(
    filled: Stores, documents: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    history = max(filled.histories().values(), key=lambda found: len(found.records))
    assert len(history.records) > 1

    assert looked_up(filled, history.key, "--json") == 0
    told = json.loads(capfdbinary.readouterr().out)
    assert told["state"] == history.state
    assert [record["record_id"] for record in told["records"]] == [record.entry.record_id for record in history.records]
    assert all(record["arrivals"][0]["origin"].startswith(str(documents)) for record in told["records"])

    spaced = " ".join(history.key[i : i + 4] for i in range(0, 44, 4))
    assert looked_up(filled, spaced) == 0
    text = capfdbinary.readouterr().out.decode()
    assert history.state["status"] in text and history.records[0].entry.record_id in text

    known = set(payloads_of(documents))
    for number in range(1, len(history.records) + 1):
        file = tmp_path / f"{number}.xml"
        assert looked_up(filled, history.key, "--xml", str(number), "--output", str(file)) == 0
        assert file.read_bytes() in known


def test_an_nfse_is_shown_with_the_dps_that_it_was_made_from(
    filled: Stores, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    histories = filled.histories()
    made_from = {
        record.entry.fields["dps_id"]: history.key
        for history in histories.values()
        for record in history.records
        if record.entry.fields.get("dps_id") in histories
    }
    dps_id, key = next(iter(made_from.items()))
    assert looked_up(filled, f"NFS{key}", "--json") == 0
    told = json.loads(capfdbinary.readouterr().out)
    assert (told["key"], [request["key"] for request in told["requests"]]) == (key, [dps_id])
    assert looked_up(filled, key) == 0
    assert f"made from the DPS\n{dps_id}  unprotocoled" in capfdbinary.readouterr().out.decode()
    assert looked_up(filled, dps_id.lower(), "--json") == 0
    assert "requests" not in json.loads(capfdbinary.readouterr().out)


def test_dead_letter_by_its_id_gives_its_bytes(
    filled: Stores, documents: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    [letter] = filled.query(
        "SELECT dead_letter_id, message FROM unique_dead_letters WHERE code = 'dtd_forbidden' LIMIT 1"
    )
    assert looked_up(filled, letter["dead_letter_id"]) == 0
    assert letter["message"] in capfdbinary.readouterr().out.decode()
    assert looked_up(filled, letter["dead_letter_id"], "--xml", "1") == 0
    assert capfdbinary.readouterr().out in payloads_of(documents)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["3" * 44], 1, "check digit is wrong"),
        (["123"], 1, "not an access key"),
        (["f" * 64], 1, "no dead letter"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(
    filled: Stores, capfd: pytest.CaptureFixture[str], arguments: list[str], status: int, message: str
) -> None:
    assert looked_up(filled, *arguments) == status
    error = capfd.readouterr().err
    assert message in error and "Traceback" not in error


def test_record_number_that_is_not_there_is_refused(filled: Stores, capfd: pytest.CaptureFixture[str]) -> None:
    key = next(iter(filled.histories()))
    assert looked_up(filled, key, "--xml", "99") == 2
    assert "--xml 99" in capfd.readouterr().err


def test_place_that_cannot_be_written_to_is_said_in_a_line(
    filled: Stores, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    key = next(iter(filled.histories()))
    for place in (tmp_path, tmp_path / "nowhere" / "a.xml"):
        assert looked_up(filled, key, "--xml", "1", "--output", str(place)) == 2
        error = capfd.readouterr().err
        assert str(place) in error and "Traceback" not in error


def test_key_as_people_paste_it() -> None:
    key = "3526050X0J92JY000196570010000006041448679011"
    for pasted in (key.lower(), f"CTe{key}", f"cte{key.lower()}", f" {key[:22]}-{key[22:]}."):
        assert lookup.normalised(pasted) == key
    assert lookup.normalised("f" * 64) == "f" * 64
