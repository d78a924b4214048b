"""What parsing costs of documents of many programs: the first time that any is seen, and later.

    python -m local.bench.variety [--folder FOLDER | --items 10] [--parser tree] [--processes 3]

Of each document the CPU time beside that of ``lxml.etree.fromstring`` of the same bytes, the least of several for
both: every process begins anew, reads the documents once (``first``), others of the same sort (``--before``), and then
documents that it has not seen (``later``). Documents are an archive's (``archive``); or NF-e of one generator, signed
and of so many items; or files of your own: those that are one record each and that lxml reads as they are, and
``later`` is then those files again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree

from local.bench.archive import archive
from local.bench.parse import signed_nfe
from local.bench.results import Figure
from transforms.model import RawDocument, Record
from transforms.parse.parser import ParseOptions, parse
from transforms.parse.ways import SAX, WAYS

_DOCUMENTS = 200
_BEFORE = 1000
_FLOOR_ROUNDS = 5


def run(rounds: int) -> dict[str, Any]:
    """An archive's documents, and those of one generator, over so many processes."""
    return {"archive": measure((), rounds), "generator": measure(("--items", "10"), rounds)}


def figures(found: dict[str, Any]) -> list[Figure]:
    """What the README says of a result."""
    lines = []
    for name, what in (
        ("archive", "archive of many programs"),
        ("generator", "NF-e of ten items, one generator"),
    ):
        one = found[name]
        for when, told in (("first", "first pass"), ("later", "never seen, later")):
            measured = one[when]
            lines.append(
                Figure(
                    f"parse, {what}, {one['bytes'] / 1000:.1f} kB: {told}",
                    f"{measured['micros']:.0f} µs, {measured['ratio']:.2f} times bare lxml; of single documents p50 "
                    f"{measured['p50']:.2f}, p99 {measured['p99']:.2f}",
                    f"bare lxml {measured['floor_micros']:.0f} µs",
                    "2" if when == "first" else "1.3",
                )
            )
    return lines


def measure(arguments: Sequence[str], processes: int) -> dict[str, Any]:
    """Least times of each document over some processes, as they compare with the floor."""
    command = [sys.executable, "-m", "local.bench.variety", "--child", *arguments]
    found = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(processes)]
    said: dict[str, Any] = {name: found[0][name] for name in ("bytes",)}
    said["documents"] = len(found[0]["floor_first"])
    for name in ("first", "later"):
        floor = [min(times) for times in zip(*(one[f"floor_{name}"] for one in found), strict=True)]
        ours = [min(times) for times in zip(*(one[name] for one in found), strict=True)]
        said[name] = compared(ours, floor)
    return said


def compared(ours: Sequence[float], floor: Sequence[float]) -> dict[str, float]:
    """Microseconds a document, and multiples of the floor: of all, and of single documents at p50 and p99."""
    ratios = sorted(a / b for a, b in zip(ours, floor, strict=True))
    return {
        "micros": round(sum(ours) / len(ours), 1),
        "floor_micros": round(sum(floor) / len(floor), 1),
        "ratio": round(sum(ours) / sum(floor), 2),
        "p50": round(ratios[len(ratios) // 2], 2),
        "p99": round(ratios[len(ratios) * 99 // 100], 2),
    }


def child(options: argparse.Namespace) -> dict[str, Any]:
    """What one process measures."""
    if options.folder:
        first = later = files(options.folder)
        before: list[bytes] = []
    else:
        drawn = signed_nfe(options.seed, options.items) if options.items else archive(options.seed, run=options.run)
        first, before = list(islice(drawn, _DOCUMENTS)), list(islice(drawn, options.before))
        later = list(islice(drawn, _DOCUMENTS))
    read = _reader(options.parser)
    read(b"<x/>")
    found: dict[str, Any] = {"bytes": sum(map(len, later)) // len(later)}
    for name, documents in (("first", first), ("later", later)):
        found[name] = _times(read, documents)
        for payload in before:
            read(payload)
    for name, documents in (("first", first), ("later", later)):
        rounds = [_times(etree.fromstring, documents) for _ in range(_FLOOR_ROUNDS)]
        found[f"floor_{name}"] = [min(times) for times in zip(*rounds, strict=True)]
    return found


def _reader(way: str) -> Callable[[bytes], object]:
    options = ParseOptions(way=way)
    return lambda payload: parse(RawDocument(payload, "", 0), options)


def files(folder: Path) -> list[bytes]:
    """Files that are one record each, no two alike, and that lxml reads as they are."""
    payloads = dict.fromkeys(path.read_bytes() for path in sorted(folder.rglob("*.[xX][mM][lL]")))
    return [payload for payload in payloads if _is_one_record(payload)]


def _is_one_record(payload: bytes) -> bool:
    """Asks a parser without items, whose tables are others."""
    found = parse(RawDocument(payload, "", 0), ParseOptions(items=False))
    if len(found) != 1 or not isinstance(found[0], Record):
        return False
    try:
        etree.fromstring(payload)
    except etree.XMLSyntaxError:
        return False
    return True


def _times(work: Callable[[bytes], object], payloads: Sequence[bytes]) -> list[float]:
    """Microseconds of CPU of each."""
    times = []
    for payload in payloads:
        started = time.thread_time()
        work(payload)
        times.append((time.thread_time() - started) * 1e6)
    return times


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.variety", description="Parsing what really comes.")
    parser.add_argument("--folder", type=Path, help="XML files to measure instead of generated documents")
    parser.add_argument("--items", type=int, default=0, help="NF-e of one generator, with so many items")
    parser.add_argument("--parser", choices=WAYS, default=SAX, help="the way in which documents are read")
    parser.add_argument("--run", type=int, default=1, help="documents of an issuer in a row")
    parser.add_argument("--before", type=int, default=_BEFORE, help="documents read before the later ones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=3, help="processes, each beginning anew")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.child:
        print(json.dumps(child(options)))
        return 0
    given = [word for word in (sys.argv[1:] if argv is None else argv) if word != "--child"]
    print(json.dumps(measure(given, options.processes), indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
