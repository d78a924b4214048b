"""Counts from partial sums, counts from changes and counts of the last states are the same numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.views.dataset import Dataset
from tests.integration.views.partials import partials, some_histories
from transforms.history.dimensions import COUNTED_BY
from transforms.model import Applied
from transforms.views.rows import row_of_count

KEY_COLUMNS = ("dimension", "value", *COUNTED_BY)
Counts = dict[tuple[Any, ...], tuple[int, Decimal]]


@pytest.fixture(scope="module")
def counted(dataset: Dataset) -> tuple[Dataset, list[Applied]]:
    """A run, written once by a job that died and wholly by its successor, and a slot of the change log that shares keys
    with it, written last by a sweeper that had read it long before."""
    applied = some_histories(7)
    first, second = applied[: len(applied) // 2], applied[len(applied) // 2 :]
    dataset.write_applied(applied)
    dataset.write_applied(applied[::3])
    stale = [row | {"documents": 99, "total": "99"} for row in partials(first, "run-1/all/0", 1_000_000)[::2]]
    earlier = [row | {"documents": 98, "computed_at": 1} for row in partials(first, "run-1/all/0", 2_000_000)[1::2]]
    whole = [row | {"computed_at": 2} for row in partials(first, "run-1/all/0", 2_000_000)]
    slot = [row | {"version": 3, "computed_at": 1} for row in partials(second, "log/1970-01-01T00:00:00", 0)]
    old = [row | {"documents": 97, "version": 2, "computed_at": 9} for row in slot[::2]]
    dataset.write(row_of_count(row) for row in [*whole, *stale, *earlier, *slot, *whole[:5], *slot, *old])
    return dataset, applied


def expected(applied: list[Applied]) -> Counts:
    """Counts of the last state of each key, the plain way."""
    last = {result.entry.key: result.change for result in applied if result.change}
    documents: Counter[tuple[Any, ...]] = Counter()
    totals: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for change in last.values():
        assert change is not None
        dimensions = change.dimensions_after
        for dimension, field in (("uf", "uf"), ("issuer", "issuer_id"), ("recipient", "recipient_id")):
            rest = [dimensions.get(name) for name in COUNTED_BY]
            key = (dimension, dimensions.get(field), *rest)
            documents[key] += 1
            totals[key] += Decimal(dimensions.get("total", 0))
    return {key: (count, totals[key]) for key, count in documents.items()}


def counts(rows: list[dict[str, Any]]) -> Counts:
    found = {}
    for row in rows:
        key = tuple(
            str(row[name]) if name in ("day", "month") and row[name] else row[name]
            for name in KEY_COLUMNS
            if name in row
        )
        assert key not in found
        found[key] = (row["documents"], row["total"] or Decimal(0))
    return found


def test_partial_sums_and_changes_give_the_counts_of_the_last_states(counted: tuple[Dataset, list[Applied]]) -> None:
    dataset, applied = counted
    from_partials = counts(dataset.query("SELECT * FROM counts_total"))
    from_changes = counts(dataset.query("SELECT * FROM counts_from_changes"))
    assert from_partials == expected(applied)
    assert from_changes == expected(applied)


@pytest.mark.parametrize(
    ("view", "dimension", "columns"),
    [
        ("counts_by_day", "uf", ("day", "model", "environment", "status")),
        ("counts_by_month", "uf", ("month", "model", "environment", "status")),
        ("counts_by_model", "uf", ("model", "environment", "status")),
        ("counts_by_status", "uf", ("environment", "status")),
        ("counts_by_uf", "uf", ("value", "month", "model", "environment", "status")),
        ("counts_by_purpose", "uf", ("month", "model", "environment", "status", "operation_type", "purpose")),
        (
            "counts_by_issuer",
            "issuer",
            ("value", "month", "model", "environment", "status", "operation_type", "purpose"),
        ),
        (
            "counts_by_recipient",
            "recipient",
            ("value", "month", "model", "environment", "status", "operation_type", "purpose"),
        ),
    ],
)
def test_each_view_adds_up_the_counts_by_its_columns(
    counted: tuple[Dataset, list[Applied]], view: str, dimension: str, columns: tuple[str, ...]
) -> None:
    dataset, applied = counted
    wanted: dict[tuple[Any, ...], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for key, (documents, total) in expected(applied).items():
        parts = dict(zip(KEY_COLUMNS, key, strict=True))
        if parts["dimension"] == dimension:
            group = tuple(parts[name] for name in columns)
            wanted[group] = (wanted[group][0] + documents, wanted[group][1] + total)
    value_name = view.removeprefix("counts_by_") + ("_id" if dimension != "uf" else "")
    found = {}
    for row in dataset.query(f"SELECT * FROM {view}"):
        group = tuple(row[value_name if name == "value" else name] for name in columns)
        found[tuple(str(part) if hasattr(part, "isoformat") else part for part in group)] = (
            row["documents"],
            row["total"],
        )
    assert found == dict(wanted)
