"""Archives for the tests, made in memory; those that no packer makes are made by changing bytes."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable

from transforms.ingest.archives import expand_bytes
from transforms.ingest.limits import DEFAULT, Limits
from transforms.model import DeadLetter, Expanded, RawDocument

CHANGED = 1_700_000_000_123_456
Files = Iterable[tuple[str, bytes]]
_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_END = struct.Struct("<4s4H2LH")


def xml(text: object) -> bytes:
    return f"<nota><numero>{text}</numero></nota>".encode()


FILES = [(f"{n}.xml", xml(n)) for n in range(5)]


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            info.external_attr = 0o100644 << 16
            archive.writestr(info, data)
        archive.comment = comment
    return buffer.getvalue()


def streamed_zip(files: Files) -> bytes:
    """A zip written to something that cannot seek: sizes behind the data, in descriptors."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: object) -> int:
            raise io.UnsupportedOperation

        def tell(self) -> int:
            raise io.UnsupportedOperation

    buffer = Pipe()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return buffer.getvalue()


def raw_zip(files: Files, zip64: bool = False) -> bytes:
    """A zip with stored entries, made by hand: fast for many, and without zip64 records for more than it allows."""
    front, directory, count = bytearray(), bytearray(), 0
    for name, data in files:
        raw, crc, size = name.encode(), zlib.crc32(data), len(data)
        directory += _CENTRAL.pack(b"PK\1\2", 20, 20, 0, 0, 0, 33, crc, size, size, len(raw), 0, 0, 0, 0, 0, len(front))
        directory += raw
        front += _LOCAL.pack(b"PK\3\4", 20, 0, 0, 0, 33, crc, size, size, len(raw), 0) + raw + data
        count += 1
    place = len(front), len(directory)
    end = _END.pack(b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, place[1], place[0], 0)
    if zip64:
        end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, place[1], place[0])
        end += struct.pack("<4sLQL", b"PK\6\7", 0, sum(place), 1)
        end += _END.pack(b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return bytes(front + directory) + end


def tarred(files: Files, mode: str = "w", tar_format: int = tarfile.PAX_FORMAT, **options: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=tar_format, **options) as archive:  # type: ignore[call-overload]
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def entry_of(archive: bytes, name: str) -> bytes:
    """An entry's bytes as they are in the archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        info = opened.getinfo(name)
    start = info.header_offset + 30 + len(name)
    return archive[start : start + info.compress_size]


def with_flag(archive: bytes, name: str, flag: int) -> bytes:
    """The zip with a bit set in the flags of one entry, in its own header and in the directory."""
    return _patched(archive, name, 6, 8, flag, lambda old, new: old | new)


def with_method(archive: bytes, name: str, method: int) -> bytes:
    return _patched(archive, name, 8, 10, method, lambda old, new: new)


def _patched(archive: bytes, name: str, local: int, central: int, value: int, change) -> bytes:
    data = bytearray(archive)
    raw = name.encode()
    for magic, field, name_at in ((b"PK\3\4", local, 30), (b"PK\1\2", central, 46)):
        at = data.find(magic)
        while data[at + name_at : at + name_at + len(raw)] != raw:
            at = data.find(magic, at + 1)
        (old,) = struct.unpack_from("<H", data, at + field)
        struct.pack_into("<H", data, at + field, change(old, value))
    return bytes(data)


def read(payload: bytes, origin: str = "/in/a", limits: Limits = DEFAULT) -> list[Expanded]:
    return list(expand_bytes(payload, origin, CHANGED, limits))


def documents(outcomes: Iterable[Expanded]) -> dict[str, bytes]:
    """Origin to payload. Fails where one origin names two documents."""
    found: dict[str, bytes] = {}
    for outcome in outcomes:
        if isinstance(outcome, RawDocument):
            assert outcome.origin not in found
            found[outcome.origin] = outcome.payload
    return found


def dead(outcomes: Iterable[Expanded]) -> dict[str, DeadLetter]:
    """Origin to dead letter. Fails where one origin has two."""
    found: dict[str, DeadLetter] = {}
    for outcome in outcomes:
        if isinstance(outcome, DeadLetter):
            assert outcome.origin not in found
            found[outcome.origin] = outcome
    return found


def codes(outcomes: Iterable[Expanded]) -> dict[str, str]:
    return {origin: letter.code for origin, letter in dead(outcomes).items()}


class Unseekable(io.RawIOBase):
    """A stream that can be read from front to back only, a few bytes at a time."""

    def __init__(self, data: bytes, most: int = 700) -> None:
        self._data = io.BytesIO(data)
        self._most = most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, self._most) if size >= 0 else -1)
