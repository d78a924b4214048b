"""What SQL takes for the parts of a key is what Python takes for them, by Google's reference implementation."""

from __future__ import annotations

from tests.googlesql.reference import Engine
from tests.histories import key_of
from transforms import access_key
from transforms.families import FAMILY_OF_MODEL
from transforms.truth.selection import Selection
from transforms.views import key_sql

KEYS = [key_of(model, 7 + n) for n, model in enumerate(sorted(FAMILY_OF_MODEL))]
PARTS = ("uf_code", "year_month", "issuer", "series", "number", "emission_type", "place", "registration", "check_digit")


def test_parts_of_keys_of_every_kind() -> None:
    listed = ", ".join(f"'{key}'" for key in KEYS)
    parts = ", ".join(f"{key_sql.part('key', name)} AS {name}" for name in PARTS)
    rows = Engine("project-1", "dataset").query(
        f"SELECT key, {key_sql.model('key')} AS model, {key_sql.row_start('key')} AS start, {parts} "
        f"FROM UNNEST([{listed}]) AS key"
    )
    assert len(rows) == len(KEYS) > 10
    for row in rows:
        key = row.pop("key")
        split = access_key.split(key)
        assert row.pop("model") == access_key.model_of(key) == split.model
        start = row.pop("start")
        assert access_key.to_row(key).startswith(start)
        assert {name: value or "" for name, value in row.items()} == {name: getattr(split, name) for name in PARTS}


def test_a_selection_begins_as_rows_do() -> None:
    selection = Selection(states=("SP",), months=("2503",), issuers=("11222333000181",))
    (prefix,) = selection.prefixes
    rows = Engine("project-1", "dataset").query(
        f"SELECT key FROM UNNEST([{', '.join(repr(key) for key in KEYS)}]) AS key "
        f"WHERE STARTS_WITH({key_sql.row_start('key')}, '{prefix}')"
    )
    assert {row["key"] for row in rows} == {key for key in KEYS if not key.startswith("DPS")}
