"""Names of topics and subscriptions of Pub/Sub. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from transforms.errors import AcervoError
from transforms.language import mark, say, tr

TOPICS, SUBSCRIPTIONS = "topics", "subscriptions"
# https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
_PATH = re.compile(r"projects/[^/]+/([a-z]+)/(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}")
_RULE = mark(
    "A name has 3 to 255 characters: a letter first, then letters, digits and - . _ ~ + %; it does not begin with goog."
)
_REFUSED = {
    TOPICS: mark("{name!r} is not a topic: give projects/PROJECT/topics/NAME, or NAME and --project PROJECT."),
    SUBSCRIPTIONS: mark(
        "{name!r} is not a subscription: give projects/PROJECT/subscriptions/NAME, or NAME and --project PROJECT."
    ),
}


def full_name(collection: str, name: str, project: str | None, error: Callable[[str], AcervoError]) -> str:
    """``projects/P/<collection>/N`` of a name that is full already, or short in ``project``. Raises ``error``."""
    path = name if "/" in name else f"projects/{project or ''}/{collection}/{name}"
    matched = _PATH.fullmatch(path)
    if not matched or matched[1] != collection:
        raise error(f"{say(_REFUSED[collection], name=name)} {tr(_RULE)}")
    return path
