"""Makes a file of what this release stores of a set of generated documents of every kind.

    python -m tests.store_rows tests/fixtures/stored/2026-11-29.json.gz

Do so when what is stored, or what is read, is about to change, and keep the file: a later release has to read it, and a
reparse has to bring it up to date. A file is never made a second time.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from local.generate.__main__ import INPUT, write_set
from local.generate.stories import STORIES
from local.stack import stack
from local.stack.discover import LOCAL_PROJECT
from pipelines import backfill, tables
from pipelines.defaults import DEFAULT_INSTANCE
from tests import stored_rows
from transforms.truth import row_keys
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.rows import Row

_SEED, _INPUTS = 29, 160
_NAME = "stored"


def made() -> list[Row]:
    """The rows; dictionaries, which every release has, are left out."""
    config = TruthConfig(LOCAL_PROJECT, DEFAULT_INSTANCE, _NAME)
    with tempfile.TemporaryDirectory() as folder, stack() as running, running.exported():
        write_set(Path(folder), _SEED, _INPUTS, weights=dict.fromkeys(STORIES, 1.0))
        tables.set_up(config, _NAME)
        places = ["--project", LOCAL_PROJECT, "--bigtable_table", _NAME, "--dataset", _NAME, "--runner", "FnApiRunner"]
        backfill.run(["--input", str(Path(folder) / INPUT), *places, "--run", "release"])
        client = Client(config)
        found = [
            row for row in client.scan(config.records_table, b"", b"") if not row.key.startswith(row_keys.RESERVED)
        ]
        wait_for(client.close())
    return found


if __name__ == "__main__":
    target = Path(sys.argv[1])
    if target.exists():
        raise SystemExit(f"{target} is there: what an earlier release stored is not made again")
    stored_rows.write(target, made())
