"""Run by the Python of an installed wheel, outside the work tree: asks every command for help.

Prints, as JSON, the exit status and the help of each.
"""

from __future__ import annotations

import contextlib
import io
import json

from pipelines.command import COMMANDS, main


def helped(name: str) -> tuple[object, str]:
    shown, status = io.StringIO(), None
    with contextlib.redirect_stdout(shown):
        try:
            status = main([name, "--help"])
        except SystemExit as ended:  # argparse
            status = ended.code  # type: ignore[assignment]
    return status, shown.getvalue()


if __name__ == "__main__":
    print(json.dumps({name: helped(name) for name in COMMANDS}))
