"""``make bench``: the benchmark of the backfill, at sizes that show whether anything grows with the input."""

from __future__ import annotations

from local.bench.backfill import main

if __name__ == "__main__":
    raise SystemExit(main())
