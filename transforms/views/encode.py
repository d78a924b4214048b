"""Rows as protobuf messages, for the Storage Write API. Pure.

The message of a table is built from its schema. Each value is checked against its column's type here, so that a bad
row is found and named before it spoils the request that it would be part of.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from transforms import instants
from transforms.views.schema import Column, Table

if TYPE_CHECKING:
    from transforms.views.wire import Wire

_FIELD = descriptor_pb2.FieldDescriptorProto
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
# What the service takes for each column type: https://cloud.google.com/bigquery/docs/supported-data-types
_WIRE_TYPE = {
    "STRING": _FIELD.TYPE_STRING,
    "JSON": _FIELD.TYPE_STRING,
    "BYTES": _FIELD.TYPE_BYTES,
    "INTEGER": _FIELD.TYPE_INT64,
    "BOOLEAN": _FIELD.TYPE_BOOL,
    "NUMERIC": _FIELD.TYPE_STRING,
    "BIGNUMERIC": _FIELD.TYPE_STRING,
    "DATE": _FIELD.TYPE_INT32,
    "TIMESTAMP": _FIELD.TYPE_INT64,
}


class RefusedRow(ValueError):
    """A row that its table cannot hold; the message names column and value."""


class RowEncoder:
    """Encodes rows of one table. ``descriptor`` is what the service needs to read them."""

    def __init__(self, table: Table) -> None:
        self.descriptor = descriptor_pb2.DescriptorProto(name="Row")
        _describe(self.descriptor, table.columns)
        file = descriptor_pb2.FileDescriptorProto(name=f"{table.name}.proto", syntax="proto2")
        file.message_type.append(self.descriptor)
        pool = descriptor_pool.DescriptorPool()
        pool.Add(file)
        self._message = message_factory.GetMessageClass(pool.FindMessageTypeByName("Row"))
        self._columns = {column.name: column for column in table.columns}
        self._converters = _converters(table.columns)
        self._required = tuple(column.name for column in table.columns if column.mode == "REQUIRED")
        self._wire = _compiled(table.columns)

    def encode(self, row: dict[str, Any]) -> bytes:
        """The row's bytes. Raises ``RefusedRow``."""
        usual = self.encode_usual(row)
        return self.encode_in_python(row) if usual is None else usual

    @property
    def is_compiled(self) -> bool:
        """Whether this machine has the compiled encoder."""
        return self._wire is not None

    def encode_usual(self, row: dict[str, Any]) -> bytes | None:
        """The same, compiled, in a quarter of the CPU; None for a row with a value of an unusual kind."""
        return self._wire.encode(row) if self._wire else None

    def encode_in_python(self, row: dict[str, Any]) -> bytes:
        """The same by protobuf's own library, for any row; what the compiled module is held to."""
        for name in self._required:
            if row.get(name) is None:
                raise RefusedRow(f"column {name} is required and the row has no value for it")
        values = _converted(row, self._converters, "")
        try:
            encoded: bytes = self._message(**values).SerializeToString()
            return encoded
        except (TypeError, ValueError) as error:
            raise RefusedRow(f"{self._misfit(values)} does not fit its table: {error}") from error

    def _misfit(self, values: dict[str, Any]) -> str:
        """The column that the message does not accept; the whole row, if no single column is to blame."""
        for name, value in values.items():
            try:
                self._message(**{name: value})
            except (TypeError, ValueError):
                return f"column {name} with {value!r:.120}"
        return "the row"

    def decode(self, encoded: bytes) -> dict[str, Any]:
        """The row of ``encode``'s bytes, to show it to people: instants are micros, absent columns are absent."""
        message = self._message()
        message.ParseFromString(encoded)
        return _decoded(message, self._columns)


Converter = Callable[[Any], Any]


def _compiled(columns: tuple[Column, ...]) -> Wire | None:
    try:
        from transforms.views.wire import Wire
    except ImportError:
        return None
    return Wire(columns, _TO_NUMBERS, _INTEGERS_AND_DECIMALS)


def _describe(message: descriptor_pb2.DescriptorProto, columns: tuple[Column, ...], path: str = "Row") -> None:
    for number, column in enumerate(columns, 1):
        repeated = column.mode == "REPEATED"
        field = message.field.add(
            name=column.name, number=number, label=_FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
        )
        if column.type == "RECORD":
            nested = message.nested_type.add(name=f"{column.name.title()}Record")
            field.type = _FIELD.TYPE_MESSAGE
            field.type_name = f"{path}.{nested.name}"
            _describe(nested, column.fields, field.type_name)
        else:
            field.type = _WIRE_TYPE[column.type]


def _converters(columns: tuple[Column, ...]) -> dict[str, Converter | None]:
    return {column.name: _converter(column) for column in columns}


