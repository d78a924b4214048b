"""How long it takes to make checked records of documents, beside what others take to read the same bytes.

    python -m local.bench.parse [--rounds 15] [--folder FOLDER]

The floor is ``lxml.etree.fromstring``: libxml2 makes a tree, and nobody looks at it. All take turns in one process;
CPU time counts. ``tree``: in Python alone, as where the compiled module is missing. ``--folder``: XML files
of your own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree

from local.bench.results import Figure
from local.generate import Rng, documents, leaves, world_of
from local.generate.nfe import nfe
from local.generate.nfe_options import Options
from transforms.model import KINDS, RawDocument, Record
from transforms.parse.parser import ParseOptions, parse
from transforms.parse.ways import TREE

_COUNT = 300
_SLOW_COUNT = 15
# Bytes of the NF-e measured, as issued with five to seven items.
_SIZES = range(10_000, 12_500)
_WITHOUT_ITEMS = ParseOptions(items=False)
_BY_TREE = ParseOptions(way=TREE)

Reader = Callable[[bytes], object]


def run(rounds: int) -> dict[str, Any]:
    """Median microseconds a document, and ratios to the floor, for NF-e and for a mix of all types."""
    ours = readers()
    others = _others()
    return {
        "nfe": compare(list(islice(signed_nfe(3), _COUNT)), {**ours, **others}, rounds),
        "mix": compare(list(islice(_mix(4), _COUNT)), {**ours, "xmltodict": others["xmltodict"]}, rounds),
    }


def run_folder(folder: Path, rounds: int) -> dict[str, Any]:
    """The same for those files under a folder that are one record each, and that lxml reads as they are."""
    payloads = [path.read_bytes() for path in sorted(folder.rglob("*.[xX][mM][lL]"))]
    payloads = [payload for payload in payloads if _is_one_record(payload)]
    if not payloads:
        raise SystemExit(f"no document under {folder}")
    return {"folder": compare(payloads, readers(), rounds)}


def readers() -> dict[str, Reader]:
    """Ours."""
    return {
        "with_items": lambda payload: parse(RawDocument(payload, "origin", 0)),
        "without_items": lambda payload: parse(RawDocument(payload, "origin", 0), _WITHOUT_ITEMS),
        "tree": lambda payload: parse(RawDocument(payload, "origin", 0), _BY_TREE),
    }


def _others() -> dict[str, Reader]:
    """Others, which are slow to import too."""
    import xmltodict
    from nfelib.nfe.bindings.v4_0.proc_nfe_v4_00 import NfeProc
    from xsdata.formats.dataclass.context import XmlContext
    from xsdata.formats.dataclass.parsers import XmlParser

    parser = XmlParser(context=XmlContext())
    return {"xmltodict": xmltodict.parse, "nfelib": lambda payload: parser.from_bytes(payload, NfeProc)}


def signed_nfe(seed: int, items: int = 0) -> Iterator[bytes]:
    """Signed NF-e with their protocols; of so many items, else of those sizes that are measured."""
    rng, world = Rng(seed), world_of(seed)
    while True:
        payload = nfe(rng, world, options=Options(items=items or rng.between(5, 7))).processed().payload
        if items or len(payload) in _SIZES:
            yield payload


def _mix(seed: int) -> Iterator[bytes]:
    """Documents, events, summaries and voided ranges as they come in; those that lxml reads as they are."""
    for generated in documents(seed, 10 * _COUNT, broken=0, duplicates=0):
        yield from (leaf.payload for leaf in leaves(generated) if leaf.kind in KINDS and _is_read_by_lxml(leaf.payload))


def _is_read_by_lxml(payload: bytes) -> bool:
    try:
        etree.fromstring(payload)
    except etree.XMLSyntaxError:
        return False
    return True


def _is_one_record(payload: bytes) -> bool:
    found = parse(RawDocument(payload, "origin", 0))
    return len(found) == 1 and isinstance(found[0], Record) and _is_read_by_lxml(payload)


def compare(payloads: Sequence[bytes], readers: dict[str, Reader], rounds: int) -> dict[str, Any]:
    """Each reads all documents in each round; those that are slow by design read a few."""
    readers = {"floor": etree.fromstring, **readers}
    found: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(rounds):
        for name, reader in readers.items():
            few = payloads[:: max(1, len(payloads) // _SLOW_COUNT)]
            found[name].append(_micros(reader, few if name in ("xmltodict", "nfelib") else payloads))
    return {
        "documents": len(payloads),
        "bytes": statistics.mean(map(len, payloads)),
        "micros": {name: round(statistics.median(times), 1) for name, times in found.items()},
        "ratios": {
            name: round(statistics.median(t / floor for t, floor in zip(times, found["floor"], strict=True)), 2)
            for name, times in found.items()
        },
    }


def _micros(reader: Reader, payloads: Sequence[bytes]) -> float:
    """Microseconds of CPU a document."""
    started = time.process_time()
    for payload in payloads:
        reader(payload)
    return (time.process_time() - started) / len(payloads) * 1e6


def figures(found: dict[str, Any]) -> list[Figure]:
    """What the README says of a result."""
    lines = []
    for name, what in (("nfe", "signed NF-e"), ("mix", "all types as they come")):
        micros, ratios = found[name]["micros"], found[name]["ratios"]
        others = [f"{other} {micros[other]:,.0f} µs" for other in ("xmltodict", "nfelib") if other in micros]
        beside = ", ".join([f"bare lxml {micros['floor']:.0f} µs", *others])
        for ours, how in (("with_items", "with items"), ("without_items", "without items"), ("tree", "--parser=tree")):
            lines.append(
                Figure(
                    f"parse, {what} of {found[name]['bytes'] / 1000:.1f} kB, {how}",
                    f"{micros[ours]:.0f} µs, {ratios[ours]:.2f} times bare lxml",
                    beside,
                    "1.3" if ours == "with_items" else "",
                )
            )
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.parse", description="Speed of the parser.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--folder", type=Path, help="XML files to measure instead of generated documents")
    options = parser.parse_args(argv)
    found = run_folder(options.folder, options.rounds) if options.folder else run(options.rounds)
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
