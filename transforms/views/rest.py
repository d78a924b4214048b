"""Calls of BigQuery's REST API: which errors are tried again, and what the others mean for people.

Which errors are transient is BigQuery's own list (``google.cloud.bigquery.retry``): 403 and 429 for too many calls at
once, 500, 502, 503, and connections that broke. Google's general list, the default of ``Retry``, lacks the first and
502.
"""

from __future__ import annotations

import re
import textwrap
from typing import Any

from google.api_core.exceptions import Forbidden, GoogleAPICallError, GoogleAPIError, RetryError, ServerError
from google.api_core.retry import Retry
from google.cloud.bigquery.retry import DEFAULT_RETRY

from transforms.language import say

_MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)
_QUOTAS = "https://cloud.google.com/bigquery/quotas"

_RATE, _QUOTA = "rateLimitExceeded", "quotaExceeded"
_BILLING = ("billingNotEnabled", "billingTierLimitExceeded", "accountDisabled")


def retry(seconds: float) -> Retry:
    """Retries transient errors, for so many seconds in all; then raises ``RetryError`` with the last error."""
    return DEFAULT_RETRY.with_timeout(seconds)


def explain(error: GoogleAPIError, rights: str) -> str:
    """What was wrong and what to do, as one sentence or two. ``rights``: the role that the call takes, and on what."""
    cause = error.cause if isinstance(error, RetryError) else error
    message, reason = _message(cause), _reason(cause)
    code = getattr(cause, "code", None)
    if reason == _RATE or code == 429:
        return say(
            "BigQuery takes no more calls of this kind at once: {message}. Wait a minute and start this again",
            message=message,
        )
    if reason == _QUOTA:
        return say(
            "a quota of BigQuery is used up: {message}. Wait until it is renewed, or ask for more ({page})",
            message=message,
            page=_QUOTAS,
        )
    if reason in _BILLING:
        return say("the project's billing does not allow it: {message}", message=message)
    if isinstance(cause, Forbidden):
        return say("not allowed: {message}. It takes {rights}", message=message, rights=rights)
    if isinstance(cause, ServerError):
        return say(
            "BigQuery answered {code}: {message}. The fault is on BigQuery's side; start this again in a few minutes",
            code=code,
            message=message,
        )
    if isinstance(error, RetryError):
        return say(
            "BigQuery does not answer: {message}. Is it the right project, and is the network up?",
            message=message or error.message,
        )
    return message


def _message(error: Any) -> str:
    """What the service said, once: exceptions repeat it with ids around."""
    found = _first(error).get("message") or getattr(error, "message", None) or str(error or "")
    # A front end answers 502 with a page.
    text = " ".join(_MARKUP.sub(" ", str(found)).split())
    return textwrap.shorten(text, 400, placeholder=" ...").rstrip(".")


def _reason(error: Any) -> str:
    return str(_first(error).get("reason", ""))


def _first(error: Any) -> dict[str, Any]:
    details = error.errors if isinstance(error, GoogleAPICallError) else ()
    return details[0] if details and isinstance(details[0], dict) else {}
