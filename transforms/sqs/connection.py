"""How SQS is reached. It travels with the job, and holds nothing secret: credentials are where AWS's clients look."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from transforms.language import say, tr
from transforms.sqs.errors import SqsError

ENDPOINT = "AWS_ENDPOINT_URL_SQS"
"""The variable of the environment by which AWS's clients find a server of their protocol, such as the local stack's."""
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_HOST = re.compile(r"(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)")
_LOCAL = ("127.0.0.1", "::1", "localhost")
_CONNECTIONS = 32
_MAKING = threading.Lock()


@dataclass(frozen=True)
class Connection:
    """``region``: of AWS; where it is empty the environment has it. ``endpoint``: the URL of a server that is not
    AWS's own for that region, or empty."""

    region: str = ""
    endpoint: str = ""

    @property
    def server(self) -> str:
        """The URL of a server that somebody named; empty for AWS's own."""
        return self.endpoint or os.environ.get(ENDPOINT, "")

    def client(self, answer_seconds: float = 10.0) -> Any:
        """A client, safe for threads, that waits so long for an answer and tries once. Raises SqsError where boto3 is
        not installed, or nothing says which region."""
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import NoRegionError, ProfileNotFound
        except ImportError as error:
            raise SqsError(tr("SQS needs the extra aws: pip install 'acervo[aws]'.")) from error
        if self.server and urlsplit(self.server).scheme not in ("http", "https"):
            raise SqsError(say("{endpoint} is no address of SQS: write http://host:port.", endpoint=self.server))
        config = Config(
            connect_timeout=3,
            read_timeout=answer_seconds,
            retries={"total_max_attempts": 1},
            max_pool_connections=_CONNECTIONS,
            tcp_keepalive=True,
        )
        local = is_local(self.server)
        region = self.region or next(filter(None, map(os.environ.get, _REGIONS)), None)
        # A server on this machine asks nobody who he is, and takes no address of a region.
        own = {"aws_access_key_id": "local", "aws_secret_access_key": "local"} if local and not _credentials() else {}
        try:
            with _MAKING:  # sessions are not safe for threads
                return boto3.session.Session().client(
                    "sqs",
                    region_name=region or ("us-east-1" if local else None),
                    endpoint_url=self.server or None,
                    config=config,
                    **own,
                )
        except NoRegionError as error:
            raise SqsError(tr("which region? Give --sqs_region, the queue's URL, or set AWS_REGION.")) from error
        except (ProfileNotFound, ValueError) as error:
            raise SqsError(str(error)) from error


def region_of(url: str) -> str:
    """The region in the URL of a queue of AWS; empty for another server's."""
    found = _HOST.fullmatch(urlsplit(url).hostname or "")
    return (found[1] or found[2]) if found else ""


def is_local(endpoint: str) -> bool:
    """Whether that is a server of this machine."""
    return urlsplit(endpoint).hostname in _LOCAL


def _credentials() -> bool:
    return any(map(os.environ.get, ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE")))
