"""Seeded generator of valid fiscal documents: the demo, the tests, the benchmarks and the dictionary use it.

The same seed gives the same bytes on every machine. ``documents`` is the stream, ``histories`` the same by access
key and in shards. Single documents for tests come from the builders in the modules: ``nfe.nfe``, ``cte.cte``,
``cte.cteos``, ``mdfe.mdfe``, ``nf3e.nf3e``, ``events.*``, ``transport_events.*``, ``others.*``, ``containers.*``,
``variants.*``, ``broken.broken``.
"""

from local.generate.document import CONTAINER, DEAD, Document, Generated
from local.generate.rng import Rng
from local.generate.stories import STORIES
from local.generate.stream import documents, histories, leaves
from local.generate.totals import Totals
from local.generate.world import World, world_of

__all__ = [
    "CONTAINER",
    "DEAD",
    "STORIES",
    "Document",
    "Generated",
    "Rng",
    "Totals",
    "World",
    "documents",
    "histories",
    "leaves",
    "world_of",
]
