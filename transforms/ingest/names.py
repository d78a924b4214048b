"""Names of archive entries: how they are decoded, which are refused, and how each becomes the name of one input."""

from __future__ import annotations

from hashlib import blake2b

_PORTUGUESE = frozenset("áàâãäéêíóôõöúüçñÁÀÂÃÄÉÊÍÓÔÕÖÚÜÇÑºª°")
_DRIVE_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def decode(raw: bytes, declared_utf8: bool, fallback: str | None) -> str:
    """An entry's name as text. UTF-8 where it is valid, declared or not, else ``fallback``, or the code page that it
    probably is in."""
    if raw.isascii():
        return raw.decode("ascii")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "backslashreplace") if declared_utf8 else raw.decode(fallback or probable(raw))


def probable(raw: bytes) -> str:
    """The code page of a name that says nothing of it: the one in which more of its bytes are letters of Portuguese,
    in the case of the letter in front of them; cp850, of Windows' own archiver in Brazil, where both fit alike; and
    cp437, the format's own, which has a character for every byte, where none does. The bytes alone decide, so that
    one name is the same everywhere.
    """
    best, points = "cp437", 0
    for page in ("cp850", "cp1252"):
        found = _points(raw.decode(page, "replace"))
        if found > points:
            best, points = page, found
    return best


def _points(text: str) -> int:
    points = 0
    for at, character in enumerate(text):
        if character == "\ufffd":
            return 0
        if character in _PORTUGUESE:
            before, after = text[at - 1 : at], text[at + 1 : at + 2]
            neighbour = before if before.isalpha() else after
            points += 2 if not neighbour.isalpha() or neighbour.islower() == character.islower() else 1
        elif character > "\x7f":
            points -= 1
    return points


def why_unsafe(name: str) -> str | None:
    """Why a name must not be used as a path, or None. A backslash counts as a separator, as it does on Windows."""
    if "\0" in name:
        return "it has a NUL character"
    path = name.replace("\\", "/") if "\\" in name else name
    if path.startswith("/"):
        return "it is an absolute path"
    if path[1:2] == ":" and path[0] in _DRIVE_LETTERS:
        return "it begins with a drive letter"
    if ".." in path and ".." in path.split("/"):
        return "it climbs out of the archive with '..'"
    return None


class EntryNames:
    """Makes the names of one archive's entries distinct: the second ``x.xml`` is ``x.xml~2``.

    Remembers eight bytes of digest of each name, not the names: an archive may have millions. (Two names with one
    digest would give one of them an ordinal that it does not need, and the same one in every run.)
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._counts: dict[str, int] = {}

    def distinct(self, name: str) -> str:
        """The name to use; the same in every run that sees the entries in the same order."""
        if "\0" in name:
            name = name.replace("\0", "\\0")
        digest = _digest(name)
        if digest not in self._seen:
            self._seen.add(digest)
            return name
        count = self._counts.get(name, 1)
        while digest in self._seen:
            count += 1
            digest = _digest(f"{name}~{count}")
        self._counts[name] = count
        self._seen.add(digest)
        return f"{name}~{count}"


def _digest(name: str) -> bytes:
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
