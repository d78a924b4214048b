"""Signed containers (CMS SignedData, ``.p7m`` and ``.p7s``): what is in them. The signature itself is not checked."""

from __future__ import annotations

import base64
import re

from asn1crypto import cms

from transforms.ingest.limits import (
    CORRUPT_ARCHIVE,
    DETACHED_SIGNATURE,
    ENCRYPTED_ENTRY,
    ENTRY_TOO_LARGE,
    Unreadable,
)

# SEQUENCE of any length, and the object identifier of PKCS #7: 2 signed, 3 enveloped, 6 encrypted.
_BINARY = re.compile(
    rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x02\x03\x06]",
    re.DOTALL,
)
_PEM = re.compile(rb"\s*-----BEGIN (PKCS7|PKCS #7 SIGNED DATA|CMS)-----\s")
_BASE64 = re.compile(rb"[A-Za-z0-9+/=\s]+\Z")
_NAMES = (".p7m", ".p7s")


def is_signed(head: bytes, name: str) -> bool:
    """Whether a file that begins so is a signed container; by its name where that promises it."""
    return bool(_BINARY.match(head) or _PEM.match(head)) or name.lower().endswith(_NAMES)


def inner_name(name: str) -> str:
    """The name of what a container holds."""
    return name[:-4] if name.lower().endswith(_NAMES) else name


def content_of(data: bytes, limit: int) -> bytes:
    """What was signed. Unreadable where the container is damaged or encrypted, or holds a signature alone."""
    if len(data) > limit:
        raise Unreadable(ENTRY_TOO_LARGE, f"a signed container may have {limit} bytes; this has more")
    try:
        container = cms.ContentInfo.load(_plain(data))
        if container["content_type"].native != "signed_data":
            raise Unreadable(ENCRYPTED_ENTRY, "the container is encrypted, not only signed; send what is in it")
        content = container["content"]["encap_content_info"]["content"].native
        signed = content if isinstance(content, bytes) else b""
    except Unreadable:
        raise
    except Exception as error:  # whatever the decoder makes of bytes that are none
        told = " ".join(str(error).split())[:200]
        raise Unreadable(CORRUPT_ARCHIVE, f"the signed container is damaged: {told}") from None
    if not signed:
        raise Unreadable(DETACHED_SIGNATURE, "it is a signature alone; what it signs is another file")
    return signed


def _plain(data: bytes) -> bytes:
    """The container's bytes, where it came as text."""
    pem = _PEM.match(data)
    if pem:
        data = data[pem.end() :].partition(b"-----END")[0]
    return base64.b64decode(data) if pem or _BASE64.match(data) else data
