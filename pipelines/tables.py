"""``python -m pipelines.tables``: makes everything that jobs write to, or brings it up to date. Safe to repeat.

python -m pipelines.tables --project <project> [--dataset acervo] [--location southamerica-east1] [--dry_run]
    [--backup_days 7]                       daily backups of the Bigtable tables, kept for so long
    [--external_table source_of_truth]      also a BigQuery table over the Bigtable table of records
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("tables"))

import argparse
from collections.abc import Sequence

from pipelines import discover
from pipelines.defaults import DEFAULT_APP_PROFILE, DEFAULT_DATASET, DEFAULT_INSTANCE, DEFAULT_TABLE
from pipelines.guard import guarded
from pipelines.prose import tell_error
from transforms.counting.cells import COUNT_TABLES
from transforms.language import mark, say, tr
from transforms.truth import admin, backups
from transforms.truth.config import TruthConfig
from transforms.views import catalog, external
from transforms.views.connect import is_emulated, rest_client

BIGTABLE, BIGQUERY = "bigtable", "bigquery"


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 done, 2 not possible as it is."""
    options = parser().parse_args(argv)
    project = discover.project_of(options.project)
    truth = TruthConfig(project, options.bigtable_instance, options.bigtable_table, options.bigtable_app_profile)
    if options.only != BIGQUERY:
        steps = _set_up_truth(truth, options.dry_run)
        if options.backup_days is not None:
            steps += backups.keep_backups(truth, COUNT_TABLES, options.backup_days, options.dry_run)
        _tell("Bigtable", steps, options.dry_run)
    if options.only != BIGTABLE:
        steps = _set_up_views(truth, options)
        _tell("BigQuery", steps, options.dry_run)
    return 0


def set_up(truth: TruthConfig, dataset: str) -> list[str]:
    """Makes the tables of the source of truth, the dataset, its tables and views; what was done, for people."""
    return [*_set_up_truth(truth, dry_run=False), *catalog.migrate(truth.project, dataset)]


def _set_up_truth(truth: TruthConfig, dry_run: bool) -> list[str]:
    if dry_run:
        return admin.problems(truth, COUNT_TABLES)
    return [say("create {what}", what=what) for what in admin.create_tables(truth, COUNT_TABLES)]


def _set_up_views(truth: TruthConfig, options: argparse.Namespace) -> list[str]:
    name, profile, dry_run = options.external_table, options.external_app_profile, options.dry_run
    if name and is_emulated():
        raise catalog.CatalogError(
            tr("--external_table: an emulator of BigQuery does not read Bigtable, the service does")
        )
    steps = catalog.migrate(truth.project, options.dataset, options.location, dry_run)
    if name:
        steps += external.put(rest_client(truth.project), truth, options.dataset, name, profile, dry_run)
    return steps


def parser() -> argparse.ArgumentParser:
    """The options of this command."""
    found = argparse.ArgumentParser(
        prog="acervo tables",
        description=tr(
            "Creates the Bigtable tables, the BigQuery dataset, its tables and views, or brings them up to "
            "date. Nothing is ever dropped; what would need that is refused with the reason. The Bigtable "
            "instance must exist."
        ),
    )
    found.add_argument("--project", help=tr("Google Cloud project (default: the local stack's)"))
    found.add_argument("--dataset", default=DEFAULT_DATASET, help=tr("BigQuery dataset (default: %(default)s)"))
    found.add_argument("--location", help=tr("where to create the dataset if it does not exist, such as US"))
    found.add_argument("--bigtable_instance", default=DEFAULT_INSTANCE, help=tr("default: %(default)s"))
    found.add_argument("--bigtable_table", default=DEFAULT_TABLE, help=tr("table of records (default: %(default)s)"))
    found.add_argument("--bigtable_app_profile", default=DEFAULT_APP_PROFILE, help=tr("default: %(default)s"))
    found.add_argument(
        "--backup_days",
        type=_backup_days,
        help=tr(
            "have Bigtable back up each of its tables daily and keep a backup for so many days, 3 to 90; 0 ends it "
            "(default: leave backups as they are)"
        ),
    )
    found.add_argument(
        "--external_table", help=tr("name of a BigQuery table to make over the Bigtable table of records")
    )
    found.add_argument(
        "--external_app_profile", default="", help=tr("app profile by which it reads (default: the instance's)")
    )
    found.add_argument("--only", choices=(BIGTABLE, BIGQUERY), help=tr("leave the other store alone"))
    found.add_argument("--dry_run", action="store_true", help=tr("list what would be done and change nothing"))
    return found


def _backup_days(text: str) -> int:
    days = int(text) if text.isdecimal() else -1
    if days and not backups.LEAST_DAYS <= days <= backups.MOST_DAYS:
        raise argparse.ArgumentTypeError(
            say(
                "{text}: 0, or days from {least} to {most}", text=text, least=backups.LEAST_DAYS, most=backups.MOST_DAYS
            )
        )
    return days


def _tell(store: str, steps: Sequence[str], dry_run: bool) -> None:
    if not steps:
        print(say("{store}: up to date", store=store))
        return
    told = mark("{store}: {steps:,} to do") if dry_run else mark("{store}: {steps:,} done")
    print(say(told, store=store, steps=len(steps)))
    for step in steps:
        print(f"  {step}")


def _fail(message: str) -> int:
    tell_error(message)
    return 2
