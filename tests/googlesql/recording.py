"""After the tests of a session: every statement that reached the emulator was GoogleSQL, and none was left out."""

from __future__ import annotations

from local.stack import PROJECT_ID
from tests.googlesql import written
from tests.googlesql.catalog import DATASET, PROJECT, Dataset
from tests.googlesql.sent import judge, missing, sent
from transforms.views import connect, sql


def check(whole: bool) -> None:
    """Raises AssertionError with the analyzer's words; ``whole``: all tests ran, so all statements must have been sent.

    Call while the emulator is up and in the environment.
    """
    client = connect.rest_client(PROJECT_ID)
    statements = list(sent(client))
    if not statements:
        return
    judged = judge(statements, Dataset().add_views(sql.views(PROJECT, DATASET)), client)
    listed = "\n\n".join(judged.refused)
    assert not judged.refused, f"the emulator answered what BigQuery would refuse:\n\n{listed}"
    lost = missing(written.literals(), judged.accepted) if whole else []
    assert not lost, "no test sends these to the emulator, so GoogleSQL never judged them:\n" + "\n".join(lost)
