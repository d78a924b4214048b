"""How often a worker process runs the cyclic garbage collector."""

from __future__ import annotations

import gc
from functools import cache

# Allocations between two looks at the youngest objects. Python's own 700 is met once in a few documents, and each
# look that goes deep walks over all modules, messages and classes that Beam and the clients keep.
_YOUNGEST = 20_000
_OLDER = 20


@cache
def collect_seldom() -> None:
    """Makes this process's cyclic collector run seldom, and skip the objects that exist now. Takes effect once.

    Documents and records hold no cycles and are freed without it; it takes a tenth of a job's CPU otherwise.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNGEST, _OLDER, _OLDER)
