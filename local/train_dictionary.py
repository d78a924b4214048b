"""``python -m local.train_dictionary``: makes the dictionaries with which XML and JSON are stored.

python -m local.train_dictionary [--input FOLDER] [--seed N] [--count N] [--output FOLDER]

Without ``--input`` the samples come from the project's own generator, and from the official schemas that nfelib ships:
the same seed and count give the same dictionaries. A dictionary is named for its content; earlier ones stay beside
it, since stored data may need them.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import orjson
import zstandard
from lxml import etree

from transforms.model import RawDocument, Record
from transforms.parse.parser import parse
from transforms.truth import certificates, codec, columns, rows
from transforms.truth.codec import Codec, Dictionary
from transforms.truth.rows import Cell
from transforms.truth.transaction import Attempt, Check, Read, Step, transact

DICTIONARIES = Path(codec.__file__).parent / "dictionaries"
DEFAULT_SEED, DEFAULT_COUNT = 20_260_701, 6_000
SIZES = {codec.XML: 131_072, codec.JSON: 65_536}

# Ids below are left to zstd's registry, ids from 2^31 on are reserved.
_FIRST_ID, _LAST_ID = 1 << 15, (1 << 31) - 1
# Generated issuers come with the seed: several seeds keep their names from being learned.
_SEEDS = 8
_HELD_OUT = 0.1
# One document in so many is indented: fiscal documents are not, but people indent them.
_INDENTED, _INDENTS = 10, ("  ", "    ", "\t")
# How often a schema counts as a sample, so that its rare elements are learned and crowd out nothing common.
_SCHEMA_WEIGHT = 20
_LEAST_TEXT = 9
_XSD = "{http://www.w3.org/2001/XMLSchema}"


class Samples(NamedTuple):
    """What is stored, before compression."""

    xml: list[bytes]
    json: list[bytes]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 done, 2 when there are too few samples."""
    options = _parser().parse_args(argv)
    payloads = _files(options.input) if options.input else _generated(options.seed, options.count)
    samples = samples_of(islice(payloads, options.count if options.input else None))
    elements = [] if options.input else [sections for each in schemas() for sections in _sections(each)]
    made = []
    for purpose, found, more in ((codec.XML, samples.xml, elements * _SCHEMA_WEIGHT), (codec.JSON, samples.json, [])):
        learned, held_out = _divide(found, options.seed)
        try:
            dictionary = train(purpose, _mixed(learned + more, options.seed), SIZES[purpose])
        except zstandard.ZstdError as error:
            print(f"{len(found)} samples of {purpose} are not enough to learn from: {error}", file=sys.stderr)
            return 2
        made.append(dictionary)
        print(
            f"{purpose}: dictionary {dictionary.dictionary_id} of {len(dictionary.data):,} bytes from "
            f"{len(learned):,} samples; {ratio(dictionary, held_out):.2f}:1 on {len(held_out):,} others"
        )
    save(made, options.output)
    return 0


def samples_of(payloads: Iterable[bytes]) -> Samples:
    """What the source of truth stores of these inputs; those that are dead letters give nothing."""
    recorder = _Recorder()
    samples = Samples([], recorder.samples)
    table: dict[str, dict[tuple[str, bytes], Cell]] = {}
    for number, payload in enumerate(payloads):
        origin = f"gs://bucket-name/{2024 + number % 3}/archive-{number // 500:04d}.zip#{number:06d}.xml"
        received_at = 1_780_000_000_000_000 + number * 1_234_567
        for record in parse(RawDocument(payload, origin, received_at)):
            if isinstance(record, Record):
                samples.xml.extend(_sections(certificates.split(record.raw.payload).rest))
                _apply(recorder, record, table.setdefault(record.entry.key, {}))
    return samples


def _sections(xml: bytes) -> list[bytes]:
    """What of a document is compressed; nothing for one that is kept whole."""
    parts = columns.take_apart(xml)
    return [parts.sections] if parts else []


def train(purpose: str, samples: Sequence[bytes], size: int) -> Dictionary:
    """A dictionary of at most ``size`` bytes, named for its content. Raises ZstdError when samples are too few."""
    level = codec.LEVELS[purpose]
    data = zstandard.train_dictionary(size, list(samples), d=8, steps=8, threads=0, level=level).as_bytes()
    number = _FIRST_ID + zlib.crc32(data[8:]) % (_LAST_ID - _FIRST_ID)
    return Dictionary(purpose, number, data[:4] + number.to_bytes(4, "little") + data[8:])


def ratio(dictionary: Dictionary, samples: Sequence[bytes]) -> float:
    """Bytes before over bytes after."""
    prepared = Codec([dictionary], {dictionary.purpose: dictionary.dictionary_id})
    return sum(map(len, samples)) / sum(len(prepared.compress(dictionary.purpose, sample)) for sample in samples)


