"""Readers of a part: who may read the rows of which companies, and the views by which. Pure.

A reader has a dataset of its own with a view of each kind of row, filtered by company, and reads that dataset and no
other. Views of a reader without the right to people's data leave out every column that is not known to have none:
what is shown masked, and what as it is, is listed here by column, so that a new column is not shown by itself.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from transforms import access_key
from transforms.errors import AcervoError
from transforms.families import FAMILIES
from transforms.language import say
from transforms.views import key_sql, schema

FULL, MASKED = "full", "masked"
COLUMNS = ("name", "principal", "companies", "rights")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PRINCIPAL = re.compile(r"(user|group|serviceAccount):[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_ROOT = re.compile(r"[0-9A-Z]{8}")
_WRITTEN = str.maketrans("", "", "./- ")
# A CNPJ, as SQL tells it from a CPF and from ids of other countries.
_IS_CNPJ = "REGEXP_CONTAINS({0}, r'^[0-9A-Z]{{12}}[0-9][0-9]$')"
_HIDDEN = "'***'"


class ReadersError(AcervoError):
    """The list of readers cannot be understood; the message says where and why."""


class Reader(NamedTuple):
    """Who reads: a name (of the dataset), principals, companies (CNPJs or roots), and whether all of a row."""

    name: str
    principals: tuple[str, ...]
    companies: tuple[str, ...]
    rights: str


class View(NamedTuple):
    """A view of a reader: its name and text."""

    name: str
    query: str


def read(text: str) -> list[Reader]:
    """Readers of a CSV with the columns ``COLUMNS``; several companies are separated by spaces. Lines of one name are
    one reader, whose principals are all that are named. Raises ReadersError.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise ReadersError(say("the first line must be: {columns}", columns=",".join(COLUMNS)))
    found: dict[str, Reader] = {}
    for row in rows:
        one = _reader(row, rows.line_num)
        known = found.setdefault(one.name, one)
        if (known.companies, known.rights) != (one.companies, one.rights):
            raise ReadersError(say("line {line}: {name} has other companies or rights above", line=rows.line_num,
                                   name=one.name))  # fmt: skip
        found[one.name] = known._replace(principals=tuple(sorted({*known.principals, *one.principals})))
    return [found[name] for name in sorted(found)]


def _reader(row: dict[str, str], line: int) -> Reader:
    if None in row or None in row.values():
        raise ReadersError(say("line {line}: it must have {number} columns", line=line, number=len(COLUMNS)))
    name, principal, rights = (row[one].strip() for one in ("name", "principal", "rights"))
    for value, form, what in ((name, _NAME, "name"), (principal, _PRINCIPAL, "principal")):
        if not form.fullmatch(value):
            raise ReadersError(say("line {line}: {value} is no {what}", line=line, value=value, what=what))
    if rights not in (FULL, MASKED):
        raise ReadersError(say("line {line}: rights are {full} or {masked}", line=line, full=FULL, masked=MASKED))
    companies = tuple(sorted({company_of(one, line) for one in row["companies"].split()}))
    if not companies:
        raise ReadersError(say("line {line}: it names no company", line=line))
    return Reader(name, (principal,), companies, rights)


def company_of(text: str, line: int) -> str:
    """A CNPJ or its root, without punctuation. Raises ReadersError."""
    found = text.translate(_WRITTEN).upper()
    if not (access_key.is_cnpj(found) or (len(found) == 8 and _ROOT.fullmatch(found))):
        raise ReadersError(say("line {line}: {value} is no CNPJ nor the root of one", line=line, value=text))
    return found


def dataset_of(dataset: str, reader: Reader) -> str:
    """Name of a reader's dataset."""
    return f"{prefix_of(dataset)}{reader.name}"


def prefix_of(dataset: str) -> str:
    """How the datasets of readers begin."""
    return f"{dataset}_reader_"


def views(project: str, dataset: str, reader: Reader) -> list[View]:
    """The views of a reader. ``dataset``: the one that is served."""
    served = f"{project}.{dataset}"
    of_company = (
        f"(SELECT access_key FROM `{served}.document_state` WHERE {_concerns(reader, ('issuer_id', 'recipient_id'))})"
    )
    wheres = {
        "document_state": _concerns(reader, ("issuer_id", "recipient_id")),
        "documents": _concerns(reader, ("issuer_id", "recipient_id")),
        "events": f"access_key IN {of_company}",
        "voided_ranges": _concerns(reader, ("issuer_id",)),
    }
    return [
        View(name, f"SELECT {_shown(name, reader)}\nFROM `{served}.{_SOURCES[name]}`\nWHERE {where}")
        for name, where in wheres.items()
    ]


