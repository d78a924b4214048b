"""Reading is a stream: what is held does not grow with the file."""

from __future__ import annotations

import gzip
import random
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.ingest.packing import raw_zip, xml
from transforms.ingest.archives import expand
from transforms.ingest.limits import Limits

LIMITS = Limits(max_entry_bytes=100_000)
_NOISE = random.Random(7).randbytes(5000).hex()


def bodies(count: int) -> Iterator[bytes]:
    """Some 18 MB of documents in all."""
    size = 18_000_000 // count
    return (xml(f"{n:08}{_NOISE[n % 3000 :][:size]}") for n in range(count))


def write_zip(path: Path) -> None:
    path.write_bytes(raw_zip((f"pasta/{n}.xml", body) for n, body in enumerate(bodies(20_000))))


def write_tar_gz(path: Path) -> None:
    size = len(next(bodies(3000)))
    header = tarfile.TarInfo("1.xml")
    header.size = size
    before, behind = header.tobuf(), bytes(-size % 512)
    tar = b"".join(before + body + behind for body in bodies(3000))
    path.write_bytes(gzip.compress(tar + bytes(1024), 1))


def write_lines(path: Path) -> None:
    path.write_bytes(b"\n".join(bodies(3000)))


def write_lines_gz(path: Path) -> None:
    path.write_bytes(gzip.compress(b"\n".join(bodies(3000)), 1))


def write_zip_in_zip(path: Path) -> None:
    path.write_bytes(raw_zip([("b.zip", raw_zip((f"{n}.xml", body) for n, body in enumerate(bodies(3000))))]))


@pytest.mark.parametrize("write", [write_zip, write_tar_gz, write_lines, write_lines_gz, write_zip_in_zip])
def test_eighteen_megabytes_of_documents_are_read_in_the_memory_of_a_few(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    path = tmp_path / "a"
    write(path)
    total = 0
    with path.open("rb") as stream:
        tracemalloc.start()
        try:
            for outcome in expand(stream, str(path), 0, LIMITS):
                assert outcome.payload.endswith(b"</nota>")
                total += len(outcome.payload)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert total > 18_000_000
    # The names of an archive's entries cost some 100 bytes each; the rest is chunks and one document.
    assert peak < 6_000_000
