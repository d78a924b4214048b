"""What a caller may fix about an NF-e."""

from __future__ import annotations

from dataclasses import dataclass

from local.generate.instants import Instant


@dataclass(frozen=True)
class Options:
    """What a caller may fix about an NF-e; what is left None is drawn."""

    model: str = "55"
    version: str = "4.00"
    series: int = 1
    number: int | None = None
    issued: Instant | None = None
    items: int | None = None
    status: int = 100
    environment: int = 1
    emission_type: int = 1
    signed: bool = True
    referenced: tuple[str, ...] = ()
