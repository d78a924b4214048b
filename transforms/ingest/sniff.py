"""What a file is: by its first bytes, and by its name where they do not tell."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from transforms.ingest import foreign, litter, mail, signed, tars
from transforms.ingest.decompressors import (
    BZIP2_MAGIC,
    GZIP_MAGIC,
    XZ_MAGIC,
    Decompressor,
    bzip2_decompressor,
    gzip_decompressor,
    xz_decompressor,
)
from transforms.ingest.limits import CORRUPT_ARCHIVE, UNSUPPORTED_COMPRESSION

SNIFFED = 1024


class Kind(Enum):
    """What is done with a file."""

    DOCUMENTS = "documents"
    ZIP = "zip archive"
    TAR = "tar archive"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    SEVEN_ZIP = "7z archive"
    RAR = "RAR archive"
    ZSTD = "zstd"
    LZ4 = "lz4"
    COMPRESS = "compress (.Z)"
    BROKEN = "damaged archive"
    MAIL = "e-mail"
    MAILBOX = "mailbox"
    SIGNED = "signed container"
    FOREIGN = "no fiscal XML"
    LITTER = "system file"


DECOMPRESSORS: dict[Kind, tuple[str, Callable[[], Decompressor], bytes]] = {
    Kind.GZIP: ("the gzip stream", gzip_decompressor, GZIP_MAGIC),
    Kind.BZIP2: ("the bzip2 stream", bzip2_decompressor, BZIP2_MAGIC),
    Kind.XZ: ("the xz stream", xz_decompressor, XZ_MAGIC),
}

# Two bytes decide where more has to be looked at; the rest of the magic is checked behind.
_MAGIC = (
    (b"PK\3\4", Kind.ZIP),
    (b"PK\5\6", Kind.ZIP),
    (b"PK\7\x08PK", Kind.ZIP),
    (GZIP_MAGIC, Kind.GZIP),
    (BZIP2_MAGIC, Kind.BZIP2),
    (XZ_MAGIC, Kind.XZ),
    (b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
    (b"Rar!\x1a\x07", Kind.RAR),
    (b"\x28\xb5\x2f\xfd", Kind.ZSTD),
    (b"\x04\x22\x4d\x18", Kind.LZ4),
    (b"\x1f\x9d", Kind.COMPRESS),
)
_BZIP2_BLOCKS = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")
_ARCHIVE_NAMES = (".zip", ".tar", ".tar.gz", ".tgz", ".gz", ".tar.bz2", ".tbz2", ".bz2", ".tar.xz", ".txz", ".xz")
# Byte order marks, white space, and zeros of UTF-16.
_BEFORE_XML = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
_TAR_NAMES = {".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar"}


def kind_of(head: bytes, name: str) -> Kind:
    """What a file is that begins with ``head`` (SNIFFED bytes, or all there are) and has this name or origin.

    Content that is none of the known kinds is a document, whatever the name: the parser says what is wrong with it.
    What looks like XML is never anything else, unless its root is that of a web page or of an image.
    Only where a name promises an archive and the content is neither that nor XML, the archive is damaged.
    """
    if head[257:262] == b"ustar" and tars.is_header(head[:512]):
        return Kind.TAR
    if head.startswith((b"<", b"\xef\xbb\xbf<")):
        return _markup(head)
    if litter.is_litter_by_content(head):
        return Kind.LITTER
    by_content = _by_magic(head)
    if by_content:
        return by_content if by_content is not Kind.ZIP or not foreign.code_of(head, name) else Kind.FOREIGN
    if tars.is_header(head[:512]):
        return Kind.TAR
    lowered = name.lower()
    if head and lowered.endswith(_ARCHIVE_NAMES):
        return _promised(head, lowered)
    return _markup(head) if _may_be_xml(head) else _other(head, name)


def _by_magic(head: bytes) -> Kind | None:
    for magic, kind in _MAGIC:
        if head.startswith(magic) and (kind is not Kind.BZIP2 or head[4:10] in _BZIP2_BLOCKS):
            return kind
    return None


def _may_be_xml(head: bytes) -> bool:
    """Whether the first character is that of XML, in whatever encoding."""
    return head.lstrip(_BEFORE_XML).startswith(b"<")


def _markup(head: bytes) -> Kind:
    return Kind.FOREIGN if foreign.code_of_markup(head) else Kind.DOCUMENTS


def _other(head: bytes, name: str) -> Kind:
    """What is neither XML nor an archive."""
    if litter.is_litter_by_name(name):
        return Kind.LITTER
    if not head:
        return Kind.DOCUMENTS  # an empty input is the parser's to tell
    head = head[:SNIFFED]  # entries come whole, and may be made to keep a pattern busy
    if signed.is_signed(head, name):
        return Kind.SIGNED
    if mail.is_mailbox(head):
        return Kind.MAILBOX
    if mail.is_mail(head, name):
        return Kind.MAIL
    return Kind.FOREIGN if foreign.code_of(head, name) else Kind.DOCUMENTS


def _promised(head: bytes, name: str) -> Kind:
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") or head[:4] in (b"\xff\xfe<\0", b"\xfe\xff\0<"):
        return Kind.DOCUMENTS
    if name.endswith(".zip"):
        return Kind.ZIP  # a self-extracting one begins with a program
    if name.endswith(".tar"):
        return Kind.TAR  # an empty one is all zeros
    return Kind.BROKEN


def unpacked_name(name: str) -> str:
    """The name that a compressed file has once it is decompressed."""
    lowered = name.lower()
    for ending, plain in _TAR_NAMES.items():
        if lowered.endswith(ending):
            return name[: -len(ending)] + plain
    stem, dot, ending = name.rpartition(".")
    return stem if dot and ending.lower() in ("gz", "bz2", "xz") else name


def why_not(kind: Kind) -> tuple[str, str]:
    """Code and message for a kind of archive that cannot be read."""
    if kind is Kind.BROKEN:
        return CORRUPT_ARCHIVE, "its name is that of an archive, its content is not: it does not begin as one does"
    return UNSUPPORTED_COMPRESSION, f"{kind.value} is not supported; pack it again as zip or tar.gz"
