"""What the external table is defined to show is what rows of the source of truth hold."""

from __future__ import annotations

from tests.integration.truth.drive import CODEC, apply_all
from tests.unit.truth.samples import fresh_key, record
from transforms.truth import row_keys, rows
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.read import HistoryReader
from transforms.truth.transaction import Attempt
from transforms.truth.writer import Writer
from transforms.views import external


def decoded(value: bytes, type_: str, encoding: str) -> object:
    """As BigQuery's documentation says it decodes a cell."""
    return int.from_bytes(value, "big", signed=True) if (type_, encoding) == ("INTEGER", "BINARY") else value.decode()


def test_columns_of_the_definition_decode_to_the_state(config: TruthConfig, reader: HistoryReader) -> None:
    key = fresh_key()
    writer = Writer(config, CODEC)
    apply_all(writer, [record(key), record(key, "again")], Attempt("run", "job", 1))
    writer.close()
    client = Client(config)
    cells = wait_for(client.read_row(config.records_table, row_keys.row_key(key)))
    wait_for(client.close())
    [family] = external.configuration(config).options.column_families
    shown = {c.qualifier_string: (cells[family.family_id][c.qualifier_string.encode()], c) for c in family.columns}
    values = {name: decoded(value, column.type_, column.encoding) for name, (value, column) in shown.items()}
    history = reader.history(key)
    assert history is not None
    stored = sum(len(value) for name in (rows.FIELDS, rows.XML) for value in cells[name].values())
    assert values == {"status": history.state["status"], "rev": 2, "size": stored}
