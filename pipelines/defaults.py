"""Names that jobs and commands share. Does not import Beam, which takes longer than most commands."""

from __future__ import annotations

DEFAULT_INSTANCE = "acervo"
DEFAULT_TABLE = "acervo"
DEFAULT_DATASET = "acervo"
DEFAULT_APP_PROFILE = "default"
MAX_INPUT_BYTES = 10_000_000
