"""Secret Manager's own client against a stand-in that speaks its protocol: there is no emulator."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.cloud import secretmanager
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceGrpcTransport

from transforms.ingest.postgres.errors import PostgresError
from transforms.ingest.postgres.password import password

SECRETS = {"projects/p/secrets/s/versions/latest": b"newest\n", "projects/p/secrets/s/versions/3": "öld".encode()}


def _access(request: Any, context: grpc.ServicerContext) -> Any:
    if request.name not in SECRETS:
        context.abort(grpc.StatusCode.PERMISSION_DENIED, f"no access to {request.name}")
    return secretmanager.AccessSecretVersionResponse(name=request.name, payload={"data": SECRETS[request.name]})


@pytest.fixture
def client() -> Iterator[secretmanager.SecretManagerServiceClient]:
    handler = grpc.unary_unary_rpc_method_handler(
        _access,
        request_deserializer=secretmanager.AccessSecretVersionRequest.deserialize,
        response_serializer=secretmanager.AccessSecretVersionResponse.serialize,
    )
    server = grpc.server(ThreadPoolExecutor(1))
    service = "google.cloud.secretmanager.v1.SecretManagerService"
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {"AccessSecretVersion": handler})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield secretmanager.SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=channel))
    server.stop(None)


def test_the_newest_version_unless_one_is_named(client: secretmanager.SecretManagerServiceClient) -> None:
    assert password("projects/p/secrets/s", client) == "newest"
    assert password("projects/p/secrets/s/versions/3", client) == "öld"


def test_no_access_says_which_role_is_missing(client: secretmanager.SecretManagerServiceClient) -> None:
    with pytest.raises(PostgresError, match="projects/q/secrets/s/versions/latest.*roles/secretmanager.secretAccessor"):
        password("projects/q/secrets/s", client)


@pytest.mark.parametrize("name", ["my-secret", "projects/p/secret/s", "secrets/p/projects/s", "projects/p/secrets/s/3"])
def test_what_is_no_secrets_name(name: str) -> None:
    with pytest.raises(PostgresError, match="projects/PROJECT/secrets/NAME"):
        password(name)


def test_without_a_name_libpq_looks_for_itself() -> None:
    assert password("") is None
