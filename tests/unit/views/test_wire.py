"""The compiled encoder of rows is held to protobuf's own library."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.generate import documents, leaves
from transforms.model import Applied, RawDocument, Record
from transforms.parse.parser import parse
from transforms.truth.codec import packaged_codec
from transforms.truth.transaction import Attempt, Check, transact
from transforms.views import schema
from transforms.views.encode import RefusedRow, RowEncoder
from transforms.views.rows import rows_of
from transforms.views.schema import Column

ENCODERS = {name: RowEncoder(schema.load(name)) for name in schema.TABLES}
# Values of any kind in any column: those that fit, those at the edge of a type, and those that no column takes.
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from((2**63 - 1, -(2**63), 2**63, 127, 128, -1)),
    st.text(),
    st.just("\ud800"),
    st.binary(),
    st.floats(),
    st.decimals(allow_nan=True).map(str),
    st.from_regex(r"-?[0-9]{0,40}(\.[0-9]{0,40})?", fullmatch=True),
    st.sampled_from(("2026-02-29", "2026-02-28", "2026-03-01T10:00:00-03:00", "2026-03-01T10:00:00.1234567Z", "2026")),
    st.sampled_from((st, object())),
)


def values(column: Column) -> st.SearchStrategy[Any]:
    """Of a column, mostly such as it takes."""
    usual: dict[str, st.SearchStrategy[Any]] = {
        "STRING": st.text(),
        "JSON": st.text(),
        "BYTES": st.binary(),
        "INTEGER": st.integers(-(2**63), 2**63 - 1),
        "BOOLEAN": st.booleans(),
        "NUMERIC": st.from_regex(r"-?[0-9]{1,29}(\.[0-9]{1,9})?", fullmatch=True),
        "BIGNUMERIC": st.from_regex(r"-?[0-9]{1,38}(\.[0-9]{1,38})?", fullmatch=True),
        "DATE": st.dates().map(str),
        "TIMESTAMP": st.integers(-(2**62), 2**62)
        | st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
    }
    one = rows(column.fields, required=False) if column.type == "RECORD" else usual[column.type]
    one = st.one_of(one, one, one, ODD)
    return st.one_of(st.lists(one, max_size=3), ODD) if column.mode == "REPEATED" else one


def rows(columns: tuple[Column, ...], required: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Rows of a few columns each."""
    needed = {column.name: values(column) for column in columns if column.mode == "REQUIRED" and required}
    by_name = {column.name: column for column in columns} | {"unknown": columns[0]}
    some = st.lists(st.sampled_from(sorted(by_name)), max_size=4, unique=True)
    return some.flatmap(
        lambda names: st.fixed_dictionaries({**needed, **{name: values(by_name[name]) for name in names}})
    )


def outcome(encoder: RowEncoder, row: dict[str, Any], compiled: bool) -> Any:
    """What is read back of a row, or why it was refused."""
    try:
        return encoder.decode(encoder.encode(row) if compiled else encoder.encode_in_python(row))
    except RefusedRow as refused:
        return str(refused)


def test_it_is_compiled() -> None:
    assert all(encoder.is_compiled for encoder in ENCODERS.values()), "not compiled: make venv, with a C compiler"


@pytest.mark.filterwarnings("ignore:Field Row.*Expected an int, got a boolean:DeprecationWarning")
@pytest.mark.parametrize("name", schema.TABLES)
@given(st.data())
def test_rows_of_any_values_are_the_same_in_both_ways(name: str, data: st.DataObject) -> None:
    row = data.draw(rows(schema.load(name).columns))
    assert outcome(ENCODERS[name], row, compiled=True) == outcome(ENCODERS[name], row, compiled=False)


def test_rows_of_generated_documents_are_all_compiled_and_the_same() -> None:
    codec = packaged_codec()
    found = 0
    for leaf in islice((leaf for each in documents(31, 300) for leaf in leaves(each)), 300):
        for record in parse(RawDocument(leaf.payload, "origin", 1_780_000_000_000_000)):
            if not isinstance(record, Record):
                continue
            transaction = transact(codec, record, Attempt("run", "job", 1_780_000_000_000_001))
            step = next(transaction)
            while not isinstance(step, Check):
                step = transaction.send(None)
            with pytest.raises(StopIteration) as stop:
                transaction.send(True)
            applied = stop.value.value.result
            assert isinstance(applied, Applied)
            for table, row in rows_of(applied):
                encoder = ENCODERS[table]
                usual = encoder.encode_usual(row)
                assert usual is not None, row
                assert encoder.decode(usual) == encoder.decode(encoder.encode_in_python(row))
                found += 1
    assert found > 500


def test_what_is_longer_than_a_buffer_and_what_nests_are_whole() -> None:
    row = {
        "access_key": "k",
        "record_id": "r" * 70_000,
        "items": [{"description": "d" * size, "ncm": "1"} for size in (0, 1, 126, 127, 128, 16_383, 16_384, 300_000)],
    }
    encoder = ENCODERS[schema.DOCUMENTS]
    needed = {
        c.name: 1 if c.type in ("INTEGER", "TIMESTAMP") else "x"
        for c in schema.load(schema.DOCUMENTS).columns
        if c.mode == "REQUIRED"
    }
    whole = {**needed, **row}
    usual = encoder.encode_usual(whole)
    assert usual is not None
    assert encoder.decode(usual) == encoder.decode(encoder.encode_in_python(whole))
