"""What a laptop needs: emulators, generated documents, the demo run, benchmarks."""

from __future__ import annotations

import sys
from types import TracebackType


def _interrupted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Ctrl-C where no command catches it, which is while it still imports: some seconds. Python's own exit status."""
    if issubclass(kind, KeyboardInterrupt):
        print("Interrupted.", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


if sys.excepthook is sys.__excepthook__:
    sys.excepthook = _interrupted
