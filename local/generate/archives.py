"""Archives of generated inputs: zips, tar.gz files, loose files, single gz files, with fixed times.

Entries are the same bytes everywhere; the compressed archives are equal for equal builds of zlib.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol

from local.generate.document import CONTAINER, DEAD, Generated
from transforms.model import VOIDED_RANGE

_ENTRIES_PER_ARCHIVE = 20_000
"""An archive keeps its list of entries in memory until it is closed, so a large set is cut into several."""

_ZIP_TIME = (2026, 1, 1, 0, 0, 0)
_TAR_TIME = 1_767_225_600


class Sink(Protocol):
    """Something that takes entries by path."""

    def add(self, path: str, payload: bytes) -> None:
        """Write one entry."""

    def close(self) -> None:
        """Finish."""


class ZipSink:
    """``<stem>-0001.zip``, ``-0002.zip``, …"""

    def __init__(self, stem: Path) -> None:
        self._stem = stem
        self._parts = 0
        self._entries = 0
        self._zip: zipfile.ZipFile | None = None

    def add(self, path: str, payload: bytes) -> None:
        """Write one entry, in a new zip when the last one is full."""
        if self._zip is None or self._entries >= _ENTRIES_PER_ARCHIVE:
            self.close()
            self._parts += 1
            self._entries = 0
            self._zip = zipfile.ZipFile(_numbered(self._stem, self._parts, ".zip"), "w", zipfile.ZIP_DEFLATED)
        info = zipfile.ZipInfo(path, _ZIP_TIME)
        info.create_system = 3
        info.external_attr = 0o644 << 16
        self._zip.writestr(info, payload, zipfile.ZIP_DEFLATED, 6)
        self._entries += 1

    def close(self) -> None:
        """Finish the zip that is open."""
        if self._zip is not None:
            self._zip.close()
            self._zip = None


class TarSink:
    """``<stem>-0001.tar.gz``, ``-0002.tar.gz``, …"""

    def __init__(self, stem: Path) -> None:
        self._stem = stem
        self._parts = 0
        self._entries = 0
        self._tar: tarfile.TarFile | None = None
        self._closers: list[BinaryIO | gzip.GzipFile] = []

    def add(self, path: str, payload: bytes) -> None:
        """Write one entry, in a new archive when the last one is full."""
        if self._tar is None or self._entries >= _ENTRIES_PER_ARCHIVE:
            self.close()
            self._parts += 1
            self._entries = 0
            self._tar = self._open(_numbered(self._stem, self._parts, ".tar.gz"))
        info = tarfile.TarInfo(path)
        info.size = len(payload)
        info.mtime = _TAR_TIME
        self._tar.addfile(info, io.BytesIO(payload))
        self._entries += 1

    def _open(self, path: Path) -> tarfile.TarFile:
        raw = path.open("wb")
        packed = gzip.GzipFile("", "wb", 6, raw, mtime=0)
        self._closers = [packed, raw]
        return tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8")

    def close(self) -> None:
        """Finish the archive that is open."""
        if self._tar is not None:
            self._tar.close()
            self._tar = None
            for closer in self._closers:
                closer.close()


class FolderSink:
    """Loose files under a folder; with ``packed`` each is a gz of its own."""

    def __init__(self, folder: Path, packed: bool = False) -> None:
        self._folder = folder
        self._packed = packed

    def add(self, path: str, payload: bytes) -> None:
        """Write one file."""
        target = self._folder / (f"{path}.gz" if self._packed else path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(payload, 6, mtime=0) if self._packed else payload)

    def close(self) -> None:
        """Nothing to finish."""


class ArchiveSet:
    """The sinks of one kind of set under one folder: ``zip``, ``tar.gz``, ``folder``, or ``mixed``, which has all."""

    def __init__(self, folder: Path, kind: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._number = 0
        self._zip = ZipSink(folder / "documents")
        self._tar = TarSink(folder / "documents")
        self._loose = FolderSink(folder / "loose")
        self._packed = FolderSink(folder / "packed", packed=True)
        fixed: dict[str, Sink | None] = {"zip": self._zip, "tar.gz": self._tar, "folder": self._loose, "mixed": None}
        self._fixed = fixed[kind]

    def add(self, generated: Generated) -> None:
        """Write one input where its turn falls."""
        sink = self._fixed or self._turn(generated)
        sink.add(entry_path(generated, self._number), generated.payload)
        self._number += 1

    def _turn(self, generated: Generated) -> Sink:
        turn = self._number % 50
        if turn == 49 and generated.kind != DEAD:
            return self._packed
        if turn % 10 == 3:
            return self._loose
        return self._zip if turn % 5 < 3 else self._tar

    def __enter__(self) -> ArchiveSet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sink in (self._zip, self._tar):
            sink.close()


def entry_path(generated: Generated, number: int) -> str:
    """Path inside an archive, unique for its number: year, month and issuer of the key, as people file them."""
    if generated.duplicate:
        return f"copias/{number:07d}/{generated.name}"
    if generated.kind == DEAD:
        return f"ilegiveis/{number:07d}-{generated.name}"
    if generated.kind == CONTAINER:
        return f"lotes/{number:07d}-{generated.name}"
    if generated.kind == VOIDED_RANGE:
        return f"inutilizadas/{generated.name}"
    key = generated.key
    return f"20{key[2:4]}/{key[4:6]}/{key[6:20]}/{generated.name}"


def _numbered(stem: Path, part: int, suffix: str) -> Path:
    return stem.with_name(f"{stem.name}-{part:04d}{suffix}")