_SOURCES = {
    "document_state": "document_state",
    "documents": "unique_documents",
    "events": "unique_events",
    "voided_ranges": "unique_voided_ranges",
}


def _concerns(reader: Reader, columns: Sequence[str]) -> str:
    """Condition that a row is of one of the companies."""
    wholes = [one for one in reader.companies if len(one) == 14]
    roots = [one for one in reader.companies if len(one) == 8]
    conditions = []
    for column in columns:
        if wholes:
            conditions.append(f"{column} IN ({', '.join(map(_literal, wholes))})")
        # Where a root is meant, a CPF that begins so is not.
        conditions += [f"(STARTS_WITH({column}, {_literal(one)}) AND LENGTH({column}) = 14)" for one in roots]
    return f"({' OR '.join(conditions)})"


def _literal(company: str) -> str:
    if not re.fullmatch(r"[0-9A-Z]{8}|[0-9A-Z]{14}", company):
        raise ValueError(f"{company!r} is no company")
    return f"'{company}'"


def _shown(view: str, reader: Reader) -> str:
    return "*" if reader.rights == FULL else ", ".join(_masked(view))


def _masked(view: str) -> Iterator[str]:
    """The columns that are shown to whom people's data are not: masked, or as they are."""
    if view == "document_state":
        attributes = sorted({one.name for family in FAMILIES.values() for one in family.attributes})
        names = [*_OF_STATE, *attributes, *(f"{name}_at" for name in attributes)]
    else:
        table = schema.load(view)
        plain = {column.name for column in table.columns if column.type in _PLAIN_TYPES and column.mode != "REPEATED"}
        shown = (plain | _PLAIN | set(_MASKS)) - _OF_TABLES
        names = [one.name for one in table.columns if one.name in shown]
    for name in names:
        yield f"{_MASKS[name]} AS {name}" if name in _MASKS else name


def _id(name: str) -> str:
    return f"IF({name} IS NULL OR {_IS_CNPJ.format(name)}, {name}, {_HIDDEN})"


def _name_of(name: str, owner: str) -> str:
    # The name of a one-person company ends with a CPF.
    known = f"{_IS_CNPJ.format(owner)} AND NOT REGEXP_CONTAINS({name}, r'[0-9]{{11}}')"
    return f"IF({name} IS NULL OR ({known}), {name}, {_HIDDEN})"


def _key(name: str) -> str:
    """A key whose issuer's place begins with zeros may hold a CPF there."""
    issuer = key_sql.part(name, "issuer")
    return f"IF(STARTS_WITH({issuer}, '000'), REPLACE({name}, {issuer}, '000***********'), {name})"


_IDS = (
    "issuer_id", "recipient_id", "carrier_id", "provider_id", "intermediary_id", "payer_id", "sender_id",
    "dispatcher_id", "receiver_id", "author_id", "agent_id", "signer_id",
)  # fmt: skip
_MASKS = {
    **{name: _id(name) for name in _IDS},
    **{f"{who}_name": _name_of(f"{who}_name", f"{who}_id") for who in ("issuer", "recipient", "carrier")},
    "access_key": _key("access_key"),
}
# Columns of tables that their views do not have.
_OF_TABLES = {"moved_to_month"}
_PLAIN_TYPES = ("INTEGER", "NUMERIC", "DATE", "TIMESTAMP", "BOOLEAN")
# Texts that are codes, or names of places.
_PLAIN = frozenset((
    "layout", "form", "layout_version", "model", "uf", "debit_note_type", "credit_note_type", "issuer_id_type",
    "issuer_uf", "recipient_id_type", "recipient_uf", "carrier_uf", "vehicle_uf", "service_code", "city_service_code",
    "nbs_code", "cfop", "origin_uf", "destination_uf", "payer_role", "event_type", "event_name", "organ",
    "author_id_type", "signer_id_type", "reason_code", "target_event_type", "findings",
))  # fmt: skip
_OF_STATE = (
    "access_key", "revision", "status", "status_at", "known_by", "authorised_at", "epec_at", "corrections",
    "corrected_at", "model", "uf", "environment", "day", "month", "series", "number", "issuer_id", "issuer_name",
    "recipient_id", "recipient_id_type", "recipient_name", "recipient_uf", "total", "operation_type", "purpose", "form",
    "issued_at", "received_at", "changed_at",
)  # fmt: skip
