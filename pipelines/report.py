"""``python -m pipelines.report``: the state of a dataset as one page in HTML, made from its views.

python -m pipelines.report [--out report.html] [--lang pt] [--only months,dead] [--project P] [--dataset acervo]

The page stands alone: no network, no script. It is for a screen, a phone and paper.
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("report"))

import argparse
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.cloud import bigquery

from pipelines import extras, query, writing
from pipelines.defaults import DEFAULT_DATASET
from pipelines.guard import guarded
from transforms.errors import AcervoError
from transforms.language import say, tr

AT_ONCE = 4
Ask = Callable[[str], list[dict[str, Any]]]


class ReportError(AcervoError):
    """The page cannot be made so; the message says why."""


def parser() -> argparse.ArgumentParser:
    """The options of this command."""
    found = argparse.ArgumentParser(
        prog="acervo report",
        description=tr("Writes the state of a dataset as one page in HTML, which needs neither network nor script."),
    )
    found.add_argument(
        "--out", type=Path, default=Path("report.html"), metavar="FILE", help=tr("the page (%(default)s)")
    )
    found.add_argument("--only", metavar="NAMES", default="", help=tr("only these sections, such as months,dead,gaps"))
    found.add_argument("--open", action="store_true", help=tr("show it in the browser of this machine"))
    found.add_argument("--project", help=tr("project of the dataset; default: the running local stack"))
    found.add_argument("--dataset", default=DEFAULT_DATASET, help=tr("BigQuery dataset (default: %(default)s)"))
    found.add_argument("--location", help=tr("location of the dataset, where it is not found by itself"))
    return found


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = parser().parse_args(argv)
    extras.needed("altair", "jinja2", "vl_convert")
    names = chosen(options.only)
    client = query.connect(options.project)
    text = page_of(asking(client, options.dataset, options.location), f"{client.project}.{options.dataset}", names)
    with writing.opened(options.out) as out:
        out.write(text.encode())
    print(say("The page: {address}", address=options.out.absolute().as_uri()))
    if options.open:
        import webbrowser

        webbrowser.open(options.out.absolute().as_uri())
    return 0


def chosen(only: str) -> frozenset[str]:
    """The sections that are asked for, all where none is named. Raises ReportError for an unknown name."""
    from pipelines.pages.sections import SECTIONS

    known = [section.name for section in SECTIONS]
    names = frozenset(part.strip() for part in only.split(",") if part.strip())
    if unknown := sorted(names - set(known)):
        told = say(
            "--only {names}: no such section. There are {known}", names=", ".join(unknown), known=", ".join(known)
        )
        raise ReportError(told)
    return names or frozenset(known)


def asking(client: bigquery.Client, dataset: str, location: str | None = None) -> Ask:
    """Asks BigQuery, and gives rows. Raises ``query.QueryError``."""
    return lambda sql: [dict(row) for row in query.run(client, sql, dataset, location)]


def page_of(ask: Ask, place: str, names: frozenset[str]) -> str:
    """The page of the named sections, in HTML. ``place`` says of what it is."""
    from pipelines.pages import draw, page
    from pipelines.pages.section import statement
    from pipelines.pages.sections import GROUPS, HEADLINE, SECTIONS

    at = datetime.now(UTC)
    wanted = [section for section in SECTIONS if section.name in names]
    statements = [statement(sql) for sql in (HEADLINE, *(section.sql for section in wanted))]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        [top], *answers = pool.map(ask, statements)
    rows: Mapping[str, list[dict[str, Any]]] = dict(zip((section.name for section in wanted), answers, strict=True))
    widths = (draw.WIDE, draw.HALF, draw.NARROW)
    groups = [
        (group, [page.answered(one, rows[one.name], draw.svg, widths) for one in group.sections if one.name in rows])
        for group in GROUPS
    ]
    return page.report(place, at, page.headline(top), groups)
