"""Where both programs read and write, from their command line."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery


class Places(NamedTuple):
    """``input`` is a folder; ``table`` of Bigtable's ``instance``; ``dataset`` of BigQuery."""

    input: str
    project: str
    instance: str
    table: str
    dataset: str


def parsed(description: str | None) -> Places:
    """From ``sys.argv``."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    for name in Places._fields:
        parser.add_argument(f"--{name}", required=True)
    return Places(**vars(parser.parse_args()))


def arguments(places: Places) -> list[str]:
    """The command line for them."""
    return [word for name, value in places._asdict().items() for word in (f"--{name}", value)]


def bigquery_client(project: str) -> bigquery.Client:
    """A client of the emulator that BIGQUERY_EMULATOR_HOST names."""
    return bigquery.Client(project=project, credentials=AnonymousCredentials())
