"""How a comparison with a file of SPED is told on a screen."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from rich.padding import Padding

from pipelines import screen
from transforms import language
from transforms.efd import compare
from transforms.efd.compare import Difference
from transforms.efd.reader import PROBLEMS, Reader
from transforms.language import mark, say, tr

_OPENING = mark(
    "EFD ICMS/IPI of {name} ({company}), {first} to {last}: {lines:,} lines, {entries:,} documents{registers}."
)
_PAPERS = mark("Not compared, as no XML tells of them: {number:,} documents of models {models}.")
_CONSOLIDATED = mark(
    "Not compared, as the file books them many in a line: {number:,} documents here of models {models}."
)
_NONE = mark("No differences to the {here:,} documents here of the period.")
_SOME = mark("{number:,} differences to the {here:,} documents here of the period:")


class _Compared(Protocol):
    looked_at: int

    @property
    def consolidated(self) -> Mapping[str, int]: ...


class _Tally(Protocol):
    @property
    def counts(self) -> Mapping[str, int]: ...
    @property
    def amounts(self) -> Mapping[str, Decimal]: ...
    @property
    def examples(self) -> Mapping[str, list[Difference]]: ...


def show(reader: Reader, compared: _Compared, tally: _Tally, out: Path | None) -> None:
    """Prints the file, the differences by kind with what is at stake, and some of each."""
    console = screen.console(sys.stdout)
    console.print("\n".join(_heading(reader, compared)), markup=False)
    total = sum(tally.counts.values())
    if not total:
        console.print(say(_NONE, here=compared.looked_at))
        return
    table = screen.plain_table("", ("", "left"), ("", "right"), ("", "right"), ("", "left"))
    for kind, text in compare.KINDS.items():
        if number := tally.counts.get(kind, 0):
            amount = tally.amounts[kind]
            table.add_row(kind, language.number(number), language.money(amount) if amount else "", tr(text))
    console.print(say(_SOME, number=total, here=compared.looked_at), Padding(table, (0, 0, 0, 2)), sep="\n")
    for kind in compare.KINDS:
        for one in tally.examples.get(kind, ()):
            console.print(_printable(f"  {kind}: {_told(one)}"), markup=False, soft_wrap=True)
    console.print(
        say("All of them: {file}", file=out) if out else tr("--out FILE writes all of them, as .csv, .json or .jsonl."),
        markup=False,
    )


def _heading(reader: Reader, compared: _Compared) -> Iterator[str]:
    opening, entries = reader.opening, reader.entries
    registers = ", ".join(f"{name} {language.number(number)}" for name, number in sorted(entries.items()))
    yield say(
        _OPENING,
        name=_printable(opening.name),
        company=opening.company_id,
        first=language.day(opening.first_day),
        last=language.day(opening.last_day),
        lines=reader.lines,
        entries=entries.total(),
        registers=f" ({registers})" if registers else "",
    )
    for text, numbers in ((_PAPERS, reader.papers), (_CONSOLIDATED, compared.consolidated)):
        if numbers:
            yield say(text, number=sum(numbers.values()), models=", ".join(sorted(numbers)))


def _told(one: Difference) -> str:
    """One difference in a line: where it stands, which document, and what the two say."""
    if one.problem is not None:
        what = say(PROBLEMS[one.problem], text=repr(one.text))
        return say("line {line:,} {register}: {what}", line=one.line or 0, register=one.register, what=what)
    parts = [say("line {line:,}", line=one.line)] if one.line else []
    parts.append(one.register)
    parts.append(one.access_key or f"{one.cod_mod}/{one.ser}/{one.num_doc}")
    if one.dt_doc:
        parts.append(language.day(one.dt_doc))
    if one.kind == compare.SIDE:
        parts.append(f"IND_OPER {one.ind_oper}, IND_EMIT {one.ind_emit}")
    elif one.kind == compare.SITUATION:
        parts.append(say("COD_SIT {file} in the file, {here} here", file=one.cod_sit_in_file, here=one.cod_sit_here))
    elif one.kind == compare.AMOUNT and one.vl_doc_in_file is not None and one.vl_doc_here is not None:
        file, here = language.money(one.vl_doc_in_file), language.money(one.vl_doc_here)
        parts.append(say("{file} in the file, {here} here", file=file, here=here))
    elif one.amount:
        parts.append(language.money(one.amount))
    if one.status:
        parts.append(one.status)
    return "  ".join(parts)


def _printable(text: str) -> str:
    """A text without what a terminal would obey, since files say what they like."""
    return "".join(character if character.isprintable() else "?" for character in text)
