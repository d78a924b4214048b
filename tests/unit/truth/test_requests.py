from __future__ import annotations

from google.cloud.bigtable_v2.types import bigtable
from hypothesis import given
from hypothesis import strategies as st

from transforms.truth import requests
from transforms.truth.rows import Cell, Row

TABLE = "projects/p/instances/i/tables/t"
CELLS = [Cell("s", b"rev", 0, b"\0" * 8), Cell("x", b"\xff\x00", 1_000, b"xml")]
_Response = bigtable.ReadRowsResponse.pb()


def test_a_check_for_no_revision_writes_where_nothing_matches() -> None:
    request = bigtable.CheckAndMutateRowRequest.deserialize(
        requests.check_request(TABLE, "profile", b"row", None, CELLS)
    )
    assert (request.table_name, request.app_profile_id, request.row_key) == (TABLE, "profile", b"row")
    assert not request.true_mutations
    written = [mutation.set_cell for mutation in request.false_mutations]
    assert [Cell(c.family_name, c.column_qualifier, c.timestamp_micros, c.value) for c in written] == CELLS


def test_a_check_for_a_revision_writes_where_it_matches() -> None:
    request = bigtable.CheckAndMutateRowRequest.deserialize(requests.check_request(TABLE, "profile", b"row", 7, CELLS))
    assert not request.false_mutations
    assert len(request.true_mutations) == 2
    value = request.predicate_filter.chain.filters[-1].value_range_filter
    assert value.start_value_closed == value.end_value_closed == b"\0" * 7 + b"\7"


def test_a_write_of_many_rows_names_each_with_its_cells() -> None:
    writes = [(b"one", CELLS), (b"two", CELLS[:1])]
    request = bigtable.MutateRowsRequest.deserialize(requests.write_rows_request(TABLE, "profile", writes))
    assert (request.table_name, request.app_profile_id) == (TABLE, "profile")
    written = [(entry.row_key, [mutation.set_cell for mutation in entry.mutations]) for entry in request.entries]
    assert writes == [
        (row, [Cell(c.family_name, c.column_qualifier, c.timestamp_micros, c.value) for c in cells])
        for row, cells in written
    ]


def test_each_row_of_a_write_of_many_has_a_status() -> None:
    response = bigtable.MutateRowsResponse.pb()()
    response.entries.add(index=1).status.SetInParent()
    refused = response.entries.add(index=0)
    refused.status.code, refused.status.message = 8, "too much"
    assert list(requests.entry_statuses(response.SerializeToString())) == [(1, 0, ""), (0, 8, "too much")]


def test_the_answer_is_whether_the_cells_were_written() -> None:
    matched = bigtable.CheckAndMutateRowResponse.pb()(predicate_matched=True).SerializeToString()
    assert [requests.check_answer(matched, None), requests.check_answer(b"", None)] == [False, True]
    assert [requests.check_answer(matched, 7), requests.check_answer(b"", 7)] == [True, False]


def _stream(rows: list[Row], pieces: int) -> list[bytes]:
    """A ReadRows stream in which every value comes in pieces, each chunk in a response of its own."""
    responses = []
    for row in rows:
        for number, cell in enumerate(row.cells):
            size = -(-len(cell.value) // pieces) or 1
            parts = [cell.value[at : at + size] for at in range(0, len(cell.value), size)] or [b""]
            for part_number, part in enumerate(parts):
                response = _Response()
                chunk = response.chunks.add(value=part)
                if part_number == 0:
                    chunk.row_key = row.key if number == 0 else b""
                    chunk.family_name.value = cell.family
                    chunk.qualifier.value = cell.qualifier
                    chunk.timestamp_micros = cell.timestamp
                if part_number < len(parts) - 1:
                    chunk.value_size = len(cell.value)
                elif number == len(row.cells) - 1:
                    chunk.commit_row = True
                responses.append(response.SerializeToString())
    return responses


cells = st.builds(Cell, st.sampled_from("sfxca"), st.binary(max_size=3), st.integers(0, 10**15), st.binary(max_size=9))
many_rows = st.lists(st.builds(Row, st.binary(min_size=1, max_size=3), st.lists(cells, min_size=1, max_size=4)))


@given(many_rows, st.integers(1, 4))
def test_rows_are_put_together_from_any_pieces(rows: list[Row], pieces: int) -> None:
    reader = requests.RowReader()
    assert [row for response in _stream(rows, pieces) for row in reader.feed(response)] == rows


def test_a_row_that_the_service_takes_back_is_forgotten() -> None:
    row = Row(b"a", [Cell("f", b"q", 0, b"value"), Cell("x", b"q", 0, b"value")])
    reset = _Response()
    reset.chunks.add(reset_row=True)
    reader = requests.RowReader()
    stream = [_stream([row], 2)[0], reset.SerializeToString(), *_stream([row], 1)]
    assert [found for response in stream for found in reader.feed(response)] == [row]
