"""Who gives a client its token for OAUTHBEARER: Google's managed Kafka by itself, or a function that is named."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from transforms.kafka.errors import KafkaError
from transforms.language import say

GOOGLE = "google"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_HOUR = 3_600.0

Tokens = Callable[[str], tuple[str, float]]
"""From ``sasl.oauthbearer.config``, which is empty here, to a token and when it ends (seconds since the epoch)."""


def token_source(name: str) -> Tokens:
    """The source of that name: ``google``, or ``package.module:function``. Raises KafkaError."""
    if name in ("", GOOGLE):
        return google_token
    module, _, function = name.partition(":")
    try:
        found: Tokens = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise KafkaError(
            say(
                "--kafka_token {name!r} is neither google nor a function (package.module:function) that can be "
                "imported where the job runs: {error}",
                name=name,
                error=error,
            )
        ) from error
    return found


def google_token(_: str, credentials: Any = None) -> tuple[str, float]:
    """A token of the account that the process runs as, in the form that Google's managed service for Kafka takes: a JWT
    whose signature is the access token (its documentation, "Authenticate with OAUTHBEARER")."""
    import google.auth
    from google.auth.transport.requests import Request

    found = credentials or google.auth.default(scopes=[_SCOPE])[0]
    if not found.valid:
        found.refresh(Request())
    now = time.time()
    until = found.expiry.timestamp() if getattr(found, "expiry", None) else now + _HOUR
    header = {"typ": "JWT", "alg": "GOOG_OAUTH2_TOKEN"}
    account = getattr(found, "service_account_email", "") or getattr(found, "account", "") or "acervo"
    claims = {"exp": until, "iat": now, "scope": "kafka", "sub": account}
    parts = (json.dumps(header), json.dumps(claims), found.token)
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts), until
