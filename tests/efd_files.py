"""A small writer of EFD ICMS/IPI files for tests, by rows of ``sped_documents``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from transforms.efd import layout
from transforms.families import booking

NAMES = {name: {number: field for field, number in one.fields.items()} for name, one in layout.REGISTERS.items()}


def opening(company_id: str, first: date, last: date) -> str:
    return f"|0000|019|0|{_day(first)}|{_day(last)}|EMPRESA DE AÇO LTDA|{company_id}||SP|1|3550308|||A|1|"


def line_of(row: Mapping[str, Any]) -> str:
    """The line that books a row; what is cancelled, denied or voided has no date and no value."""
    name = row["register"]
    kept = row["cod_sit"] in (None, "01", *booking.IN_FORCE)
    texts = {
        "ind_oper": row["ind_oper"],
        "ind_emit": row["ind_emit"],
        "cod_mod": row["cod_mod"],
        "cod_sit": row["cod_sit"] or booking.REGULAR,
        "ser": row["ser"],
        "num_doc": str(row["num_doc"]),
        "key": row["access_key"] or "",
        "dt_doc": _day(row["dt_doc"]) if kept else "",
        "vl_doc": _amount(row["vl_doc"]) if kept else "",
    }
    fields = [
        texts.get(NAMES[name].get(number, ""), "") for number in range(2, max(layout.REGISTERS[name].least, 30) + 1)
    ]
    return f"|{name}|{'|'.join(fields)}|"


def file_of(first_line: str, lines: Iterable[str], *, end: str = "\r\n", signature: bytes = b"") -> bytes:
    """A whole file: the lines between opening and closing, and a signature behind."""
    body = [first_line, "|0001|0|", "|C001|0|", *lines, "|C990|2|"]
    body.append(f"|9999|{len(body) + 1}|")
    return end.join([*body, ""]).encode("iso-8859-1") + signature


def _day(day: date | None) -> str:
    return day.strftime("%d%m%Y") if day else ""


def _amount(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.2f}".replace(".", ",")