def _converter(column: Column) -> Converter | None:
    """What turns a JSON value into a protobuf one, None where protobuf takes and checks it as it is."""
    if column.type == "RECORD":  # always a list, as everywhere here
        return _records(column)
    single = _SCALARS.get(column.type)
    if column.mode != "REPEATED" or single is None:
        return single
    each: Converter = single

    def repeated(values: Any) -> Any:
        return [each(value) for value in values]

    return repeated


def _records(column: Column) -> Converter:
    """Converts a list of records. Where their numbers are usual ones, as in nearly all, these are looked at together,
    and a record without other columns that need converting is taken as it is.
    """
    nested = _converters(column.fields)
    names, types = frozenset(nested), {field.name: field.type for field in column.fields if field.mode != "REPEATED"}
    numbers = {kind: frozenset(name for name in types if types[name] == kind) for kind in _USUAL_NUMBERS}
    others = {
        name for name in names if nested[name] is not None and not any(name in of_kind for of_kind in numbers.values())
    }

    def convert(value: Any) -> Any:
        return _converted(value, nested, f"{column.name}.")

    def converted(value: Any) -> Any:
        found = others.intersection(value)
        return {**value, **convert({name: value[name] for name in found})} if found else value

    def records(values: Any) -> Any:
        if all(names.issuperset(value) and None not in value.values() for value in values):
            for kind, of_kind in numbers.items():
                texts = [text for value in values for name, text in value.items() if name in of_kind]
                if not _are_usual_numbers(kind, texts):
                    break
            else:
                return list(map(converted, values))
        return list(map(convert, values))

    return records


def _are_usual_numbers(kind: str, texts: list[Any]) -> bool:
    """Whether a type of numbers holds them all: one match over all, and a comma inside one shows in their count."""
    try:
        joined = ",".join(texts)
    except TypeError:
        return False
    return not texts or (joined.count(",") == len(texts) - 1 and _USUAL_NUMBERS[kind](joined) is not None)


def _converted(row: dict[str, Any], converters: dict[str, Converter | None], path: str) -> dict[str, Any]:
    values = {}
    for name, value in row.items():
        if value is None:
            continue
        try:
            convert = converters[name]
            values[name] = value if convert is None else convert(value)
        except KeyError:
            raise RefusedRow(f"no column {path}{name}") from None
        except RefusedRow:
            raise
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise RefusedRow(f"column {path}{name} cannot hold {value!r:.120}: {error}") from error
    return values


def _decoded(message: Any, columns: dict[str, Column]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for field, value in message.ListFields():
        column = columns[field.name]
        if column.type == "RECORD":
            nested = {c.name: c for c in column.fields}
            row[field.name] = [_decoded(v, nested) for v in value]
        elif column.mode == "REPEATED":
            row[field.name] = list(value)
        elif column.type == "DATE":
            row[field.name] = date.fromordinal(value + _EPOCH_DAY).isoformat()
        else:
            row[field.name] = value
    return row


def _timestamp(value: Any) -> int:
    """Micros of an instant: RFC 3339 text (digits past the sixth are dropped, as the type has none), or micros."""
    if isinstance(value, int):
        return value
    return instants.micros_of(datetime.fromisoformat(value))


def _date(value: str) -> int:
    return date.fromisoformat(value).toordinal() - _EPOCH_DAY


def _numeric(integers: int, decimals: int) -> Converter:
    """Checks that decimal text fits, digit by digit: the type has a fixed number of places on each side."""
    usual = re.compile(rf"-?[0-9]{{1,{integers}}}(?:\.[0-9]{{1,{decimals}}})?").fullmatch

    def check(value: str) -> str:
        if usual(value):
            return value
        whole, _, fraction = value.removeprefix("-").partition(".")
        digits = whole + fraction
        if not (whole and digits.isdecimal() and digits.isascii()):
            raise ValueError("not a decimal number")
        if len(whole.lstrip("0")) > integers or len(fraction.rstrip("0")) > decimals:
            raise ValueError(f"more than {integers} digits before or {decimals} after the point")
        return value

    return check


_INTEGERS_AND_DECIMALS = {"NUMERIC": (29, 9), "BIGNUMERIC": (38, 38)}


def _usual_numbers(integers: int, decimals: int) -> Callable[[str], Any]:
    """Matches numbers with commas between them. Nothing matched is given back."""
    one = rf"-?+[0-9]{{1,{integers}}}+(?:\.[0-9]{{1,{decimals}}}+)?+"
    return re.compile(f"{one}(?:,{one})*+").fullmatch


_USUAL_NUMBERS = {kind: _usual_numbers(*digits) for kind, digits in _INTEGERS_AND_DECIMALS.items()}
_SCALARS: dict[str, Converter] = {
    "TIMESTAMP": _timestamp,
    "DATE": _date,
    **{kind: _numeric(*digits) for kind, digits in _INTEGERS_AND_DECIMALS.items()},
}
_TO_NUMBERS = {"TIMESTAMP": _timestamp, "DATE": _date}
