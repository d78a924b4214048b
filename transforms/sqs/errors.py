"""What a client of SQS raises, by what can be done about it."""

from __future__ import annotations

import re
from enum import Enum
from typing import Any

from transforms.errors import AcervoError
from transforms.language import mark, say, tr

GONE_CODES = frozenset(
    {"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "AWS.SimpleQueueService.QueueDoesNotExist"}
)
INVALID_HANDLE = "ReceiptHandleIsInvalid"
_AWAY_CODES = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "KmsThrottled",
        "OverLimit",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_IDENTITY_CODES = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_IDENTITY_ERRORS = (
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "MetadataRetrievalError",
    "ProfileNotFound",
    "TokenRetrievalError",
    "SSOTokenLoadError",
    "UnauthorizedSSOTokenError",
)
_IDENTITY = mark(
    "SQS does not accept who this is. Credentials come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
    "of the workers too), from AWS's own files, or from the machine's role"
)
_RIGHTS = mark(
    "this account may not do that with the queue: to read it, it needs sqs:GetQueueUrl, sqs:GetQueueAttributes, "
    "sqs:ReceiveMessage, sqs:ChangeMessageVisibility and sqs:DeleteMessage; to write to it, sqs:SendMessage"
)


_IN_XML = re.compile(r"<Code>([A-Za-z.]{1,80})</Code>")
_SAID_IN_XML = re.compile(r"<Message>([^<]{1,1000})</Message>")


class Kind(Enum):
    """What has to happen: nothing but waiting; somebody mends credentials or rights, or makes the queue; or neither."""

    AWAY = "away"
    REFUSED = "refused"
    GONE = "gone"
    OTHER = "other"


class SqsError(AcervoError):
    """A queue cannot be used, and trying again will not help: the message says what has to be mended."""


def code_of(error: BaseException) -> str:
    """The service's code; empty where the service did not answer."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    code = str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
    # Where a server, or a proxy, answers in XML what it was asked in JSON, the client has nothing but the status.
    found = _IN_XML.search(str(error)) if code.isdigit() else None
    return found[1] if found else code


def kind_of(error: BaseException) -> Kind:
    """What an error of boto3 asks for."""
    code, name = code_of(error), type(error).__name__
    if code in GONE_CODES:
        return Kind.GONE
    if code in _AWAY_CODES or _status(error) >= 500:
        return Kind.AWAY
    if _is_identity(error) or _is_rights(code) or name == "SSLError":
        return Kind.REFUSED
    if code:
        return Kind.OTHER
    connections = {"HTTPClientError", "ConnectionError", "EndpointConnectionError", "IncompleteReadError", "OSError"}
    return Kind.AWAY if connections & {one.__name__ for one in type(error).__mro__} else Kind.OTHER


def explained(what: str, place: str, error: BaseException) -> SqsError:
    """``what`` could not be done with the queue, or the server, ``place``: in a line, with what has to be mended."""
    in_xml = _SAID_IN_XML.search(str(error))
    said = " ".join((in_xml[1] if in_xml else str(error)).split())
    kind = kind_of(error)
    if kind is Kind.GONE:
        return SqsError(
            say(
                "{what}: there is no queue {place}. Create it, or mend --sqs_queue, --sqs_region or --sqs_endpoint.",
                what=what,
                place=place,
            )
        )
    if kind is Kind.AWAY:
        return SqsError(
            say(
                "{what}: SQS does not answer about {place}. Check --sqs_endpoint, --sqs_region and the network from "
                "here. It said: {said}",
                what=what,
                place=place,
                said=said,
            )
        )
    if kind is Kind.REFUSED:
        advice = _IDENTITY if _is_identity(error) else _RIGHTS
        if type(error).__name__ == "SSLError":
            advice = mark("SQS and this side do not agree on TLS: AWS_CA_BUNDLE names an authority of your own")
        return SqsError(
            say("{what} {place}: {advice}. It said: {said}", what=what, place=place, advice=tr(advice), said=said)
        )
    return SqsError(say("{what} {place}: {said}", what=what, place=place, said=said))


def _is_identity(error: BaseException) -> bool:
    return code_of(error) in _IDENTITY_CODES or type(error).__name__ in _IDENTITY_ERRORS


def _is_rights(code: str) -> bool:
    return code.startswith(("AccessDenied", "KmsAccess", "KmsDisabled", "KmsInvalid", "KmsOptIn")) or code in (
        "AuthorizationError",
        "UnauthorizedOperation",
        "OptInRequired",
    )


def _status(error: BaseException) -> int:
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    return int(metadata.get("HTTPStatusCode") or 0)
