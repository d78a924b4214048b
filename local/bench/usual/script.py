"""A plain script: files one after the other, Google's clients with their batches.

python -m local.bench.usual.script --input FOLDER --project P --instance I --table T --dataset D
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.cloud import bigquery, bigtable
from google.cloud.bigtable.row import DirectRow

from local.bench.usual.fields import FAMILY, TABLE, fields
from local.bench.usual.places import Places, bigquery_client, parsed

_ROWS_AT_ONCE = 500


def main() -> None:
    """Command line."""
    places = parsed(__doc__)
    table = bigtable.Client(project=places.project).instance(places.instance).table(places.table)
    client = bigquery_client(places.project)
    waiting: list[dict[str, Any]] = []
    with table.mutations_batcher() as batcher:
        for path in sorted(Path(places.input).rglob("*.xml")):
            payload = path.read_bytes()
            found = fields(payload, path.name)
            if found is None:
                continue
            batcher.mutate(row_of(found, payload))
            waiting.append(found)
            if len(waiting) == _ROWS_AT_ONCE:
                _append(client, places, waiting)
                waiting = []
    _append(client, places, waiting)


def row_of(found: dict[str, Any], payload: bytes) -> DirectRow:
    """A row of Bigtable: the bytes, and each field that is known, in a cell of its own."""
    row = DirectRow(row_key=found["access_key"].encode())
    row.set_cell(FAMILY, f"xml:{found['kind']}".encode(), payload)
    for name in ("status", "issuer_id", "total", "issued_at"):
        if found[name] is not None:
            row.set_cell(FAMILY, name.encode(), found[name].encode())
    return row


def _append(client: bigquery.Client, places: Places, rows: list[dict[str, Any]]) -> None:
    if rows and (errors := client.insert_rows_json(f"{places.project}.{places.dataset}.{TABLE}", rows)):
        raise SystemExit(f"BigQuery refused rows: {errors[:1]}")


if __name__ == "__main__":
    main()
