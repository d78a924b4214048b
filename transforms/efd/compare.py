"""What a file books, held against what is known of the documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from transforms.efd.reader import Entry, Problem
from transforms.families import booking
from transforms.language import mark

# Kinds of differences: code -> what it means. Codes are stable.
UNREADABLE, REPEATED = "unreadable", "repeated"
NOT_HERE, NO_DOCUMENT, OF_OTHERS = "not_here", "no_document_here", "of_others"
ISSUED, RECEIVED, MUST_NOT = "issued_not_in_file", "received_not_in_file", "must_not_be_booked"
SIDE, SITUATION, AMOUNT = "side_differs", "cod_sit_differs", "vl_doc_differs"
KINDS = {
    UNREADABLE: mark("lines that cannot be read"),
    REPEATED: mark("documents that the file has twice"),
    NOT_HERE: mark("in the file, not here"),
    NO_DOCUMENT: mark("in the file; here only a summary or events of it, and no document"),
    OF_OTHERS: mark("in the file; here, but neither issued nor received nor paid by this company"),
    ISSUED: mark("issued in the period, not in the file"),
    RECEIVED: mark("received, of the period, not in the file: perhaps booked later, as entries go by their arrival"),
    MUST_NOT: mark("in the file, but not to be booked as it stands here"),
    SIDE: mark("IND_OPER or IND_EMIT differs"),
    SITUATION: mark("COD_SIT differs"),
    AMOUNT: mark("VL_DOC differs"),
}


class Booked(NamedTuple):
    """A row of ``sped_documents``, as far as it is compared."""

    company_id: str
    register: str
    ind_oper: str
    ind_emit: str
    partner_id: str | None
    cod_mod: str
    cod_sit: str | None
    booking: str
    ser: str
    num_doc: int | None
    access_key: str | None
    dt_doc: date | None
    vl_doc: Decimal | None
    status: str


class Difference(NamedTuple):
    """One difference. What the file says is ``_in_file``, what is known of the document ``_here``; amounts in BRL.

    ``problem``: of a line that cannot be read, the code of what is wrong; ``text``: what stands there.
    """

    kind: str
    line: int | None
    register: str
    ind_oper: str | None = None
    ind_emit: str | None = None
    cod_mod: str | None = None
    ser: str | None = None
    num_doc: int | None = None
    access_key: str | None = None
    dt_doc: date | None = None
    cod_sit_in_file: str | None = None
    cod_sit_here: str | None = None
    vl_doc_in_file: Decimal | None = None
    vl_doc_here: Decimal | None = None
    status: str | None = None
    partner_id: str | None = None
    problem: str | None = None
    text: str | None = None

    @property
    def amount(self) -> Decimal:
        """What is at stake: the difference of two values, else the value there is."""
        if self.kind == AMOUNT:
            return abs((self.vl_doc_in_file or Decimal()) - (self.vl_doc_here or Decimal()))
        return next((value for value in (self.vl_doc_in_file, self.vl_doc_here) if value is not None), Decimal())


def booked(row: Mapping[str, Any]) -> Booked:
    """A row that has at least the columns of ``Booked``."""
    return Booked(**{name: row[name] for name in Booked._fields})


def differences(entry: Entry, here: Booked) -> Iterator[Difference]:
    """What differs between a booking and its document."""
    if here.booking == booking.MUST_NOT or here.cod_sit is None:
        yield in_file(MUST_NOT, entry, here)
        return
    # Who books what an office issued for him is for his state to say.
    if here.cod_sit != booking.SPECIAL and (entry.ind_oper, entry.ind_emit) != (here.ind_oper, here.ind_emit):
        yield in_file(SIDE, entry, here)
    if entry.cod_sit is not None and entry.cod_sit not in booking.SAME_SITUATION[here.cod_sit]:
        yield in_file(SITUATION, entry, here)
    elif here.cod_sit in booking.IN_FORCE and None not in (entry.vl_doc, here.vl_doc) and entry.vl_doc != here.vl_doc:
        yield in_file(AMOUNT, entry, here)


def in_file(kind: str, entry: Entry, here: Booked | None = None, status: str | None = None) -> Difference:
    """A difference about an entry of the file."""
    return Difference(
        kind, entry.line, entry.register, entry.ind_oper, entry.ind_emit, entry.cod_mod, entry.ser, entry.num_doc,
        entry.key or None, entry.dt_doc, entry.cod_sit, here and here.cod_sit, entry.vl_doc, here and here.vl_doc,
        here.status if here else status, here and here.partner_id,
    )  # fmt: skip


def not_in_file(here: Booked, consolidated: set[str]) -> Difference | None:
    """What is to be said of a document that the file has no entry of; None: it need not have one.

    ``consolidated``: models that the file books many in a line.
    """
    if here.booking != booking.MUST:
        return None
    if here.ind_emit == "0" and here.cod_sit == booking.REGULAR and here.cod_mod in consolidated:
        return None
    return Difference(
        ISSUED if here.ind_emit == "0" else RECEIVED, None, here.register, here.ind_oper, here.ind_emit, here.cod_mod,
        here.ser, here.num_doc, here.access_key, here.dt_doc, None, here.cod_sit, None, here.vl_doc, here.status,
        here.partner_id,
    )  # fmt: skip


def unreadable(problem: Problem) -> Difference:
    """A line that cannot be read."""
    return Difference(UNREADABLE, problem.line, problem.register, problem=problem.code, text=problem.text)
