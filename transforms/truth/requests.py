"""Bigtable requests as bytes, and its answers as plain values: what goes over the wire. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from google.cloud.bigtable_v2.types import bigtable, data

from transforms.truth import rows
from transforms.truth.rows import Cell, Row

# The generated protobuf classes themselves: their proto-plus wrapping costs more than the rest of a call.
_CheckRequest = bigtable.CheckAndMutateRowRequest.pb()
_CheckResponse = bigtable.CheckAndMutateRowResponse.pb()
_MutateRequest = bigtable.MutateRowRequest.pb()
_MutateRowsRequest = bigtable.MutateRowsRequest.pb()
_MutateRowsResponse = bigtable.MutateRowsResponse.pb()
_ReadRequest = bigtable.ReadRowsRequest.pb()
_SampleRequest = bigtable.SampleRowKeysRequest.pb()
_SampleResponse = bigtable.SampleRowKeysResponse.pb()
_ReadResponse = bigtable.ReadRowsResponse.pb()
_Filter = data.RowFilter.pb()


class Column(NamedTuple):
    """A column to delete: all of it, or its cells whose timestamp (micros) is below ``before``. Without ``qualifier``:
    the whole family."""

    family: str
    qualifier: bytes | None
    before: int = 0


def check_request(
    table: str,
    profile: str,
    row: bytes,
    revision: int | None,
    cells: Iterable[Cell],
    deleted: Iterable[Column] = (),
) -> bytes:
    """CheckAndMutateRow: if the row's revision is the given one, or, for None, if it has none, delete the columns and
    write the cells."""
    request = _CheckRequest()
    request.row_key = row
    mutations = request.false_mutations if revision is None else request.true_mutations
    _delete_columns(mutations, deleted)
    _set_cells(mutations, cells)
    # Protobuf messages concatenate: what all checks share is serialised once.
    return _check_head(table, profile, revision) + bytes(request.SerializeToString())


@lru_cache(maxsize=1024)
def _check_head(table: str, profile: str, revision: int | None) -> bytes:
    request = _CheckRequest(table_name=table, app_profile_id=profile)
    chain = request.predicate_filter.chain.filters
    chain.add().family_name_regex_filter = rows.STATE
    chain.add().column_qualifier_regex_filter = rows.REVISION
    if revision is not None:
        value = chain.add().value_range_filter
        value.start_value_closed = value.end_value_closed = rows.pack_int(revision)
    return bytes(request.SerializeToString())


def check_answer(response: bytes, revision: int | None) -> bool:
    """Whether the cells of a ``check_request`` were written."""
    matched = bool(_CheckResponse.FromString(response).predicate_matched)
    return matched is not (revision is None)


def write_request(table: str, profile: str, row: bytes, cells: Iterable[Cell]) -> bytes:
    """MutateRow: write the cells."""
    request = _MutateRequest(table_name=table, app_profile_id=profile, row_key=row)
    _set_cells(request.mutations, cells)
    return bytes(request.SerializeToString())


def write_rows_request(table: str, profile: str, writes: Iterable[tuple[bytes, Iterable[Cell]]]) -> bytes:
    """MutateRows: write the cells of each row."""
    request = _MutateRowsRequest(table_name=table, app_profile_id=profile)
    for row, cells in writes:
        entry = request.entries.add()
        entry.row_key = row
        _set_cells(entry.mutations, cells)
    return bytes(request.SerializeToString())


class RowStatus(NamedTuple):
    """What became of one entry of a ``write_rows_request``: gRPC code, 0 for written, and message."""

    entry: int
    code: int
    message: str


def entry_statuses(response: bytes) -> Iterator[RowStatus]:
    """What one answer to a ``write_rows_request`` says."""
    for entry in _MutateRowsResponse.FromString(response).entries:
        yield RowStatus(entry.index, entry.status.code, entry.status.message)


def replace_request(table: str, profile: str, row: bytes, deleted: Iterable[Column], cells: Iterable[Cell]) -> bytes:
    """MutateRow: delete the columns, then write the cells."""
    request = _MutateRequest(table_name=table, app_profile_id=profile, row_key=row)
    _delete_columns(request.mutations, deleted)
    _set_cells(request.mutations, cells)
    return bytes(request.SerializeToString())


def sample_request(table: str, profile: str) -> bytes:
    """SampleRowKeys."""
    return bytes(_SampleRequest(table_name=table, app_profile_id=profile).SerializeToString())


def sampled_key(response: bytes) -> bytes:
    """Row key of one answer to a ``sample_request``; empty for the end of the table."""
    return bytes(_SampleResponse.FromString(response).row_key)


def _delete_columns(mutations: Any, deleted: Iterable[Column]) -> None:
    for family, qualifier, before in deleted:
        if qualifier is None:
            mutations.add().delete_from_family.family_name = family
            continue
        column = mutations.add().delete_from_column
        column.family_name, column.column_qualifier = family, qualifier
        if before:
            column.time_range.end_timestamp_micros = before


def _set_cells(mutations: Any, cells: Iterable[Cell]) -> None:
    for family, qualifier, timestamp, value in cells:
        cell = mutations.add().set_cell
        cell.family_name = family
        cell.column_qualifier = qualifier
        cell.timestamp_micros = timestamp
        cell.value = value


def read_row_request(
    table: str, profile: str, row: bytes, families: Sequence[str] = (), qualifier: bytes | None = None
) -> bytes:
    """ReadRows of one row, newest cell of each column, of the given families (none: all).

    ``qualifier``: of that column alone; then ``families`` names its family.
    """
    request = _ReadRequest(table_name=table, app_profile_id=profile, rows_limit=1)
    request.rows.row_keys.append(row)
    if qualifier is None:
        request.filter.MergeFromString(_families_filter(tuple(families)))
    else:
        column = request.filter.column_range_filter
        column.family_name = families[0]
        column.start_qualifier_closed = column.end_qualifier_closed = qualifier
    return bytes(request.SerializeToString())


def read_range_request(
    table: str, profile: str, start: bytes, end: bytes, limit: int, families: Sequence[str] = (), after: bool = False
) -> bytes:
    """ReadRows of at most ``limit`` rows from ``start`` (``after``: not itself) up to ``end``, end not included."""
    request = _ReadRequest(table_name=table, app_profile_id=profile, rows_limit=limit)
    found = request.rows.row_ranges.add()
    if after:
        found.start_key_open = start
    else:
        found.start_key_closed = start
    if end:
        found.end_key_open = end
    request.filter.MergeFromString(_families_filter(tuple(families)))
    return bytes(request.SerializeToString())


@lru_cache(maxsize=64)
def _families_filter(families: tuple[str, ...]) -> bytes:
    newest = _Filter(cells_per_column_limit_filter=1)
    if not families:
        return bytes(newest.SerializeToString())
    found = _Filter()
    found.chain.filters.add().family_name_regex_filter = "|".join(families)
    found.chain.filters.append(newest)
    return bytes(found.SerializeToString())


class RowReader:
    """Puts the chunks of a ReadRows stream together into rows."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._row = b""
        self._family = ""
        self._qualifier = b""
        self._timestamp = 0
        self._value: list[bytes] = []
        self._cells: list[Cell] = []

    def feed(self, response: bytes) -> Iterator[Row]:
        """Rows that the response completes, their cells in the table's order."""
        for chunk in _ReadResponse.FromString(response).chunks:
            if chunk.reset_row:
                self._reset()
                continue
            if chunk.row_key:
                self._row = chunk.row_key
            if chunk.HasField("family_name"):
                self._family = chunk.family_name.value
            if chunk.HasField("qualifier"):
                self._qualifier = chunk.qualifier.value
            if not self._value:
                self._timestamp = chunk.timestamp_micros
            self._value.append(chunk.value)
            if chunk.value_size == 0:  # otherwise more of this cell's value follows
                self._cells.append(Cell(self._family, self._qualifier, self._timestamp, b"".join(self._value)))
                self._value = []
            if chunk.commit_row:
                yield Row(self._row, self._cells)
                self._cells = []
