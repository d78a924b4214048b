"""Clients of BigQuery, of the service or of an emulator.

``BIGQUERY_EMULATOR_HOST`` (REST, ``http://host:port``) and ``BIGQUERY_STORAGE_EMULATOR_HOST`` (gRPC, ``host:port``)
point both clients at an emulator, without credentials.
"""

from __future__ import annotations

import os

import grpc
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport

from transforms.errors import AcervoError
from transforms.language import say

REST_EMULATOR = "BIGQUERY_EMULATOR_HOST"
STORAGE_EMULATOR = "BIGQUERY_STORAGE_EMULATOR_HOST"


class EndpointError(AcervoError):
    """One of the two emulator variables is set and the other is not."""


def rest_client(project: str) -> bigquery.Client:
    """Client for tables, views and queries."""
    endpoint = os.environ.get(REST_EMULATOR)
    if not endpoint:
        return bigquery.Client(project=project)
    url = endpoint if "://" in endpoint else f"http://{endpoint}"
    return bigquery.Client(
        project=project, credentials=AnonymousCredentials(), client_options=ClientOptions(api_endpoint=url)
    )


def is_emulated() -> bool:
    """Whether ``rest_client`` is one of an emulator."""
    return bool(os.environ.get(REST_EMULATOR))


def storage_endpoint() -> str | None:
    """Address of the emulator's Storage Write API; None when the real service is meant.

    Raises ``EndpointError`` where half of the emulator is configured: the other half would write to the service.
    """
    rest, storage = os.environ.get(REST_EMULATOR), os.environ.get(STORAGE_EMULATOR)
    if bool(rest) != bool(storage):
        given, missing = (REST_EMULATOR, STORAGE_EMULATOR) if rest else (STORAGE_EMULATOR, REST_EMULATOR)
        raise EndpointError(
            say(
                "{given} is set and {missing} is not: set both to use an emulator, or neither.",
                given=given,
                missing=missing,
            )
        )
    return storage or None


def storage_channel(endpoint: str | None) -> grpc.Channel:
    """Channel to the Storage Write API: insecure to an emulator, else with the default credentials."""
    if endpoint:
        # As the client library has it: an answer that names many refused rows is long.
        return grpc.insecure_channel(endpoint, [("grpc.max_receive_message_length", -1)])
    return BigQueryWriteGrpcTransport().grpc_channel
