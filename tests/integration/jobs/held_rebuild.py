"""The rebuild as it is, but that it says ``held`` at one of its statements and waits there to be killed.

python -m tests.integration.jobs.held_rebuild before|after 'MERGE .*documents' <arguments of the rebuild>
"""

from __future__ import annotations

import re
import signal
import sys
from typing import Any

from pipelines import rebuild
from transforms.views import repair

run = repair._run


def hold(when: str, pattern: str) -> None:
    """``pattern``: of the first line of the statement."""

    def held(client: Any, statement: str) -> Any:
        is_it = re.search(pattern, statement.strip().partition("\n")[0])
        if is_it and when == "before":
            wait()
        rows = run(client, statement)
        if is_it:
            wait()
        return rows

    repair._run = held


def wait() -> None:
    print("held", flush=True)
    signal.pause()


if __name__ == "__main__":
    hold(*sys.argv[1:3])
    raise SystemExit(rebuild.main(sys.argv[3:]))
