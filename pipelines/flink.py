"""Options of Flink that a job here is likely to be given, and what a stream on Flink needs.

Flink's runner has some fifty more: its job server knows them, and they are passed on as they are given.
"""

from __future__ import annotations

import argparse

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from transforms.language import tr

CHECKPOINTS_MILLIS = 3_000
BUNDLE_MILLIS = 100


class FlinkOptions(PipelineOptions):
    """Flink: the runner is FlinkRunner, or PortableRunner with a job server of Flink."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--checkpointing_interval",
            type=int,
            help=tr(
                "Milliseconds from checkpoint to checkpoint. Messages of a stream are acknowledged at checkpoints, so a "
                "stream has them in any case: every 3000."
            ),
        )
        parser.add_argument(
            "--max_bundle_time_mills",
            type=int,
            help=tr(
                "Longest bundle, in milliseconds: how long a message may wait for others that are written with it. "
                "Default of a stream: 100, of the rest Flink's."
            ),
        )
        parser.add_argument("--max_bundle_size", type=int, help=tr("Most elements of a bundle. Default: Flink's."))
        parser.add_argument(
            "--savepoint_path",
            help=tr("Savepoint that the job begins with. A stream needs none: its place is in its queue."),
        )


def is_flink(options: PipelineOptions) -> bool:
    """Whether the job runs on Flink, or on a job server, which may be one of Flink."""
    runner = (options.view_as(StandardOptions).runner or "").rpartition(".")[2].lower()
    return runner in ("flink", "flinkrunner", "portable", "portablerunner")


def settle_stream(options: PipelineOptions) -> None:
    """Gives a stream on Flink the settings that it cannot do without, where none were given.

    Without checkpoints nothing is ever acknowledged. Bundles end after a second otherwise, and with them what is
    written to BigQuery.
    """
    if is_flink(options):
        given = options.view_as(FlinkOptions)
        if given.checkpointing_interval is None:
            given.checkpointing_interval = CHECKPOINTS_MILLIS
        if given.max_bundle_time_mills is None:
            given.max_bundle_time_mills = BUNDLE_MILLIS
