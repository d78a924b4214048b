"""Texts of any tag of stored XML, for what no column holds: read from Bigtable, a row per record.

    python -m pipelines.tags ide/indPres,transp/vagao --keys K,... | --states SP --months 2503 [--issuers CNPJ]
    python -m pipelines.tags det/@nItem,det/prod/cProdANP --keys @keys.txt --out values.csv

Reads every record of the selected keys in this one process, so it is for some hundred thousand keys: what is asked of
all again and again should be a column (docs/contributing/field.md), which ``reparse`` fills in what is stored.
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("tags"))

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines import discover, query, selecting, writing
from pipelines.defaults import DEFAULT_APP_PROFILE, DEFAULT_INSTANCE, DEFAULT_TABLE
from pipelines.guard import guarded
from transforms.errors import AcervoError
from transforms.language import say, tr
from transforms.parse.codes import Unparsable
from transforms.parse.tags import Finder, finder
from transforms.truth import row_keys, rows
from transforms.truth.config import TruthConfig
from transforms.truth.read import HistoryReader
from transforms.truth.selection import Selection
from transforms.truth.tombstones import tombstone_of

FORMATS = tuple(form for form in writing.FORMATS if form != writing.PARQUET)
COLUMNS = ("access_key", "record_id", "kind", "layout")


class TagsError(AcervoError):
    """What was asked for cannot be read; the message says why and what to do."""


def parser() -> argparse.ArgumentParser:
    """The options of this command."""
    found = argparse.ArgumentParser(prog="acervo tags", description=tr("Texts of any tag of stored XML."))
    found.add_argument("tags", help=tr("paths of local names, separated by commas: ide/indPres,det/@nItem"))
    selecting.SelectionOptions._add_argparse_args(found)
    found.add_argument("--format", dest="form", choices=FORMATS, help=tr("table (default), json, jsonl or csv"))
    found.add_argument("--out", type=Path, help=tr("file for the rows; its name tells the format"))
    found.add_argument("--max_rows", type=int, default=1000, help=tr("rows of a table that are shown"))
    found.add_argument(
        "--keep_formulas", action="store_true", help=tr("leave texts that begin as formulas as they are")
    )
    found.add_argument("--project", help=tr("Google Cloud project (default: the local stack's)"))
    found.add_argument("--bigtable_instance", default=DEFAULT_INSTANCE)
    found.add_argument("--bigtable_table", default=DEFAULT_TABLE)
    found.add_argument("--bigtable_app_profile", default=DEFAULT_APP_PROFILE)
    return found


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = parser().parse_args(argv)
    tags = tuple(tag.strip() for tag in options.tags.split(",") if tag.strip())
    if not tags:
        raise TagsError(tr("name a tag, such as ide/indPres"))
    selection = selecting.selected({name: getattr(options, name) for name in selecting.NAMES})
    if selection.everything:
        raise TagsError(tr("select keys: --keys, --states, --months or --issuers. All of them are for a column."))
    form = options.form or (writing.format_of(options.out) if options.out else writing.TABLE)
    reader = HistoryReader(_config(options))
    try:
        found = values(reader, selection, finder(tags))
        query.write(options, form, (*COLUMNS, *tags), found)
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        reader.close()
    return 0


def _config(options: argparse.Namespace) -> TruthConfig:
    """Raises AcervoError where no project is known, or its stack does not answer."""
    project = discover.project_of(options.project)
    if unreachable := discover.unreachable():
        raise TagsError(unreachable)
    return TruthConfig(project, options.bigtable_instance, options.bigtable_table, options.bigtable_app_profile)


def values(reader: HistoryReader, selection: Selection, texts: Finder) -> Iterator[tuple[Any, ...]]:
    """A row for each record of the selected keys: key, record id, kind, layout, and a list of texts for each path."""
    for start, end in selection.ranges():
        for row in reader.scan_rows(start, end, (rows.STATE, rows.FIELDS, rows.XML)):
            key, cells = row_keys.key_of(row.key), rows.by_column(row.cells)
            if not row_keys.is_reserved(row.key) and not tombstone_of(cells) and selection.takes(key):
                yield from _of_row(reader, key, cells, texts)


def _of_row(reader: HistoryReader, key: str, cells: rows.Cells, texts: Finder) -> Iterator[tuple[Any, ...]]:
    stored = cells.get(rows.XML, {})
    for qualifier, value in sorted(cells.get(rows.FIELDS, {}).items()):
        entry = rows.decode_entry(reader.codec, key, qualifier, value)
        try:
            found = texts(reader.codec.decode_xml(stored[qualifier]))
        except (KeyError, Unparsable) as error:
            raise TagsError(
                say("record {record} of key {key} has no XML that can be read: {error}. Restore its row.",
                    record=entry.record_id, key=key, error=error)
            ) from error  # fmt: skip
        yield key, entry.record_id, entry.kind, entry.layout, *found
