"""Run by the Python of an installed wheel, outside the work tree: asks each job for help, then launches it.

    python launch_all.py <file of launches: JSON, [[launch file, arguments], ...]>

Prints, as JSON, where the project was imported from and how each job ended.
"""

from __future__ import annotations

import contextlib
import io
import json
import runpy
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Launch files run as ``__main__``, which is how the launcher starts them."""
    found: dict[str, dict[str, object]] = {}
    for file, arguments in json.loads(Path(sys.argv[1]).read_text()):
        job = Path(file).stem
        sys.argv = [file, *arguments]
        # First, so that the job imports as it does alone.
        launched = _status(lambda file=file: runpy.run_path(file, run_name="__main__"))
        module, shown = import_module(f"pipelines.{job}"), io.StringIO()
        with contextlib.redirect_stdout(shown):
            helped = _status(lambda module=module: module.main(["--help"]))
        found[job] = {"from": module.__file__, "launched": launched, "helped": helped, "help": shown.getvalue()}
    print(json.dumps(found))


def _status(do: Callable[[], object]) -> object:
    try:
        returned = do()
    except SystemExit as ended:
        return ended.code or 0
    return returned if isinstance(returned, int) else "did not exit"


if __name__ == "__main__":
    main()
