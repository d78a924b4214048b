"""What parsing costs of documents of many programs: the first time that any is seen, and later.

    python -m local.bench.variety [--folder FOLDER] [--processes 3]

Of each document the CPU time beside that of ``lxml.etree.fromstring`` of the same bytes, the least of several for
both: every process begins with a parser that has seen nothing, reads the documents once (``first``), others of the same
sort (``--before``), and then documents that it has not seen (``later``). Documents are an archive's (``archive``), or
files of your own: those that are one record each and that lxml reads as they are; ``later`` is then those files again.
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
from transforms.model import RawDocument, Record
from transforms.parse.parser import ParseOptions, parse

_DOCUMENTS = 200
_BEFORE = 1000
_FLOOR_ROUNDS = 5


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
        drawn = archive(options.seed, run=options.run)
        first, before = list(islice(drawn, _DOCUMENTS)), list(islice(drawn, options.before))
        later = list(islice(drawn, _DOCUMENTS))
    _read(b"<x/>")
    found: dict[str, Any] = {"bytes": sum(map(len, later)) // len(later)}
    for name, documents in (("first", first), ("later", later)):
        found[name] = _times(_read, documents)
        for payload in before:
            _read(payload)
    for name, documents in (("first", first), ("later", later)):
        rounds = [_times(etree.fromstring, documents) for _ in range(_FLOOR_ROUNDS)]
        found[f"floor_{name}"] = [min(times) for times in zip(*rounds, strict=True)]
    return found


def _read(payload: bytes) -> object:
    return parse(RawDocument(payload, "", 0))


def files(folder: Path) -> list[bytes]:
    """Files that are one record each, no two alike, and that lxml reads as they are."""
    payloads = dict.fromkeys(path.read_bytes() for path in sorted(folder.rglob("*.[xX][mM][lL]")))
    return [payload for payload in payloads if _is_one_record(payload)]


def _is_one_record(payload: bytes) -> bool:
    """Asks a parser without items, whose learnt patterns are others."""
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
