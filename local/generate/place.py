"""Where a story happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from local.generate.cte import Options as TransportOptions
from local.generate.cte import cte, cteos
from local.generate.document import Document, Generated
from local.generate.mdfe import mdfe
from local.generate.nf3e import nf3e
from local.generate.nfe import nfe
from local.generate.nfe_options import Options
from local.generate.rng import Rng
from local.generate.world import Party, World


@dataclass(frozen=True, slots=True)
class Place:
    """Where a story happens: who issues, and the number that is next in the series."""

    world: World
    group: str
    issuer: Party
    series: int
    number: int
    index: int

    def document(self, rng: Rng, recipient: Party | None = None, **chosen: object) -> Document:
        """The next document of the series."""
        environment = 2 if rng.chance(0.01) else 1
        if self.group in ("nfe", "nfce"):
            model = "65" if self.group == "nfce" else "55"
            options = Options(model=model, series=self.series, number=self.number, environment=environment)
            return nfe(rng, self.world, self.issuer, recipient, replace(options, **chosen))  # type: ignore[arg-type]
        transport = TransportOptions(series=self.series, number=self.number, environment=environment)
        transport = replace(transport, **chosen)  # type: ignore[arg-type]
        if self.group == "mdfe":
            return mdfe(rng, self.world, self.issuer, transport)
        build = {"cte": cte, "cteos": cteos, "nf3e": nf3e}[self.group]
        return build(rng, self.world, self.issuer, recipient, transport)

    def company(self, rng: Rng) -> Party:
        """A recipient that signs events of its own."""
        return rng.pick(self.world.buyers)

    def aside(self, n: int = 0) -> tuple[int, int]:
        """Series and number of a further document of this story, in a series kept for such."""
        return 500 + self.series, self.index * 8 + n + 1


Story = Callable[[Rng, Place], list[Generated]]


class Told(NamedTuple):
    """One kind of story: which documents it is about, how frequent it is, and its builder."""

    group: str
    weight: float
    story: Story
