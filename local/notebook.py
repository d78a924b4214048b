"""``python -m local.notebook`` (``make notebook``): runs the notebook of docs on the local stack and keeps its output.

Text is kept as cells print it, plots as small pictures. What the stack holds is asked, the demo where it is empty.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

import nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from local import report
from local.session import RunError
from pipelines.guard import guarded
from transforms.language import say

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "analyst.ipynb"
CELL_SECONDS = 300
PLOT = "a plot"
MOST_BYTES = 400_000


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 when every cell ran."""
    with ExitStack() as cleanup:
        if status := report.fill(cleanup):
            return status
        text = f"{nbformat.writes(executed(NOTEBOOK))}\n".encode()
        if len(text) > MOST_BYTES:
            raise RunError(say("{file} has {size:,} bytes, which is too much", file=NOTEBOOK.name, size=len(text)))
        NOTEBOOK.write_bytes(text)
        print(say("{file}: {size:,} bytes", file=NOTEBOOK, size=len(text)))
    return 0


def executed(path: Path) -> Any:
    """A notebook after all its cells ran, without what differs from run to run. Raises RunError where one fails."""
    found = nbformat.read(path, as_version=4)
    # Over sockets of this user, not over ports.
    kernel = AsyncKernelManager(kernel_name="python3", transport="ipc")
    client = NotebookClient(found, kernel, timeout=CELL_SECONDS, resources={"metadata": {"path": str(ROOT)}})
    try:
        client.execute()
    except CellExecutionError as error:
        raise RunError(str(error)) from error
    found.metadata.pop("language_info", None)
    for cell in found.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            if "image/svg+xml" in output.get("data", {}):
                output.data["text/plain"] = PLOT  # else the whole of its data
    return found


if __name__ == "__main__":
    sys.exit(main())
