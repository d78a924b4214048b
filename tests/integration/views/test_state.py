"""The state computed in SQL equals the fold, and both equal the state kept in changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from local.stack import PROJECT_ID
from tests import views_world as world
from tests.histories import histories, key_of, of_every_rule, voided_range
from tests.integration.views.dataset import Dataset
from transforms import access_key
from transforms.families import FAMILIES, statuses
from transforms.families.family import Attribute
from transforms.history.fold import fold
from transforms.model import Entry, Fields
from transforms.views import merge

KEY = world.key_of()
_FRESH = itertools.count(1)
_HISTORIES = st.lists(histories(), min_size=30, max_size=60)


# What few drawn histories have.
_CTE = world.key_of("57")
RARE = [
    [world.event(KEY, f"{n:064x}", "110110", correction=text, sequence=1) for n, text in enumerate("ab")],
    # A letter that is known by its return as well, which has neither author nor text.
    [
        world.event(KEY, "1" * 64, "110110", correction="a", sequence=1),
        world.event(KEY, "2" * 64, "110110", sequence=1, author_id=None),
    ],
    [
        world.event(_CTE, "1" * 64, "110180", registered_at="2026-03-11T12:00:00Z"),
        world.event(_CTE, "2" * 64, "110181", registered_at="2026-03-11T12:00:00.5Z"),
    ],
]


def rekeyed(history: list[Entry]) -> list[Entry]:
    """The same history under a key, and with record ids, that nothing else in the emulator has."""
    number = next(_FRESH)
    if history[0].kind == "voided_range":
        key = history[0].key[:-9] + f"{number:09d}"
    else:
        key = key_of(access_key.model_of(history[0].key), number)
    return [e._replace(key=key, record_id=f"{number:08x}{e.record_id[8:]}") for e in history]


def plain(row: dict[str, Any]) -> Fields:
    """A row of a state view as the fold's state: no nulls, instants as text."""
    state: Fields = {}
    for name, value in row.items():
        if isinstance(value, datetime):
            state[name] = value.isoformat().replace("+00:00", "Z")
        elif value is not None:
            state[name] = value
    return state


@pytest.fixture(scope="module")
def shared(make_dataset: Callable[..., Dataset]) -> Dataset:
    return make_dataset()


# Few examples of many histories each: a query over the views costs seconds in the emulator, whatever it reads. No
# shrinking: a failure names the one history it is about.
@settings(
    max_examples=4,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(drawn=_HISTORIES)
def test_state_in_sql_equals_the_fold_of_every_history(shared: Dataset, drawn: list[list[Entry]]) -> None:
    fresh = [rekeyed(history) for history in drawn]
    voided = [rekeyed([voided_range(status)]) for status in (None, 102, 563)]
    assert_states_agree(shared, [*fresh, *voided, *map(rekeyed, RARE)])


def test_state_in_sql_equals_the_fold_by_every_rule_of_every_family(shared: Dataset) -> None:
    drawn = [rekeyed(history) for history in of_every_rule()]
    folded = [fold(history).state for history in drawn]
    # Which is every state that there is.
    assert {state["status"] for state in folded} == set(statuses.STATUSES) - {statuses.UNKNOWN}
    attributes = {(a.name, value) for f in FAMILIES.values() for a in f.attributes for value in _values(a)}
    assert {(name, state.get(name)) for state in folded for name, _ in attributes} >= attributes
    assert_states_agree(shared, drawn)


def _values(attribute: Attribute) -> set[str]:
    return {value for values in (attribute.values, attribute.weaker) for value in values.values() if value}


def assert_states_agree(dataset: Dataset, drawn: list[list[Entry]]) -> None:
    applied = [a for history in drawn for a in world.applied(history)]
    dataset.write_applied(applied)
    dataset.write_applied(world.retried(applied[::2]))
    keys = {history[0].key: history for history in drawn}
    listed = ", ".join(f"'{key}'" for key in keys)
    found = dataset.query(f"SELECT * FROM state_from_records WHERE access_key IN ({listed})")
    from_records = {row.pop("access_key"): plain(row) for row in found}
    assert set(from_records) == set(keys)
    for key, history in keys.items():
        assert from_records[key] == fold(history).state, history
    state_columns = "access_key, " + ", ".join(_STATE_COLUMNS)
    for row in dataset.query(f"SELECT {state_columns} FROM document_state WHERE access_key IN ({listed})"):
        assert plain(row) == {"access_key": row["access_key"], **from_records[row["access_key"]]}
    # The same document speaks for a key by the fold and in SQL.
    assert not dataset.query(
        "SELECT state.access_key FROM document_state AS state "
        "LEFT JOIN headline_documents AS document ON document.access_key = state.access_key "
        f"WHERE state.access_key IN ({listed}) AND (document.record_id IS DISTINCT FROM state.record_id "
        "OR document.received_at IS DISTINCT FROM state.received_at "
        "OR document.issued_at IS DISTINCT FROM state.issued_at)"
    )
    # Merged, in the table itself; nothing is taken for merged, since later examples are of the same time.
    merge.merge(PROJECT_ID, dataset.name, world.RECEIVED_AT)
    found = dataset.emulated(f"SELECT {state_columns} FROM states WHERE access_key IN ({listed})")
    assert {row["access_key"] for row in found} == {key for key in keys if not key.startswith("ID")}
    for row in found:
        assert plain(row) == {"access_key": row["access_key"], **from_records[row["access_key"]]}


_STATE_COLUMNS = (
    "status", "status_at", "known_by", "protocol_number", "authorised_at", "epec_at", "corrections", "correction",
    "corrected_at", *(
        f"{attribute.name}{suffix}" for family in FAMILIES.values() for attribute in family.attributes
        for suffix in ("", "_at")
    ),
)  # fmt: skip


def test_every_part_of_a_state_is_a_column_of_both_state_views(shared: Dataset) -> None:
    for view in ("state_from_records", "document_state"):
        config = shared.client.query(f"SELECT * FROM {shared.name}.{view} LIMIT 0").result()
        assert set(_STATE_COLUMNS) <= {field.name for field in config.schema}
