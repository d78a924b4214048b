"""A table as BigQuery has it, beside ours: what it lacks, what cannot be mended in it, and how it is when it is mended.

Asks BigQuery nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from google.cloud import bigquery

from transforms.language import say
from transforms.views import schema
from transforms.views.schema import Column, Partitioning, Table


def incompatibilities(table: Table, found: bigquery.Table) -> list[str]:
    """What about a table that exists cannot be mended in place, one sentence each."""
    if found.table_type not in (None, "TABLE"):
        return [say("{name} is a {type}, not a table", name=table.name, type=found.table_type)]
    problems = []
    if _partitioning(found) not in (None, table.partitioning):
        problems.append(
            say("table {name} is not partitioned by {partition}", name=table.name, partition=told(table.partitioning))
        )
    present = {column.name for column in found.schema}
    required = {c.name for c in table.columns if c.name not in present and c.mode == "REQUIRED"}
    problems += [
        say("column {name} is missing, and a required column cannot be added", name=f"{table.name}.{name}")
        for name in sorted(required)
    ]
    there = table._replace(columns=_shared(table.columns, found.schema))
    return problems + schema.mismatches(there, found.schema)


def _partitioning(found: bigquery.Table) -> Partitioning | None:
    if found.range_partitioning:
        return Partitioning(found.range_partitioning.field, "NUMBER")
    by_time = found.time_partitioning
    return Partitioning(by_time.field, by_time.type_) if by_time else None


def told(partitioning: Partitioning) -> str:
    """How a table is partitioned, for people."""
    return f"{'ranges' if partitioning.by_number else partitioning.unit.lower()} of {partitioning.field}"


def missing(columns: Iterable[Column], found: Iterable[bigquery.SchemaField], path: str = "") -> Iterator[str]:
    """Names of ours that are not there; of what is missing in a record that is, with the record's: ``items.ncm``."""
    present = {field.name: field for field in found}
    for column in columns:
        if column.name not in present:
            yield path + column.name
        else:
            yield from missing(column.fields, present[column.name].fields, f"{path}{column.name}.")


def described(found: Iterable[bigquery.SchemaField], columns: Iterable[Column]) -> list[bigquery.SchemaField]:
    """The columns as they are, with our descriptions."""
    found = list(found)
    return completed(found, _shared(columns, found))


def completed(found: Iterable[bigquery.SchemaField], columns: Iterable[Column]) -> list[bigquery.SchemaField]:
    """The columns as they are, with our descriptions, and those still missing at the end, in records too."""
    ours = {column.name: column for column in columns}
    fields = []
    for field in found:
        # A copy: the client hands out what the field itself is made of.
        resource = dict(field.to_api_repr())
        column = ours.pop(field.name, None)
        if column is not None:
            resource["description"] = column.description
            if column.fields:
                resource["fields"] = [one.to_api_repr() for one in completed(field.fields, column.fields)]
        fields.append(bigquery.SchemaField.from_api_repr(resource))
    return fields + [field_of(column) for column in ours.values()]


def field_of(column: Column) -> bigquery.SchemaField:
    """A column as the client has it."""
    return bigquery.SchemaField(
        column.name,
        column.type,
        mode=column.mode,
        description=column.description,
        fields=tuple(field_of(nested) for nested in column.fields),
    )


def sql_type(column: Column) -> str:
    """The type of a column as a statement has it."""
    name = {"INTEGER": "INT64", "BOOLEAN": "BOOL"}.get(column.type, column.type)
    if column.fields:
        name = f"STRUCT<{', '.join(f'{nested.name} {sql_type(nested)}' for nested in column.fields)}>"
    return f"ARRAY<{name}>" if column.mode == "REPEATED" else name


def _shared(columns: Iterable[Column], found: Iterable[bigquery.SchemaField]) -> tuple[Column, ...]:
    """Those of ours that are there, records with those of their columns that are."""
    present = {field.name: field for field in found}
    return tuple(
        column._replace(fields=_shared(column.fields, present[column.name].fields))
        for column in columns
        if column.name in present
    )
