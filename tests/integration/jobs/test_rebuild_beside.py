"""Rebuild while a stream writes, on Prism: tables and both kinds of counts end where a clean backfill ends."""

from __future__ import annotations

import contextlib
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.jobs.stores import NewStores, Stores, bigtable_counts, copies, payloads_of, rebuild_stores
from tests.integration.jobs.streams import DocumentQueue, Streaming, counted
from transforms.views import repair


def streams_something(stores: Stores) -> bool:
    """Whether the stream has written something."""
    return bool(stores.query("SELECT 1 FROM arrivals WHERE STARTS_WITH(job, 'stream/') LIMIT 1"))


@contextlib.contextmanager
def publishing(queue: DocumentQueue, payloads: list[bytes]) -> Iterator[list[bytes]]:
    """Publishes one by one until the block ends, then the rest; gives what it published so far."""
    done = threading.Event()
    published: list[bytes] = []

    def publish() -> None:
        for payload in payloads:
            queue.publish([payload])
            published.append(payload)
            done.wait(0.1)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield published
    finally:
        done.set()
        thread.join()


@pytest.mark.long
def test_a_rebuild_beside_a_stream_loses_and_doubles_nothing(
    new_stores: NewStores, documents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    payloads = [payload for payload in payloads_of(documents) if 0 < len(payload) < 9_000_000]
    third = len(payloads) // 3
    archives = {"first": payloads[:third], "all": payloads}
    for name, content in archives.items():
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            for index, payload in enumerate(content):
                archive.writestr(f"{index}.xml", payload)
    clean, stores = new_stores(), new_stores()
    clean.backfill(tmp_path / "all.zip")
    expected, views, counts = clean.content(), clean.views(), bigtable_counts(clean)
    stores.backfill(tmp_path / "first.zip")
    stores.query("DELETE FROM documents WHERE TRUE")
    stores.query("UPDATE counts SET documents = documents + 5 WHERE dimension = 'issuer'")

    queue = DocumentQueue()
    with Streaming(stores, queue, tmp_path / "log") as stream:
        # What the backfill brought comes again too: events of keys that are counted already, and duplicates.
        queue.publish(payloads[third // 2 : 2 * third])
        stream.wait_until(lambda: streams_something(stores), "the stream writes nothing")
        with publishing(queue, payloads[2 * third :]) as published:
            before, right = len(published), repair.repair

            def when_some_came(*arguments: Any) -> Any:
                stream.wait_until(lambda: len(published) - before > 10, "nothing comes while it is rebuilt")
                return right(*arguments)

            monkeypatch.setattr(repair, "repair", when_some_came)
            rebuild_stores(stores)
        stream.wait_until(lambda: stores.content() == expected, "records are missing")
        stream.wait_until(lambda: counted(stores), "counts do not settle")
        stream.wait_until(lambda: bigtable_counts(stores) == counts, "Bigtable's counts do not settle")
        stream.wait_until(lambda: stores.views() == views, "views differ")
        assert not copies(stores).keys() & {"documents", "events", "voided_ranges", "changes"}

    rebuild_stores(stores)
    assert stores.views() == views and bigtable_counts(stores) == counts, "nor when the stream is stopped"
