"""Rows for sections, among them texts that would do harm as markup."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pipelines.pages.cells import Column, Kind
from pipelines.pages.section import ALL_ROWS, Section

HOSTILE = (
    "<script>document.title='x'</script>",
    "</script></style></svg><img src=x onerror=alert(1)>",
    '"><a href="javascript:alert(1)">',
    "abc\u202egnp.exe",
    '=HYPERLINK("http://x","y")',
    "{{ 7 * 7 }}{% raw %}",
    "datum.value[0]' + 1",
)

_VALUES: dict[Kind, Any] = {
    Kind.NUMBER: 1234,
    Kind.MONEY: Decimal("1234.50"),
    Kind.SECONDS: 1.25,
    Kind.DAY: date(2026, 3, 9),
    Kind.MONTH: date(2026, 3, 1),
    Kind.INSTANT: datetime(2026, 3, 9, 12, 30, 5, tzinfo=UTC),
    Kind.HOUR: datetime(2026, 3, 9, 12, tzinfo=UTC),
    Kind.MODEL: "55",
    Kind.STATUS: "authorised",
    Kind.DAYS_LEFT: 30,
}


def value_of(column: Column, number: int) -> Any:
    """Something that the column may hold, another for each number."""
    if column.kind in (Kind.TEXT, Kind.CODE):
        return HOSTILE[number % len(HOSTILE)]
    value = _VALUES[column.kind]
    return value + number if column.kind in (Kind.NUMBER, Kind.MONEY) else value


def rows_of(section: Section, count: int = len(HOSTILE)) -> list[dict[str, Any]]:
    """Rows as the section's query would give them, the first of 99."""
    columns = {column.name: column for column in section.columns}
    for figure in section.figures:
        for part in vars(figure).values():
            for column in part if isinstance(part, tuple) else (part,):
                if isinstance(column, Column):
                    columns.setdefault(column.name, column)
    found = [{name: value_of(column, number) for name, column in columns.items()} for number in range(count)]
    return [row | {ALL_ROWS: 99} for row in found]
