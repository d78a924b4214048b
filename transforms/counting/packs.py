"""How sums travel to where they are added up: packed, and in a local run through files instead of memory."""

from __future__ import annotations

import tempfile
import weakref
import zlib
from collections.abc import Iterable
from pathlib import Path
from sys import intern
from typing import Protocol

import apache_beam as beam
import orjson
from apache_beam.options.pipeline_options import PortableOptions, StandardOptions
from apache_beam.runners.direct.direct_runner import DirectRunner
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.portability.prism_runner import PrismRunner

from transforms.language import tr

Key = tuple[str, ...]

# Key -> documents, and value in billionths of BRL: the nine decimals that an amount may have. Keys of one length.
Sums = dict[Key, tuple[int, int]]
_ONE_CENT = 10**7
# Runners whose workers are threads or processes of this machine.
_HERE = (DirectRunner, FnApiRunner, PrismRunner)


def pack(sums: Sums) -> bytes:
    """Compressed JSON of at least one sum, sorted by key: columns of the keys' parts, of documents, of amounts.

    An amount is a number of cents, or, where that is not exact or not small, the text of its billionths.
    """
    rows = [(*key, documents, _short(billionths)) for key, (documents, billionths) in sorted(sums.items())]
    return zlib.compress(orjson.dumps(list(zip(*rows, strict=True))))


def unpack(packed: bytes) -> Sums:
    """What ``pack`` packed."""
    *keys, documents, amounts = orjson.loads(zlib.decompress(packed))
    parts = [map(intern, column) for column in keys]
    return dict(zip(zip(*parts, strict=True), zip(documents, map(_billionths, amounts), strict=True), strict=True))


def _short(billionths: int) -> int | str:
    cents, rest = divmod(billionths, _ONE_CENT)
    return str(billionths) if rest or abs(cents) >= 1 << 53 else cents


def _billionths(amount: int | str) -> int:
    return int(amount) if isinstance(amount, str) else amount * _ONE_CENT


class Carrier(Protocol):
    """Takes packs through a shuffle."""

    def send(self, packs: Iterable[bytes]) -> list[bytes]:
        """What to shuffle for each of the packs."""

    def receive(self, sent: bytes) -> bytes:
        """The pack that this was shuffled for."""


class InShuffle:
    """Packs are shuffled as they are: a shuffle service, or many workers, hold them."""

    def send(self, packs: Iterable[bytes]) -> list[bytes]:
        return list(packs)

    def receive(self, sent: bytes) -> bytes:
        return sent


class OnDisk:
    """Packs wait in files of a folder that every worker sees; the place of each is shuffled.

    Raises OSError where they cannot be written, or are gone.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def send(self, packs: Iterable[bytes]) -> list[bytes]:
        try:
            with tempfile.NamedTemporaryFile(dir=self._folder, prefix="", delete=False) as file:
                name = Path(file.name).name
                return [f"{name}/{file.tell()}/{file.write(packed)}".encode() for packed in packs]
        except OSError as error:
            advice = tr(
                "sums of counts wait there until the run ends. Make room or set TMPDIR, and start the same run again"
            )
            raise OSError(error.errno, f"{error.strerror}; {advice}", self._folder) from error

    def receive(self, sent: bytes) -> bytes:
        name, start, length = sent.decode().split("/")
        with open(Path(self._folder) / name, "rb") as file:
            file.seek(int(start))
            return file.read(int(length))


def carrier_for(pipeline: beam.Pipeline) -> Carrier:
    """The carrier that suits a pipeline's runner.

    Beam's runners on one machine shuffle in memory, and copy all of it several times when it is read: a job's memory
    would grow with its input. The files of a bounded job take its place, and go when the pipeline does.
    """
    options = pipeline.options
    # A kind of environment: workers may be in containers, which do not see this machine's files.
    elsewhere = not isinstance(pipeline.runner, _HERE) or options.view_as(PortableOptions).environment_type
    if elsewhere or options.view_as(StandardOptions).streaming:
        return InShuffle()
    folder = tempfile.TemporaryDirectory(prefix="acervo-sums-")
    weakref.finalize(pipeline, folder.cleanup)
    return OnDisk(folder.name)
