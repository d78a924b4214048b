"""How small documents are stored and what it costs in CPU, compared with gzip and plain zstd.

    python -m local.bench.storage [--rounds 5] [--input FOLDER]

The documents are generated with a seed that no dictionary has learned from, or they are the .xml files of a folder.
What compresses them runs by turns in one process; of the rounds each has its median.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import zstandard

from local.bench import results
from local.generate import documents, leaves
from pipelines.pricing import GIB, PRICES
from transforms.model import RawDocument, Record
from transforms.parse.parser import parse
from transforms.truth import codec, rows

SEED, COUNT = 97, 1_500
AT = 600_000_000
ZSTD_LEVEL = 9
_GZIP = 16 + zlib.MAX_WBITS


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints the figures, and keeps those of generated documents."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.storage", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--input", type=Path, help="Folder of .xml files. Default: generated documents.")
    options = parser.parse_args(argv)
    found = measure(_files(options.input) if options.input else _generated(), options.rounds)
    print("\n".join(lines(found)))
    if not options.input:
        print(f"kept in {results.keep('storage', found)}")
    return 0


def run(rounds: int) -> dict[str, Any]:
    """Figures of generated documents, signed and unsigned."""
    return measure(_generated(), rounds)


def measure(payloads: Iterable[bytes], rounds: int) -> dict[str, Any]:
    """For each kind of document present: how many, bytes each, and for each way to store them ratio and CPU."""
    kinds: dict[str, list[bytes]] = {"signed": [], "unsigned": []}
    for xml in _records(payloads):
        kinds["signed" if b"X509Certificate>" in xml else "unsigned"].append(xml)
    return {kind: _figures(found, rounds) for kind, found in kinds.items() if found}


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The figures for people."""
    for kind, each in found.items():
        ways = each["ways"]
        yield f"{each['documents']:,} {kind} documents of {each['bytes']:,.0f} bytes"
        for name, way in ways.items():
            yield (
                f"  {name:8} {way['ratio']:6.2f}:1  {way['bytes']:7,.0f} bytes  {way['micros']:6.0f} µs, "
                f"{way['micros'] / ways['gzip 6']['micros']:.2f} of gzip 6"
            )
        yield (
            f"  {each['certificates']:,} certificates, {each['certificate_bytes']:,} bytes in all; reading back "
            f"{each['read_micros']:.0f} µs"
        )
        yield f"  at {AT:,} documents ${each['saved_a_month']:,.0f} a month less than with gzip 6"


def figures(found: dict[str, Any]) -> list[results.Figure]:
    """What the README says of a result."""
    goals = {"signed": "7:1, CPU of gzip 6", "unsigned": "5:1, CPU of gzip 6"}
    shown = []
    for kind, goal in goals.items():
        each = found[kind]
        ours, gzip = each["ways"]["acervo"], each["ways"]["gzip 6"]
        what = f"stored size, {each['documents']:,} {kind} documents of {each['bytes']:,.0f} bytes"
        figure = f"{ours['ratio']:.1f}:1, {ours['micros']:.0f} µs CPU"
        shown.append(results.Figure(what, figure, f"gzip 6: {gzip['ratio']:.1f}:1, {gzip['micros']:.0f} µs", goal))
    return shown


def _figures(found: list[bytes], rounds: int) -> dict[str, Any]:
    kept: dict[bytes, bytes] = {}
    shipped = codec.packaged_codec(find_certificate=kept.get)
    stored = []
    for xml in found:
        packed = shipped.pack_xml(xml)
        kept.update((each.digest, rows.certificate_cell(shipped, each).value) for each in packed.certificates)
        stored.append(packed.stored)
    if [shipped.decode_xml(each) for each in stored] != found:
        raise AssertionError("a document did not come back byte for byte")
    ways: dict[str, Callable[[bytes], bytes]] = {
        "acervo": lambda xml: shipped.pack_xml(xml).stored,
        "gzip 6": lambda xml: zlib.compress(xml, 6, _GZIP),
        f"zstd {ZSTD_LEVEL}": zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress,
    }
    work: dict[str, tuple[Callable[[bytes], bytes], list[bytes]]] = {name: (way, found) for name, way in ways.items()}
    micros = _micros(work | {"read": (shipped.decode_xml, stored)}, rounds)
    raw = sum(map(len, found))
    sizes = {name: sum(len(way(xml)) for xml in found) for name, way in ways.items()}
    saved = (sizes["gzip 6"] - sizes["acervo"]) / len(found) * AT / GIB * PRICES["bigtable_gib_month"].value
    return {
        "documents": len(found),
        "bytes": raw / len(found),
        "certificates": len(kept),
        "certificate_bytes": sum(map(len, kept.values())),
        "ways": {
            name: {"ratio": raw / size, "bytes": size / len(found), "micros": micros[name]}
            for name, size in sizes.items()
        },
        "read_micros": micros["read"],
        "saved_a_month": saved,
    }


def _micros(work: dict[str, tuple[Callable[[bytes], bytes], list[bytes]]], rounds: int) -> dict[str, float]:
    """CPU micros for each input, the median of the rounds."""
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, (function, inputs) in work.items():
            start = time.process_time()
            for each in inputs:
                function(each)
            taken[name].append((time.process_time() - start) / len(inputs) * 1e6)
    return {name: median(values) for name, values in taken.items()}


def _records(payloads: Iterable[bytes]) -> list[bytes]:
    """What the source of truth stores of them, each once."""
    found: dict[str, bytes] = {}
    for payload in payloads:
        for record in parse(RawDocument(payload, "file:///bench.xml", 0)):
            if isinstance(record, Record):
                found.setdefault(record.entry.record_id, record.raw.payload)
    return list(found.values())


def _generated() -> Iterator[bytes]:
    for generated in documents(SEED, COUNT):
        for leaf in leaves(generated):
            yield leaf.payload


def _files(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() == ".xml":
            yield path.read_bytes()


if __name__ == "__main__":
    raise SystemExit(main())
