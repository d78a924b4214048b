"""The page of one key: what it is, its history as a timeline, its arrivals, its items and taxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from pipelines import legend, writing
from pipelines.pages.cells import Cell, Column, Kind, cell
from pipelines.pages.page import Figures, Table, render
from transforms import instants
from transforms.families import MODEL_NAMES
from transforms.history import fold
from transforms.language import mark, say, tr
from transforms.model import EVENT, Change
from transforms.truth.read import History, StoredRecord
from transforms.views import schema

# What an instant of a record is called, the one that it is put in order by first.
_HAPPENED = ("registered_at", "protocol_at", "occurred_at", "issued_at")
_DETAILS = ("correction", "reason", "description", "protocol_reason", "return_reason")
_ANSWERS = ("return_status", "protocol_status", "query_status")
_FACTS = (
    ("issuer_id", mark("issuer")), ("issuer_name", mark("name of the issuer")), ("issuer_uf", mark("UF of the issuer")),
    ("recipient_id", mark("recipient")), ("recipient_name", mark("name of the recipient")),
    ("recipient_uf", mark("UF of the recipient")), ("operation", mark("operation")), ("series", mark("series")),
    ("number", mark("number")), ("issued_at_text", mark("issued")), ("protocol_number", mark("protocol")),
    ("payer_id", mark("payer of the freight")), ("origin_uf", mark("from")), ("destination_uf", mark("to")),
    ("dps_id", mark("DPS")), ("service_description", mark("service")),
)  # fmt: skip
_ITEM_TITLES = {
    "number": mark("item"), "code": mark("code"), "description": mark("description"), "ncm": mark("NCM"),
    "cfop": "CFOP", "unit": mark("unit"), "quantity": mark("quantity"), "unit_value": mark("unit value"),
    "value": mark("value"), "discount": mark("discount"),
}  # fmt: skip
ARRIVALS = (
    Column("received_at", mark("received"), Kind.INSTANT),
    Column("outcome", mark("outcome"), Kind.CODE),
    Column("record", mark("record"), Kind.CODE),
    Column("run", mark("run"), Kind.CODE),
    Column("origin", mark("from")),
)


class Step(NamedTuple):
    """A record of the timeline. ``style``: document, event, or same, where it changed nothing."""

    moment: str
    what: str
    answer: str
    change: str
    detail: str
    findings: str
    record_id: str
    style: str


class Part(NamedTuple):
    """A table of the page."""

    name: str
    title: str
    note: str
    table: Table


def page(history: History) -> str:
    """The page of a history, in HTML."""
    speaking = fold.headline(record.entry for record in history.records)
    fields: Mapping[str, Any] = speaking.fields if speaking else {}
    parts = [_items(fields), _amounts(fields), _arrivals(history)]
    model = MODEL_NAMES.get(fields.get("model", ""), fields.get("model") or tr("Fiscal document"))
    return render(
        "key.html",
        title=say("{model} {number}", model=model, number=fields.get("number", "")).strip(),
        key=history.key,
        headline=list(_headline(history, fields)),
        facts=[(tr(title), str(fields[name])) for name, title in _FACTS if fields.get(name) not in (None, "")],
        steps=list(steps(history)),
        tables=[part for part in parts if part.table.rows],
        texts={
            "key": tr("Access key"),
            "history": tr("History"),
            "reading": tr(legend.READING),
            "findings": tr("findings"),
            "unchanged": tr("nothing is known of the document itself") if not fields else "",
        },
    )


def write(history: History, target: Path) -> int:
    """Writes the page to a file, and says where it is; the exit status. Raises ``writing.WritingError``."""
    with writing.opened(target, "--html") as out:
        out.write(page(history).encode())
    print(say("The page: {address}", address=target.absolute().as_uri()))
    return 0


def _headline(history: History, fields: Mapping[str, Any]) -> Iterator[Figures]:
    at = _instant(history.state.get("status_at"))
    since = say("since {moment}", moment=legend.moment(at)) if at else ""
    yield Figures("status", tr("Status"), cell(Kind.STATUS, history.state["status"]), since)
    if fields.get("total"):
        yield Figures("total", tr("Value"), cell(Kind.MONEY, Decimal(fields["total"])), "")
    yield Figures("records", tr("Records"), cell(Kind.NUMBER, len(history.records)), "")
    yield Figures("arrivals", tr("Arrivals"), cell(Kind.NUMBER, len(history.arrivals)), "")


def steps(history: History) -> Iterator[Step]:
    """Records and what was read otherwise, in the order of what happened; undated ones last."""
    found = [(record, change) for record in history.records for change in (record.change, *record.readings)]
    for record, change in sorted(found, key=lambda pair: (_happened(pair[0]) or "~", pair[1].revision)):
        yield _step(record, change)


def _step(record: StoredRecord, change: Change) -> Step:
    entry = record.entry
    at = _instant(_happened(record))
    before = change.before["status"] if change.before else None
    same = before == change.after["status"]
    return Step(
        moment=legend.moment(at) if at else tr("undated"),
        what=change.cause or f"{entry.kind} {entry.fields.get('event_name') or entry.form}",
        answer=next((legend.answer(entry.fields[name]) for name in _ANSWERS if entry.fields.get(name)), ""),
        change=legend.change(change.revision, before, change.after["status"]),
        detail=next((str(entry.fields[name]) for name in _DETAILS if entry.fields.get(name)), ""),
        findings=", ".join(entry.findings),
        record_id=entry.record_id,
        style="same" if same else "event" if entry.kind == EVENT else "document",
    )


def _happened(record: StoredRecord) -> str:
    fields = record.entry.fields
    return next((str(fields[name]) for name in _HAPPENED if fields.get(name)), "")


def _instant(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text or ""))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _table(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> Table:
    cells = [[cell(column.kind, row.get(column.name)) for column in columns] for row in rows]
    numeric = [column.kind in (Kind.NUMBER, Kind.MONEY) for column in columns]
    return Table([tr(column.title) for column in columns], cells, numeric)


def _arrivals(history: History) -> Part:
    rows = [
        {
            "received_at": instants.datetime_of(arrival.received_at),
            "outcome": arrival.outcome,
            "record": record_id[:12],
            "run": arrival.run,
            "origin": arrival.origin,
        }
        for record_id, arrival in history.arrivals
    ]
    return Part("came", tr("Arrivals"), tr("Every time that something of this key came, and from where."),
                _table(ARRIVALS, rows))  # fmt: skip


def _items(fields: Mapping[str, Any]) -> Part:
    items = [item for item in fields.get("items") or () if isinstance(item, dict)]
    described = next(column for column in schema.load("documents").columns if column.name == "items")
    columns = [
        Column(one.name, _ITEM_TITLES.get(one.name, one.name), _kind(one))
        for one in described.fields
        if any(item.get(one.name) not in (None, "") for item in items)
    ]
    rows = [{column.name: _typed(column.kind, item.get(column.name)) for column in columns} for item in items]
    return Part("items", tr("Items"), "", _table(columns, rows))


def _kind(column: schema.Column) -> Kind:
    if column.name == "description" or column.type == "RECORD":
        return Kind.TEXT
    return Kind.MONEY if "BRL" in column.description and column.name != "unit_value" else Kind.CODE


def _typed(kind: Kind, value: Any) -> Any:
    if kind is not Kind.MONEY or value in (None, ""):
        return value
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _amounts(fields: Mapping[str, Any]) -> Part:
    """Every amount of the document that is not zero: taxes, their bases, and what they are of."""
    rows = []
    for column in schema.load("documents").columns:
        value = _typed(Kind.MONEY, fields.get(column.name)) if "BRL" in column.description else None
        if value:
            title = column.description.removesuffix(".").removesuffix(", BRL")
            rows.append([Cell(title, title, "text"), Cell(column.name, column.name, "code"), cell(Kind.MONEY, value)])
    headings = [tr("amount"), tr("column"), tr("value")]
    return Part("amounts", tr("Amounts and taxes"), tr("Those that are not zero, as the document has them."),
                Table(headings, rows, [False, False, True]))  # fmt: skip
