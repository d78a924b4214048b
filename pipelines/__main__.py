"""``python -m pipelines`` is ``acervo``."""

from __future__ import annotations

from pipelines.command import main

raise SystemExit(main())
