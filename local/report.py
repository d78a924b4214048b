"""``python -m local.report`` (``make report``): the report of the local stack as a page, under ``out/``.

A running stack (``make stack``) is asked as it is; where none is up, or it is empty, the demo archive is loaded first.
Other options go to ``pipelines.report``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack

# Set before gRPC is loaded, which reads it once.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from local import run
from local.demo import FOLDER
from local.session import emulators, quieten
from local.steps import Steps
from local.stores import bigtable_rows
from pipelines import defaults, report
from pipelines.screen import console
from transforms import language
from transforms.truth.config import TruthConfig

PAGE = FOLDER / "report.html"


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 when the page is written."""
    with language.speaking(sys.argv[1:] if argv is None else argv) as rest, ExitStack() as cleanup:
        return fill(cleanup) or report.main(["--out", str(PAGE), *rest])


def fill(cleanup: ExitStack) -> int:
    """A stack with something in it, until ``cleanup``: the demo archive where there is nothing. The exit status."""
    quieten(verbose=False)
    cleanup.enter_context(emulators(Steps(console(sys.stderr))))
    return 0 if filled() else run.main([])


def filled() -> bool:
    """Whether the stack holds anything. A table that is not there yet holds nothing."""
    from google.api_core.exceptions import GoogleAPICallError
    from grpc import RpcError

    truth = TruthConfig(os.environ["GOOGLE_CLOUD_PROJECT"], defaults.DEFAULT_INSTANCE, defaults.DEFAULT_TABLE)
    try:
        return bigtable_rows(truth) > 0
    except (GoogleAPICallError, RpcError):
        return False


if __name__ == "__main__":
    sys.exit(main())
