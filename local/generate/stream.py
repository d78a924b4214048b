"""Endless seeded streams of generated inputs, in constant memory.

History number i of a seed is made of the seed, i and the mix alone: it is the same in every process, whatever was
generated before it. So a stream can be cut into shards, and a duplicate of any earlier input made again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count as numbers
from itertools import islice

from local.generate.broken import CODES, SMALL_CODES
from local.generate.broken import broken as broken_input
from local.generate.document import CONTAINER, Generated
from local.generate.place import Place
from local.generate.rng import Rng, Weighted
from local.generate.stories import STORIES
from local.generate.world import Party, World, world_of

_SLOTS = 120
"""Numbered series among which histories rotate: each gets every 120th, so its numbers run without chance gaps."""


class Plan:
    """Which story happens where: a seed, and weights of stories by name (see STORIES; without any, a plausible mix)."""

    def __init__(self, seed: int, weights: Mapping[str, float] | None = None) -> None:
        self.seed = seed
        self.world = world_of(seed)
        chosen = dict(weights) if weights else {name: told.weight for name, told in STORIES.items()}
        unknown = sorted(set(chosen) - set(STORIES))
        if unknown:
            raise ValueError(f"no story is called {', '.join(unknown)}; the stories are {', '.join(STORIES)}")
        by_group: dict[str, dict[str, float]] = {}
        for name, weight in chosen.items():
            if weight < 0:
                raise ValueError(f"the weight of {name} must not be negative, it is {weight}")
            if weight > 0:
                by_group.setdefault(STORIES[name].group, {})[name] = weight
        if not by_group:
            raise ValueError("at least one story needs a weight above zero")
        self._stories = {group: Weighted(stories) for group, stories in by_group.items()}
        self._slots = _slots(self.world, by_group)

    def history(self, index: int) -> list[Generated]:
        """The inputs of one history, in the order of their arrival."""
        rng = Rng(f"{self.seed}/{index}")
        group, issuer, series, base = self._slots[index % len(self._slots)]
        place = Place(self.world, group, issuer, series, base + index // len(self._slots), index)
        story = STORIES[self._stories[group].draw(rng)].story
        return [generated._replace(history=index) for generated in story(rng, place)]


def histories(
    seed: int, start: int = 0, stop: int | None = None, weights: Mapping[str, float] | None = None
) -> Iterator[list[Generated]]:
    """The histories number ``start`` up to (not including) ``stop``, endless without it; shards fit together."""
    plan = Plan(seed, weights)
    for index in numbers(start) if stop is None else range(start, stop):
        yield plan.history(index)


def documents(
    seed: int, count: int | None = None, *, broken: float = 0.0, duplicates: float = 0.0, **weights: float
) -> Iterator[Generated]:
    """``count`` generated inputs (endless without it); the first n of any longer stream are the stream of n.

    ``broken`` and ``duplicates`` are the chances, after each input, of one that must become a dead letter and of a
    repetition of an earlier one. ``weights`` are those of stories by name (``nfe=1`` gives nothing but authorised
    NF-e). An input that holds several documents (``kind`` CONTAINER) counts once.
    """
    if not 0 <= broken < 1 or not 0 <= duplicates < 1:
        raise ValueError(f"broken and duplicates are chances from 0 to below 1, not {broken} and {duplicates}")
    return islice(_documents(Plan(seed, weights), broken, duplicates), count)


def leaves(generated: Generated) -> tuple[Generated, ...]:
    """The inputs that a generated one stands for: its entries if it is a container, itself if not."""
    return generated.entries if generated.kind == CONTAINER else (generated,)


def _documents(plan: Plan, broken_chance: float, duplicates: float) -> Iterator[Generated]:
    for index in numbers():
        # Of its own, so that the histories do not depend on how many broken ones are asked for.
        rng = Rng(f"{plan.seed}/{index}/noise") if broken_chance or duplicates else None
        for generated in plan.history(index):
            yield generated
            if rng is None:
                continue
            if rng.chance(broken_chance):
                yield broken_input(rng, plan.world, rng.pick(SMALL_CODES))._replace(history=index)
            if index and rng.chance(duplicates):
                yield _again(plan, rng, index)


def _again(plan: Plan, rng: Rng, before: int) -> Generated:
    return rng.pick(plan.history(rng.below(before)))._replace(duplicate=True)


def one_of_each_broken(seed: int) -> Iterator[Generated]:
    """An input for every dead-letter code, the large one included."""
    world = world_of(seed)
    for code in CODES:
        yield broken_input(Rng(f"{seed}/broken/{code}"), world, code)


def _slots(world: World, by_group: dict[str, dict[str, float]]) -> list[tuple[str, Party, int, int]]:
    """(group, issuer, series, number before the first) of each series, groups spread evenly."""
    issuers = {
        "nfe": world.sellers + world.farmers,
        "nfce": world.shops,
        "cte": world.carriers,
        "cteos": world.carriers,
        "mdfe": world.carriers,
        "nf3e": world.utilities,
        "nfse": world.sellers,
        "cfe": world.shops,
    }
    total = sum(sum(stories.values()) for stories in by_group.values())
    placed: list[tuple[float, str, Party, int, int]] = []
    for group, stories in sorted(by_group.items()):
        share = max(1, round(_SLOTS * sum(stories.values()) / total))
        rng = Rng(f"{world.seed}/slots/{group}")
        for n in range(share):
            issuer = issuers[group][n % len(issuers[group])]
            series = 1 + n // len(issuers[group])
            placed.append(((n + 0.5) / share, group, issuer, series, rng.between(1, 60_000)))
    placed.sort(key=lambda slot: (slot[0], slot[1]))
    return [(group, issuer, series, base) for _, group, issuer, series, base in placed]
