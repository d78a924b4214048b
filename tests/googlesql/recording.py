"""After the tests of a session: every statement that reached an emulator was GoogleSQL, and none was left out.

A session may be several processes, each with emulators of its own. What each found is a file in the folder that the
environment names; the one that started them reads them all.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from local.stack import PROJECT_ID
from tests.googlesql import STATEMENTS, written
from tests.googlesql.catalog import Dataset
from tests.googlesql.sent import judge, missing, sent
from transforms.views import connect


def check() -> None:
    """Raises AssertionError with the analyzer's words, and notes what was accepted.

    Call while the emulator is up and in the environment.
    """
    client = connect.rest_client(PROJECT_ID)
    statements = list(sent(client))
    if not statements:
        return
    judged = judge(statements, Dataset.whole(), client)
    handle, _ = tempfile.mkstemp(suffix=".json", dir=os.environ[STATEMENTS])
    with open(handle, "w", encoding="utf-8") as file:
        json.dump(judged.accepted, file)
    listed = "\n\n".join(judged.refused)
    assert not judged.refused, f"the emulator answered what BigQuery would refuse:\n\n{listed}"


def never_sent(folder: Path) -> list[str]:
    """Statements of the sources that none of the processes sent."""
    accepted = [statement for file in folder.glob("*.json") for statement in json.loads(file.read_text("utf-8"))]
    return missing(written.literals(), accepted)
