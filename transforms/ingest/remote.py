"""Beam's filesystems, as the job's options have them, and Amazon S3 by them with one client a thread.

Beam makes a client of S3 for each file that it opens, which costs more than a hundred milliseconds of CPU.
Credentials are found as AWS's clients find them: in the environment, in AWS's own files, or from the role of the
machine. Beam's options say where S3 is: ``--s3_endpoint_url``, ``--s3_region_name``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO

from transforms.ingest.errors import InputError
from transforms.language import say, tr

S3 = "s3://"
SECRETS = ("s3_access_key_id", "s3_secret_access_key", "s3_session_token")
"""Options of Beam that nobody should give: options are shown to whoever may look at a job."""

_OF_THREAD = threading.local()


def filesystems() -> Any:
    """Beam's ``FileSystems``; without options where there is no job."""
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.options.pipeline_options import PipelineOptions

    if FileSystems._pipeline_options is None:
        FileSystems.set_options(PipelineOptions([]))
    return FileSystems


def open_remote(path: str) -> BinaryIO:
    """Opens a file for reading, its bytes as they are (Beam would decompress by the name)."""
    from apache_beam.io.filesystem import CompressionTypes

    if path.startswith(S3):
        stream: BinaryIO = s3().open(path, "rb")
        return stream
    stream = filesystems().open(path, compression_type=CompressionTypes.UNCOMPRESSED)
    return stream


def s3() -> Any:
    """Beam's ``S3IO`` of this thread. Raises InputError where boto3 is not installed."""
    options = filesystems()._pipeline_options
    known = getattr(_OF_THREAD, "s3", None)
    if known is None or known[0] is not options:
        try:
            import boto3  # noqa: F401
            from apache_beam.io.aws.clients.s3.boto3_client import Client
            from apache_beam.io.aws.s3io import S3IO
        except ImportError as error:
            raise InputError(tr("s3:// needs the extra aws: pip install 'acervo[aws]'.")) from error
        known = _OF_THREAD.s3 = options, S3IO(client=Client(options))
    return known[1]


def exists(path: str) -> bool:
    """Whether there is a file of that name; not where no filesystem has this scheme."""
    try:
        return bool(s3().exists(path) if path.startswith(S3) else filesystems().exists(path))
    except ValueError:
        return False


def objects(path: str) -> Iterator[tuple[str, int, datetime]]:
    """Path, size and time of change of what S3 has under a prefix, as it is listed. Raises InputError."""
    client = s3().client.client
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, prefix = path.removeprefix(S3).partition("/")
    try:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                yield f"{S3}{bucket}/{found['Key']}", found["Size"], found["LastModified"]
    except (BotoCoreError, ClientError) as error:
        raise InputError(_told(path, bucket, error)) from error


def _told(path: str, bucket: str, error: Exception) -> str:
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    if code == "NoSuchBucket":
        return say("{pattern}: there is no bucket {bucket}.", pattern=path, bucket=bucket)
    return say("{pattern} cannot be listed: {error}", pattern=path, error=" ".join(str(error).split()))
