"""Where the password comes from: Secret Manager by name, else wherever libpq itself looks on this machine."""

from __future__ import annotations

import functools
from typing import Any

from transforms.ingest.postgres.errors import PostgresError
from transforms.language import say


def password(secret: str, client: Any = None) -> str | None:
    """The password in the secret ``projects/P/secrets/S[/versions/V]`` (the latest version when none is named).

    None when no secret is named: libpq then takes PGPASSWORD, or the file that PGPASSFILE names. It is asked for at
    every new connection and kept nowhere, so a rotated password is picked up. Raises PostgresError.
    """
    if not secret:
        return None
    parts = secret.split("/")
    if len(parts) not in (4, 6) or parts[0] != "projects" or parts[2] != "secrets":
        raise PostgresError(
            say(
                "--postgres_password_secret {secret!r} is not a secret's name: write projects/PROJECT/secrets/NAME, "
                "or that with /versions/NUMBER at its end.",
                secret=secret,
            )
        )
    name = secret if len(parts) == 6 else f"{secret}/versions/latest"
    try:
        response = (client or _client()).access_secret_version(name=name, timeout=30)
    except Exception as error:
        raise PostgresError(
            say(
                "cannot read the password from Secret Manager ({name}): {error}. The account that runs the job "
                "(launcher and workers) needs the role roles/secretmanager.secretAccessor on it.",
                name=name,
                error=error,
            )
        ) from error
    return str(response.payload.data.decode("utf-8").rstrip("\r\n"))


@functools.cache
def _client() -> Any:
    from google.cloud import secretmanager

    return secretmanager.SecretManagerServiceClient()
