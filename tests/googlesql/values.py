"""Rows of tables as the library's values, and its values as what BigQuery's client gives. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from zetasql import types
from zetasql.types import TypeKind
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2
from zetasql.wasi._pb2.zetasql.public import value_pb2

Value, TableData = value_pb2.ValueProto, local_service_pb2.TableData
_EPOCH, _EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC), date(1970, 1, 1).toordinal()
# Fixed-point numbers travel as little-endian integers of the least places.
_PLACES = {TypeKind.TYPE_NUMERIC: 9, TypeKind.TYPE_BIGNUMERIC: 38}
_EXACT = Context(prec=100)
_PLAIN = {
    TypeKind.TYPE_INT64: "int64_value", TypeKind.TYPE_BOOL: "bool_value", TypeKind.TYPE_DOUBLE: "double_value",
    TypeKind.TYPE_STRING: "string_value", TypeKind.TYPE_BYTES: "bytes_value", TypeKind.TYPE_JSON: "json_value",
}  # fmt: skip
Columns = Sequence[tuple[str, types.Type]]


def table_data(columns: Columns, rows: Iterable[dict[str, Any]]) -> TableData:
    """Rows as the sink has them: instants in micros, dates in ISO 8601, amounts and JSON as text."""
    data = TableData()
    for row in rows:
        data.row.add().cell.extend(_value(type_, row.get(name)) for name, type_ in columns)
    return data


def _value(type_: types.Type, value: Any) -> Value:
    kind, made = TypeKind(type_.type_kind), Value()
    if kind == TypeKind.TYPE_ARRAY:
        # BigQuery stores no NULL in a repeated column.
        made.array_value.SetInParent()
        made.array_value.element.extend(_value(type_.array_type.element_type, one) for one in value or ())
    elif value is None:
        return made
    elif kind == TypeKind.TYPE_STRUCT:
        made.struct_value.field.extend(
            _value(field.field_type, value.get(field.field_name)) for field in type_.struct_type.field
        )
    elif kind in _PLACES:
        scaled = int(Decimal(value).scaleb(_PLACES[kind], _EXACT))
        made_bytes = scaled.to_bytes(scaled.bit_length() // 8 + 1, "little", signed=True)
        setattr(made, "numeric_value" if kind == TypeKind.TYPE_NUMERIC else "bignumeric_value", made_bytes)
    elif kind == TypeKind.TYPE_TIMESTAMP:
        made.timestamp_value.FromMicroseconds(value)
    elif kind == TypeKind.TYPE_DATE:
        made.date_value = date.fromisoformat(value).toordinal() - _EPOCH_DAY
    else:
        setattr(made, _PLAIN[kind], value)
    return made


def plain(type_: types.Type, value: Value) -> Any:
    """A value as BigQuery's client has it; NULL is None, and an array that is NULL is empty, as in BigQuery."""
    kind, which = TypeKind(type_.type_kind), value.WhichOneof("value")
    if kind == TypeKind.TYPE_ARRAY:
        return [plain(type_.array_type.element_type, one) for one in value.array_value.element]
    if which is None:
        return None
    if kind == TypeKind.TYPE_STRUCT:
        fields = zip(type_.struct_type.field, value.struct_value.field, strict=True)
        return {field.field_name: plain(field.field_type, one) for field, one in fields}
    if kind in _PLACES:
        scaled = int.from_bytes(getattr(value, which), "little", signed=True)
        return Decimal(scaled).scaleb(-_PLACES[kind], _EXACT)
    if kind == TypeKind.TYPE_TIMESTAMP:
        return _EPOCH + timedelta(microseconds=value.timestamp_value.ToMicroseconds())
    if kind == TypeKind.TYPE_DATE:
        return date.fromordinal(value.date_value + _EPOCH_DAY)
    found = getattr(value, _PLAIN[kind])
    return json.loads(found) if kind == TypeKind.TYPE_JSON else found
