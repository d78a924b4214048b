"""The command line of jobs that read from SQS."""

from __future__ import annotations

import argparse

from apache_beam.options.pipeline_options import PipelineOptions

from transforms.ingest.sqs.settings import QueueSource
from transforms.language import tr
from transforms.sqs.queues import check_readable, connection_for, notes_of


class SqsOptions(PipelineOptions):
    """Which queue of SQS is read. Credentials are found as AWS's clients find them."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--sqs_queue", help=tr("Queue of SQS to read, in the place of a subscription: its name, or its URL.")
        )
        add_connection(parser)


def add_connection(parser: argparse.ArgumentParser) -> None:
    """The options that say where SQS is."""
    parser.add_argument(
        "--sqs_region", default="", help=tr("Region of the queue. Default: that of its URL, or AWS_REGION.")
    )
    parser.add_argument(
        "--sqs_endpoint", default="", help=tr("URL of SQS. Default: AWS's own, or AWS_ENDPOINT_URL_SQS.")
    )


def checked(options: PipelineOptions) -> tuple[QueueSource, list[str]]:
    """The queue that the options name, which this account may read, and what people should know of it. Raises
    SqsError in a line."""
    given = options.view_as(SqsOptions)
    connection = connection_for(given.sqs_queue, given.sqs_region, given.sqs_endpoint)
    found = check_readable(connection, given.sqs_queue)
    return QueueSource(connection_for(found.url, connection.region, connection.endpoint), found.url), notes_of(found)
