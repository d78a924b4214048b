"""Where the password comes from: Secret Manager by name, else wherever libpq itself looks on this machine."""

from __future__ import annotations

from typing import Any

from transforms.ingest.postgres.errors import PostgresError
from transforms.secret import secret_of


def password(secret: str, client: Any = None) -> str | None:
    """The password in the secret of that name. None when no secret is named: libpq then takes PGPASSWORD, or the file
    that PGPASSFILE names. It is asked for at every new connection. Raises PostgresError."""
    return secret_of(secret, "--postgres_password_secret", PostgresError, client)
