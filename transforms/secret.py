"""Secrets by name: what a job carries is the name, and whoever needs the secret asks Secret Manager for it."""

from __future__ import annotations

import functools
from typing import Any

from transforms.errors import AcervoError
from transforms.language import say


def secret_of(name: str, option: str, error_type: type[AcervoError], client: Any = None) -> str | None:
    """The text of the secret ``projects/P/secrets/S[/versions/V]`` (the latest version when none is named).

    None when no secret is named. It is kept nowhere, so one that was rotated is picked up. ``option`` named it. Raises
    ``error_type``.
    """
    if not name:
        return None
    parts = name.split("/")
    if len(parts) not in (4, 6) or parts[0] != "projects" or parts[2] != "secrets":
        raise error_type(
            say(
                "{option} {secret!r} is not a secret's name: write projects/PROJECT/secrets/NAME, or that with "
                "/versions/NUMBER at its end.",
                option=option,
                secret=name,
            )
        )
    full = name if len(parts) == 6 else f"{name}/versions/latest"
    try:
        response = (client or _client()).access_secret_version(name=full, timeout=30)
    except Exception as error:
        raise error_type(
            say(
                "cannot read the password from Secret Manager ({name}): {error}. The account that runs the job "
                "(launcher and workers) needs the role roles/secretmanager.secretAccessor on it.",
                name=full,
                error=error,
            )
        ) from error
    return str(response.payload.data.decode("utf-8").rstrip("\r\n"))


@functools.cache
def _client() -> Any:
    from google.cloud import secretmanager

    return secretmanager.SecretManagerServiceClient()