def save(dictionaries: Iterable[Dictionary], folder: Path) -> None:
    """Writes the dictionaries beside the earlier ones, and names them as those to write with."""
    folder.mkdir(parents=True, exist_ok=True)
    current = {}
    for dictionary in dictionaries:
        (folder / f"{dictionary.purpose}-{dictionary.dictionary_id}.zdict").write_bytes(dictionary.data)
        current[dictionary.purpose] = dictionary.dictionary_id
    text = orjson.dumps(current, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    (folder / codec.CURRENT).write_bytes(text)


class _Recorder(Codec):
    """A codec that remembers what JSON it was given."""

    def __init__(self) -> None:
        super().__init__((), {})
        self.samples: list[bytes] = []

    def encode_json(self, value: Any) -> bytes:
        self.samples.append(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
        return super().encode_json(value)


def _apply(recorder: Codec, record: Record, row: dict[tuple[str, bytes], Cell]) -> None:
    """Applies a record to a row in memory."""
    attempt = Attempt("backfill-0123456789ab", "backfill/20260701T120000-a1b2c3", record.raw.received_at + 4_321_987)
    transaction = transact(recorder, record, attempt)
    answer: Any = None
    try:
        while True:
            answer = _answer(transaction.send(answer), row)
    except StopIteration:
        return


def _answer(step: Step, row: dict[tuple[str, bytes], Cell]) -> Any:
    if isinstance(step, Read):
        return rows.by_column(row.values())
    if isinstance(step, Check):
        head = rows.head_of(rows.by_column(row.values()))
        if (head.revision if head else None) != step.revision:
            return False
        row.update(((cell.family, cell.qualifier), cell) for cell in step.cells)
        return True
    return None


def _mixed(samples: list[bytes], seed: int) -> list[bytes]:
    mixed = list(samples)
    Random(seed).shuffle(mixed)
    return mixed


def _divide(samples: list[bytes], seed: int) -> tuple[list[bytes], list[bytes]]:
    mixed = _mixed(samples, seed)
    held_out = max(1, int(len(mixed) * _HELD_OUT))
    return mixed[held_out:], mixed[:held_out]


def _generated(seed: int, count: int) -> Iterator[bytes]:
    from local.generate import documents, leaves

    for number in range(_SEEDS):
        for index, generated in enumerate(documents(seed + number, count // _SEEDS)):
            for leaf in leaves(generated):
                yield leaf.payload if index % _INDENTED else _indented(leaf.payload, index // _INDENTED)


def _indented(payload: bytes, number: int) -> bytes:
    """An element a line, in the manner of that number; what is no XML stays as it is."""
    try:
        root = etree.fromstring(payload)
    except etree.XMLSyntaxError:
        return payload
    etree.indent(root, _INDENTS[number % len(_INDENTS)])
    return bytes(etree.tostring(root, encoding="utf-8"))


def schemas() -> Iterator[bytes]:
    """Of each official schema, all of its elements in their order, with the texts that it prescribes."""
    import nfelib

    paths = sorted(Path(nfelib.__file__).parent.rglob("*.xsd"))
    yield from dict.fromkeys(_skeleton(etree.parse(path).getroot()) for path in paths)


def _skeleton(node: etree._Element) -> bytes:
    found = []
    for child in node.iterchildren(tag=etree.Element):
        inner = _skeleton(child)
        if child.tag == f"{_XSD}element" and "name" in child.attrib:
            name = str(child.attrib["name"]).encode()
            texts = [inner] if inner else _prescribed(child)
            found += [b"<%b>%b</%b>" % (name, text, name) for text in texts]
        else:
            found.append(inner)
    return b"".join(found)


def _prescribed(element: etree._Element) -> list[bytes]:
    """Texts that an element may have, those worth learning; an empty one when there is none."""
    values = [str(each.attrib["value"]) for each in element.iter(f"{_XSD}enumeration")]
    return [value.encode() for value in values if len(value) >= _LEAST_TEXT] or [b""]


def _files(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() == ".xml":
            yield path.read_bytes()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.train_dictionary", description=__doc__.split("\n")[0])
    parser.add_argument("--input", type=Path, help="Folder of .xml files to learn from. Default: generated samples.")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="Seed of the generated samples.")
    parser.add_argument("--count", type=int, default=DEFAULT_COUNT, help="Samples to learn from, at most.")
    parser.add_argument("--output", type=Path, default=DICTIONARIES, help="Folder to write the dictionaries to.")
    return parser


if __name__ == "__main__":
    sys.exit(main())
