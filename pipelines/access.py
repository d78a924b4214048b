"""Readers of a part: who may read which company's rows, from a list. Idempotent.

python -m pipelines.access readers.csv --project <project> [--dataset acervo] [--dry_run]

    name,principal,companies,rights
    acme,group:fiscal@acme.com.br,12345678,masked
    beta,user:ana@beta.com.br,98.765.432/0001-98 11222333,full

A reader gets a dataset of its own, <dataset>_reader_<name>, with views of the rows in which a company of its is issuer
or recipient; companies are CNPJs, or roots of them, separated by spaces. With the rights ``masked`` CPFs and names are
masked and free texts left out. What the list no longer names is removed. docs/PRIVACY.md says what else has to be so.
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("access"))

import argparse
from collections.abc import Sequence
from pathlib import Path

from pipelines import discover
from pipelines.defaults import DEFAULT_DATASET
from pipelines.guard import guarded
from transforms.language import mark, say, tr
from transforms.views import access, readers

UP_TO_DATE = mark("readers: up to date")
TO_DO, DONE = mark("readers: {steps:,} to do"), mark("readers: {steps:,} done")


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 done, 2 not possible as it is."""
    given = parser().parse_args(argv)
    project = discover.project_of(given.project)
    try:
        wanted = readers.read(given.file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise readers.ReadersError(f"{given.file}: {error}") from error
    steps = access.apply(project, given.dataset, wanted, given.dry_run)
    print(say((TO_DO if given.dry_run else DONE) if steps else UP_TO_DATE, steps=len(steps)))
    for step in steps:
        text = step if given.dry_run else step.partition(" AS\n")[0]
        print("  " + text.replace("\n", "\n    "))
    return 0


def parser() -> argparse.ArgumentParser:
    """The options of this command."""
    found = argparse.ArgumentParser(
        prog="acervo access",
        description=tr(
            "Datasets of readers, each with views of the rows of some companies. What a list names no more is removed."
        ),
    )
    found.add_argument(
        "file", type=Path, help=tr("list of readers, CSV with the columns name,principal,companies,rights")
    )
    found.add_argument("--project", help=tr("Google Cloud project (default: the local stack's)"))
    found.add_argument("--dataset", default=DEFAULT_DATASET, help=tr("BigQuery dataset (default: %(default)s)"))
    found.add_argument("--dry_run", action="store_true", help=tr("print the statements and steps, and change nothing"))
    return found
