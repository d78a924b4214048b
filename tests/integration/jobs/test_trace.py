"""What became of an input, asked by its origin, against the real emulators."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from local.generate.__main__ import INPUT, write_set
from local.stack.discover import LOCAL_PROJECT
from pipelines import lookup
from tests.integration.jobs.stores import Stores


def test_an_origin_tells_what_became_of_it_and_of_what_is_in_it(
    new_stores: Callable[[], Stores], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_set(tmp_path, 7, 40, broken=0.2, duplicates=0.2)
    latin1 = tmp_path / INPUT / os.fsdecode("notação.xml".encode("latin-1"))
    latin1.write_bytes(b"<a/>")
    stores = new_stores()
    stores.backfill(tmp_path / INPUT)
    places = ["--project", LOCAL_PROJECT, "--dataset", stores.name, "--bigtable_table", stores.name]
    for outcome in ("new", "duplicate", "dead"):
        arrival = stores.query(f"SELECT * FROM unique_arrivals WHERE outcome = '{outcome}' ORDER BY origin LIMIT 1")[0]
        capfd.readouterr()
        assert lookup.main(["--origin", arrival["origin"], "--json", *places]) == 0
        [found] = [one for one in orjson.loads(capfd.readouterr().out) if one["origin"] == arrival["origin"]]
        assert found["outcome"] == outcome and found.get("access_key") == arrival["access_key"]
        assert found.get("code") == arrival["code"]

        assert lookup.main(["--origin", arrival["origin"], *places]) == 0
        told = capfd.readouterr().out
        assert (arrival["access_key"] or arrival["dead_letter_id"]) in told

    archive = stores.query("SELECT MIN(origin) AS origin FROM arrivals WHERE STRPOS(origin, '#') > 0")[0]["origin"]
    assert lookup.main(["--origin", archive.partition("#")[0], "--json", *places]) == 0
    assert len(orjson.loads(capfd.readouterr().out)) > 1
    # As make run shows it: without folders, the entry shortened.
    path, _, entry = archive.partition("#")
    for shown in (f"{Path(path).name}#{entry}", f"{Path(path).name}#…{entry[-4:]}"):
        assert lookup.main(["--origin", shown, "--json", *places]) == 0
        assert archive in {one["origin"] for one in orjson.loads(capfd.readouterr().out)}
    assert lookup.main(["--origin", f"{Path(path).name[1:]}#{entry}", *places]) == 1
    assert lookup.main(["--origin", "", *places]) == 1
    assert lookup.main(["--origin", str(latin1), *places]) == 0
    assert r"nota\xe7\xe3o.xml" in capfd.readouterr().out
    assert lookup.main(["--origin", "/nowhere.xml", *places]) == 1
    assert lookup.main(places) == 2
    assert "give a key, or an origin" in capfd.readouterr().err
