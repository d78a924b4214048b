"""Erasures of one test's stores, and stores that never held what is erased."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from pipelines import erase
from tests.integration.jobs.stores import Stores
from transforms.model import RawDocument, Record
from transforms.parse.parser import parse
from transforms.truth import registers
from transforms.truth.client import Client
from transforms.truth.loop import wait_for
from transforms.views import schema

QUICK = ("--settle_seconds", "1")


def arguments(stores: Stores, *more: str) -> list[str]:
    return [*stores.arguments("-")[2:], *QUICK, *more]


def erase_stores(stores: Stores, *more: str) -> Counter[str]:
    """Runs the job in this process; its counters."""
    result = erase.run(arguments(stores, *more))
    return Counter({c.key.metric.name: c.committed for c in result.metrics().query()["counters"]})


def erase_confirmed(stores: Stores, *more: str) -> Counter[str]:
    """A dry run, then what it said."""
    found = erase_stores(stores, *more)
    return erase_stores(stores, *more, "--confirm", str(number(found)))


def number(counters: Counter[str]) -> int:
    """The number to confirm."""
    return counters["erase_keys"] + counters["erase_dead_letters_stored"]


def start_erase(stores: Stores, *more: str) -> subprocess.Popen[bytes]:
    """Runs the job in a process of its own."""
    command = [sys.executable, "-m", "pipelines.erase", *arguments(stores, *more)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def without(payloads: Iterable[bytes], keys: Collection[str], folder: Path) -> Path:
    """A folder of the inputs that do not belong to the keys; of one that holds several records, those that do not."""
    folder.mkdir()
    for index, payload in enumerate(payloads):
        found = list(parse(RawDocument(payload, str(index), 0)))
        records = [one for one in found if isinstance(one, Record)]
        left = [one.raw.payload for one in records if one.entry.key not in keys]
        for part, kept in enumerate([payload] if len(left) == len(found) or not records else left):
            (folder / f"{index:05}_{part}.xml").write_bytes(kept)
    return folder


def rows_of(stores: Stores, keys: Collection[str]) -> dict[str, int]:
    """Rows of all tables that name one of the keys, whatever the column."""
    found = {}
    for table in (*schema.TABLES, *schema.MERGED):
        rows = stores.query(f"SELECT TO_JSON_STRING(r) AS text FROM {table} AS r")
        found[table] = sum(any(key in row["text"] for key in keys) for row in rows)
    return {table: count for table, count in found.items() if count}


def reports(stores: Stores) -> list[dict[str, object]]:
    client = Client(stores.truth)
    try:
        return [dict(one) for one in registers.reports(client).values()]
    finally:
        wait_for(client.close())
