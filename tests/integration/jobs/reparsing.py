"""Stored rows as an older parser would have left them, and reparses of them."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pipelines import reparse
from tests.integration.jobs.stores import Stores
from transforms.history.fold import fold
from transforms.model import Entry
from transforms.truth import row_keys, rows
from transforms.truth.codec import Codec, packaged_codec
from transforms.truth.read import StoredRecord
from transforms.truth.rows import Cell, Row

Forget = Callable[[Entry], Entry]


def reparse_stores(stores: Stores, *more: str) -> Counter[str]:
    """Runs the job in this process; its counters."""
    result = reparse.run([*stores.arguments("-")[2:], *more])
    return Counter({c.key.metric.name: c.committed for c in result.metrics().query()["counters"]})


def start_reparse(stores: Stores, *more: str) -> subprocess.Popen[bytes]:
    """Runs the job in a process of its own."""
    command = [sys.executable, "-m", "pipelines.reparse", *stores.arguments("-")[2:], *more]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def until_running(job: subprocess.Popen[bytes]) -> None:
    """Waits until a job in a process of its own begins to read."""
    assert job.stderr is not None
    while b"Running" not in (line := job.stderr.readline()):
        assert line, "the job ended before it began"


def changed_by(counters: Counter[str]) -> dict[str, int]:
    """What differed, by name, and in how many records."""
    prefix = "reparsed_"
    return {name.removeprefix(prefix): n for name, n in counters.items() if name.startswith(prefix) and n}


def forget(stored: Entry) -> Entry:
    """An older parser, which read no names, other totals, the date of issue of some documents in another month, and
    less of their items."""
    fields = dict(stored.fields)
    for name in ("issuer_name", "protocol_at"):
        fields.pop(name, None)
    if "total" in fields:
        fields["total"] = "1.00"
    if fields.get("issued_on", "").endswith(("1", "2")):
        fields["issued_on"] = "2019-01-01"
    if "items" in fields:
        fields["items"] = [{k: v for k, v in item.items() if k != "ncm"} for item in fields["items"]]
    findings = (*stored.findings, "bad_date") if stored.kind == "event" else ()
    return stored._replace(fields=fields, findings=findings, parser=0)


def forgotten(found: Iterable[Row], forget: Forget) -> Iterator[Row]:
    """Rows as a parser would have stored them that reads less: ``forget`` takes from a record what it did not read."""
    codec = packaged_codec()
    for row in found:
        if row_keys.is_reserved(row.key) or rows.head_of(rows.by_column(row.cells)) is None:
            yield row
        else:
            yield Row(row.key, _forgotten(codec, row, forget))


def _forgotten(codec: Codec, row: Row, forget: Forget) -> list[Cell]:
    """Fields, state and changes of a row, all made of records that say less."""
    key, cells = row_keys.key_of(row.key), rows.by_column(row.cells)
    decoded = {name: rows.decode_fields(codec, key, name, value) for name, value in cells[rows.FIELDS].items()}
    stored = {name: one._replace(entry=forget(one.entry)) for name, one in decoded.items()}
    other = [cell for cell in row.cells if cell.family not in (rows.FIELDS, rows.CHANGES, rows.STATE)]
    fields = [rows.fields_cell(codec, one) for one in stored.values()]
    met, before, changes = [], None, []
    for change in rows.decode_changes(codec, key, cells):
        met.append(stored[bytes.fromhex(change.record_id)].entry)
        folded = fold(met)
        change = change._replace(
            before=before.after if before else None,
            dimensions_before=before.dimensions_after if before else None,
            after=folded.state,
            dimensions_after=folded.dimensions,
            head=None,
        )
        changes.append(rows.change_cell(codec, change))
        before = change
    size = rows.stored_bytes([*fields, *(cell for cell in other if cell.family == rows.XML)])
    return [*other, *fields, *changes, *rows.state_cells(codec, len(changes), folded, size)]


def content(stores: Stores) -> dict[str, Any]:
    """What Bigtable holds of every key, as far as it does not tell who brought or read it when, and by which parser."""
    return {
        key: (history.state, history.changes[-1].dimensions_after, sorted(map(_said, history.records), key=repr))
        for key, history in stores.histories().items()
    }


def _said(record: StoredRecord) -> Any:
    return record.entry._replace(parser=0), record.xml_bytes
