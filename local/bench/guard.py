"""Whether a document costs more CPU than it did, in reading and in each stage of the job: ratios that CI compares.

    python -m local.bench.guard [--rounds 40]        the ratios of this machine, beside what is known

A machine that others use is slower at everything, so each stage is compared with a reference of its kind over the same
documents: lxml, zstd, pickle for what is compiled and walks dicts, or plain Python. All take turns in slices of a
millisecond, CPU of this thread is measured, and of each slice the least counts. Instructions would be steadier, but to
count them takes rights that CI seldom has.
"""

from __future__ import annotations

import argparse
import gc
import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import zstandard
from lxml import etree

from local.bench import stages
from local.bench.archive import archive
from local.bench.samples import raw_documents
from transforms.model import RawDocument, Record
from transforms.parse.parser import parse

LXML, ZSTD, PICKLE, PYTHON = "lxml", "zstd", "pickle", "python"
_DOCUMENTS, _VARIED, _SLICES = 40, 20, 10
_SEED = 3
# Beside processes that take the caches ratios are up to 1.34 times a quiet machine's, and processors differ in theirs.
MARGIN = 1.5
ROUNDS, MOST_ROUNDS = 15, 400


class Known(NamedTuple):
    """What a stage is compared with, and how many times that it takes."""

    reference: str
    ratio: float


KNOWN = {
    "varied": Known("varied_lxml", 1.38),
    "parse": Known(LXML, 2.0),
    "compress_xml": Known(ZSTD, 1.5),
    "encode_fields": Known(ZSTD, 1.0),
    "fold": Known(PYTHON, 1.16),
    "transact": Known(PYTHON, 6.0),
    "request": Known(PYTHON, 0.58),
    "rows": Known(PYTHON, 0.9),
    "encode_rows": Known(PICKLE, 1.25),
    "count": Known(PYTHON, 0.27),
}

Work = Callable[[], Any]


def works() -> list[dict[str, Work]]:
    """The stages over documents as they come, reading documents of many programs (``varied``), and the references; each
    in slices of a few documents: of a millisecond, the least of some rounds is one that nobody disturbed."""
    raws, varied = list(islice(raw_documents(), _DOCUMENTS)), list(islice(archive(_SEED), _VARIED))
    return [
        _slice(raws[number::_SLICES], varied[number::_SLICES], zstandard.ZstdCompressor(level=3))
        for number in range(_SLICES)
    ]


def _slice(
    raws: Sequence[RawDocument], varied: Sequence[bytes], compressor: zstandard.ZstdCompressor
) -> dict[str, Work]:
    documents = [one.entry.fields for raw in raws for one in parse(raw) if isinstance(one, Record)]
    return {
        **stages.works(raws),
        "varied": lambda: [parse(RawDocument(payload, "", 0)) for payload in varied],
        "varied_lxml": lambda: [etree.fromstring(payload) for payload in varied],
        LXML: lambda: [etree.fromstring(raw.payload) for raw in raws],
        PICKLE: lambda: [pickle.dumps(document) for document in documents],
        ZSTD: lambda: [compressor.compress(raw.payload) for raw in raws],
        PYTHON: lambda: [_plain(number) for number in range(len(raws))],
    }


def _plain(number: int) -> dict[str, tuple[str, int]]:
    """Some of everything that Python code does with fields: calls, formatting, dicts, sorting, slices."""
    found: dict[str, tuple[str, int]] = {}
    for column in range(40):
        name = f"column_{column}"
        found[name[:8] + str(column)] = (name.upper(), (column * number) % 97)
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


class Measured:
    """The least CPU seconds of each slice of each work until now."""

    def __init__(self, slices: Sequence[Mapping[str, Work]]) -> None:
        self._slices = slices
        self._least: list[dict[str, float]] = [dict.fromkeys(each, float("inf")) for each in slices]

    def round(self) -> None:
        """Each once, by turns; without the collector, which comes when it likes."""
        gc.disable()
        try:
            for works, least in zip(self._slices, self._least, strict=True):
                for name, work in works.items():
                    started = time.thread_time()
                    work()
                    least[name] = min(least[name], time.thread_time() - started)
        finally:
            gc.enable()

    def ratio(self, name: str) -> float:
        """A stage beside its reference."""
        return self._seconds(name) / self._seconds(KNOWN[name].reference)

    def _seconds(self, name: str) -> float:
        return sum(least[name] for least in self._least)


def slower(slices: Sequence[Mapping[str, Work]], rounds: int = ROUNDS, most: int = MOST_ROUNDS) -> Iterator[str]:
    """What takes longer than it may, a sentence each. What seems to gets more rounds first, ``most`` in all."""
    measured = Measured(slices)
    for number in range(most):
        measured.round()
        over = [name for name, known in KNOWN.items() if measured.ratio(name) > known.ratio * MARGIN]
        if number + 1 >= rounds and not over:
            return
    for name in over:
        known, found = KNOWN[name], measured.ratio(name)
        yield (
            f"{name}: {found:.2f} of {known.reference}, {found / known.ratio:.2f} times what it took ({known.ratio}). "
            "If that is wanted, python -m local.bench.guard prints the new number for KNOWN"
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints each ratio beside the known one."""
    described = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m local.bench.guard", description=described)
    parser.add_argument("--rounds", type=int, default=40)
    measured = Measured(works())
    for _ in range(parser.parse_args(argv).rounds):
        measured.round()
    for name, known in KNOWN.items():
        found = measured.ratio(name)
        print(f'"{name}": Known({known.reference!r}, {found:.2f}),  # {found / known.ratio:.2f} of {known.ratio}')
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
