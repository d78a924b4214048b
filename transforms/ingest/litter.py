"""Files that systems leave in folders without anybody's will: they are no inputs, so they are counted and passed over.

Only what is certain: by content that nothing else has, or by a name that only systems give, and then only where the
content is neither XML nor anything that could hold some.
"""

from __future__ import annotations

import re

# AppleDouble, .DS_Store.
_CONTENTS = (b"\x00\x05\x16\x07\x00\x02\x00\x00", b"\x00\x00\x00\x01Bud1")
_NAMES = frozenset((".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".localized", ".apdisk", "icon\r"))
# Locks of Office, files that NFS keeps for who has them open, marks of what was downloaded.
_LOCKS = re.compile(r"~\$.|\.~lock\.|\.nfs[0-9a-f]{8}")
_MARKS = (":zone.identifier", ".gitkeep", ".gitignore")
_FOLDERS = frozenset(("__macosx", ".spotlight-v100", ".fseventsd", ".trashes"))
_SEPARATORS = re.compile(r"[/\\]")
# How EntryNames makes names distinct.
_ORDINAL = re.compile(r"~\d+$")


def is_litter_by_content(head: bytes) -> bool:
    """Whether a file that begins so is a system's, whatever its name."""
    return head.startswith(_CONTENTS)


def is_litter_by_name(origin: str) -> bool:
    """Whether a file is a system's by its name, or by that of a folder within the archive in which it is."""
    named = origin.rstrip("#")  # as names of LibreOffice's locks end
    within_archive = "#" in named
    *folders, name = _SEPARATORS.split(named.rpartition("#")[2].lower())
    is_system = _ORDINAL.sub("", name) in _NAMES or bool(_LOCKS.match(name)) or name.endswith(_MARKS)
    return is_system or (within_archive and not _FOLDERS.isdisjoint(folders))
