"""The options that every job shares."""

from __future__ import annotations

import argparse

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.defaults import (
    DEFAULT_APP_PROFILE,
    DEFAULT_DATASET,
    DEFAULT_INSTANCE,
    DEFAULT_TABLE,
    MAX_INPUT_BYTES,
)
from transforms.language import tr
from transforms.parse.ways import SAX, WAYS


class StoreOptions(PipelineOptions):
    """Where the source of truth and the tables are."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--bigtable_instance",
            default=DEFAULT_INSTANCE,
            help=tr("Bigtable instance that holds the source of truth."),
        )
        parser.add_argument(
            "--bigtable_table",
            default=DEFAULT_TABLE,
            help=tr(
                "Bigtable table of records; its dead letters, counts and change log are in tables of the same name "
                "with _dead_letters, _counts and _count_log behind it."
            ),
        )
        parser.add_argument(
            "--bigtable_app_profile",
            default=DEFAULT_APP_PROFILE,
            help=tr("Bigtable app profile. It must route to a single cluster and allow single-row transactions."),
        )
        parser.add_argument("--dataset", default=DEFAULT_DATASET, help=tr("BigQuery dataset of the tables and views."))


class IngestOptions(PipelineOptions):
    """How documents are read, whatever they come from."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--run",
            help=tr(
                "Name of the unit of retry. The same run finds its own records and finishes what it began; another "
                "run finds duplicates. Default: derived from the input."
            ),
        )
        parser.add_argument(
            "--strict",
            action="store_true",
            help=tr("Turn every finding into a dead letter instead of keeping the record."),
        )
        parser.add_argument(
            "--fallback_encoding",
            choices=("windows-1252", "iso-8859-1"),
            help=tr("Encoding of documents that say UTF-8, or nothing, and are not. Without it they are dead letters."),
        )
        parser.add_argument(
            "--parser",
            choices=WAYS,
            default=SAX,
            help=tr(
                "How documents are read: sax, which is compiled, or tree, which is slower and Python alone. "
                "Both read the same."
            ),
        )
        parser.add_argument(
            "--max_input_bytes",
            type=int,
            default=MAX_INPUT_BYTES,
            help=tr("Largest document accepted, in bytes; larger ones are dead letters."),
        )
        parser.add_argument(
            "--max_in_flight",
            type=int,
            default=512,
            help=tr("Records being applied to Bigtable at once in a worker process."),
        )


class SummaryOptions(PipelineOptions):
    """What is told at the end."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--summary",
            default="",
            help=tr(
                "File for the summary of the end, as JSON; - for standard output, where the text goes to stderr then."
            ),
        )
