"""What ingestion accepts, and the codes of what it refuses.

Sizes are bytes after decompression unless a name says otherwise. The same limits hold for files, for messages of
a queue and for rows of a database, so that an input is treated the same wherever it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass

from transforms.language import mark

STAGE = "ingest"

ENCRYPTED_ENTRY = "encrypted_entry"
ENTRY_TOO_LARGE = "too_large"
ZIP_BOMB = "zip_bomb"
UNSAFE_ENTRY_NAME = "unsafe_entry_name"
UNSAFE_ENTRY_TYPE = "unsafe_entry_type"
CORRUPT_ARCHIVE = "corrupt_archive"
UNSUPPORTED_COMPRESSION = "unsupported_compression"
ARCHIVE_TOO_DEEP = "archive_too_deep"
UNREADABLE_FILE = "unreadable_file"
DETACHED_SIGNATURE = "detached_signature"
MAIL_WITHOUT_ATTACHMENT = "mail_without_attachment"

CODES: dict[str, str] = {
    ENCRYPTED_ENTRY: mark("an archive's entry, or a signed container, that asks for a password or a key"),
    ENTRY_TOO_LARGE: mark("larger than the limit"),
    ZIP_BOMB: mark("an archive that unpacks to far more than it holds"),
    UNSAFE_ENTRY_NAME: mark("an archive's entry whose name leads out of the archive"),
    UNSAFE_ENTRY_TYPE: mark("an archive's entry that is a link or a device"),
    CORRUPT_ARCHIVE: mark("an archive or a mail that is damaged, or ends too early"),
    UNSUPPORTED_COMPRESSION: mark("compressed in a way that is not read"),
    ARCHIVE_TOO_DEEP: mark("archives nested deeper than the limit"),
    UNREADABLE_FILE: mark("a file that could not be read"),
    DETACHED_SIGNATURE: mark("a signature without what it signs"),
    MAIL_WITHOUT_ATTACHMENT: mark("a mail that has nothing attached"),
}


@dataclass(frozen=True)
class Limits:
    """Bounds of what one input may cost.

    ``max_entry_bytes``: the largest document, and the most that is held in memory of anything. ``max_ratio``: the
    largest expansion of one compressed stream once it has made ``ratio_from_bytes``, and of one file over all its
    levels once it has made ``total_from_bytes``; fiscal XML compresses 5 to 30 times. ``max_depth``: archives
    within archives (``a.zip#b.tar.gz#c.zip#d.xml`` is three). ``max_spooled_bytes``: the largest archive inside
    another that is put on disk to be read. ``kept_bytes``: how much of an input is kept in its dead letter where
    the whole is larger than ``max_entry_bytes``. ``max_parsed_bytes``: the largest e-mail and signed container, which
    are held in memory whole.
    """

    max_entry_bytes: int = 10_000_000
    max_ratio: int = 200
    ratio_from_bytes: int = 1_000_000
    total_from_bytes: int = 100_000_000
    max_depth: int = 3
    max_spooled_bytes: int = 2_000_000_000
    kept_bytes: int = 65_536
    max_parsed_bytes: int = 50_000_000


DEFAULT = Limits()


class Unreadable(Exception):
    """Something that cannot be read, with a stable code and a message for people.

    ``kept`` are the bytes for its dead letter, if only the reader has them; otherwise whoever makes the dead letter
    fetches the bytes as received. ``size`` is how many were read, ``cut`` whether there are more.
    """

    def __init__(self, code: str, message: str, kept: bytes | None = None, size: int = 0, cut: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.kept = kept
        self.size = size
        self.cut = cut


class ExpansionExceeded(Exception):
    """A file that has expanded to more, over all its levels, than any honest archive does."""


class Budget:
    """What one file has been read for and has expanded to, over all its levels."""

    __slots__ = ("_floor", "_ratio", "expanded", "read")

    def __init__(self, limits: Limits) -> None:
        self._floor = limits.total_from_bytes
        self._ratio = limits.max_ratio
        self.read = 0
        self.expanded = 0

    def grow(self, count: int) -> None:
        """Counts decompressed bytes. Raises ExpansionExceeded when they are far too many for the compressed ones."""
        self.expanded += count
        if self.expanded > self._floor and self.expanded > self._ratio * self.read:
            raise ExpansionExceeded(
                f"{self.read} bytes of it expanded to {self.expanded}, more than {self._ratio} times as many"
            )
