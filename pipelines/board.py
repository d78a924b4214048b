"""``python -m pipelines.board``: what arrives and what is counted, as a page that follows it, for this machine alone.

python -m pipelines.board [--port 8765] [--every 2] [--lang pt] [--open] [--project P] [--dataset acervo]
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("board"))

import argparse
from collections.abc import Sequence
from typing import Any

from google.cloud import bigquery

from pipelines import extras, query
from pipelines.defaults import DEFAULT_DATASET
from pipelines.guard import guarded
from transforms.language import say, tr
from transforms.views.connect import is_emulated

PORT = 8765
# Seconds between two looks: at an emulator, and at a service that wants to be paid for each.
EVERY_LOCAL, EVERY = 2.0, 60.0


def parser() -> argparse.ArgumentParser:
    """The options of this command."""
    found = argparse.ArgumentParser(
        prog="acervo board",
        description=tr(
            "Serves a page of what arrives and what is counted, which follows it, to browsers of this machine. It asks "
            "BigQuery only while somebody looks."
        ),
    )
    found.add_argument("--port", type=int, default=PORT, help=tr("port on 127.0.0.1, 0 for any (%(default)s)"))
    found.add_argument(
        "--every", type=_seconds, help=tr("seconds between two looks (2 at the local stack, 60 at a project)")
    )
    found.add_argument("--open", action="store_true", help=tr("show it in the browser of this machine"))
    found.add_argument("--project", help=tr("project of the dataset; default: the running local stack"))
    found.add_argument("--dataset", default=DEFAULT_DATASET, help=tr("BigQuery dataset (default: %(default)s)"))
    found.add_argument("--location", help=tr("location of the dataset, where it is not found by itself"))
    return found


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.2 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(say("{text}: seconds from 0.2 to 3600", text=text))
    return seconds


class Tables:
    """The tables and views of one dataset."""

    def __init__(self, client: bigquery.Client, dataset: str, location: str | None) -> None:
        self._client, self._dataset, self._location = client, dataset, location

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """The rows of a query. Raises ``query.QueryError``."""
        return [dict(row) for row in query.run(self._client, statement, self._dataset, self._location)]


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; serves until Ctrl-C, and returns the exit status."""
    options = parser().parse_args(argv)
    extras.needed("altair", "jinja2", "vl_convert")
    from pipelines import serving
    from pipelines.watching import Watcher

    client = query.connect(options.project)
    every = options.every or (EVERY_LOCAL if is_emulated() else EVERY)
    watcher = Watcher(Tables(client, options.dataset, options.location), f"{client.project}.{options.dataset}", every)
    watcher.now()  # what cannot be asked is told here, and not to a browser
    with serving.bound(watcher, options.port) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        print(say("The board: {address}   (Ctrl-C ends it)", address=address), flush=True)
        if options.open:
            import webbrowser

            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0
