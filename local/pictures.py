"""``python -m local.pictures`` (``make pictures``): the pictures of README, of pages of the local stack in Chromium.

They are made of what the stack holds, the demo where nothing else was loaded; see ``local.report``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, NamedTuple

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from local import chromium, report
from local.session import RunError
from local.stores import Tables
from pipelines import defaults, lookup, query
from pipelines import report as reporting
from pipelines.guard import guarded
from transforms.language import say, tr

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
MOST_BYTES = 200_000


class Picture(NamedTuple):
    """Of a page what begins at ``place``, a CSS selector: file name, size in CSS pixels, by day or by night."""

    page: str
    place: str
    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"]


PICTURES = (
    Picture("report", "body", "report.png", 1000, 1000, "light"),
    Picture("report", "#models", "models.png", 1000, 1010, "dark"),
    Picture("key", "body", "key.png", 1000, 900, "light"),
)


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 when the pictures are written."""
    if chromium.found() is None:
        raise RunError(tr(chromium.MISSING))
    with ExitStack() as cleanup:
        if status := report.fill(cleanup):
            return status
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
        client = query.connect(None)
        places = ["--project", client.project]
        key = Tables(client, defaults.DEFAULT_DATASET).telling_key()
        status = reporting.main([*places, "--out", str(folder / "report.html")])
        return status or lookup.main([*places, str(key), "--html", str(folder / "key.html")]) or taken(folder)


def taken(folder: Path) -> int:
    """Takes the pictures of the pages in a folder; the exit status."""
    FOLDER.mkdir(exist_ok=True)
    with chromium.opened() as browser:
        for one in PICTURES:
            page = browser.new_page(
                viewport={"width": one.width, "height": one.height}, color_scheme=one.scheme, offline=True
            )
            page.goto((folder / f"{one.page}.html").as_uri())
            page.evaluate(f"document.querySelector('{one.place}').scrollIntoView({{behavior: 'instant'}})")
            size = len(page.screenshot(path=FOLDER / one.name))
            if size > MOST_BYTES:
                raise RunError(say("{file} has {size:,} bytes, which is too much", file=one.name, size=size))
            print(say("{file}: {size:,} bytes", file=FOLDER / one.name, size=size))
    return 0


if __name__ == "__main__":
    sys.exit(main())
