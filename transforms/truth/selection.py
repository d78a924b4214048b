"""Which keys a job over the source of truth reads, as row ranges. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from transforms import access_key
from transforms.language import say, tr
from transforms.truth import row_keys
from transforms.truth.errors import SelectionError

Range = tuple[bytes, bytes]
_VOIDED_RANGE = "ID"
_DPS = "DPS"
_ISSUER_LENGTH = 14


@dataclass(frozen=True)
class Selection:
    """All keys, or those of states, months (``YYMM``) and issuers, or the keys of a list.

    Voided ranges and DPS, whose Id has no month, are selected by state and issuer, and left out where months are given.
    """

    states: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    issuers: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises SelectionError for what selects nothing."""
        for month in self.months:
            if len(month) != 4 or not month.isdecimal() or not "01" <= month[2:] <= "12":
                raise SelectionError(
                    say("{month!r} is not a month: March 2025 is 2503, as in the access key", month=month)
                )
        for state in self.states:
            row_keys.key_prefix(state)
        for issuer in self.issuers:
            if len(issuer) not in (11, _ISSUER_LENGTH):
                raise SelectionError(
                    say("{issuer!r} is not an issuer: a CNPJ has 14 characters, a CPF 11", issuer=issuer)
                )
        for key in self.keys:
            if not (access_key.is_access_key(key) or (key.startswith(_VOIDED_RANGE) and key.isalnum())):
                raise SelectionError(
                    say(
                        "{key!r} is not an access key (44 characters, an NFS-e's 50), nor the Id of a DPS or of a "
                        "voided range",
                        key=key,
                    )
                )
        if self.keys and (self.states or self.months or self.issuers):
            raise SelectionError(tr("give a list of keys, or states, months and issuers, not both"))

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.states or self.months or self.issuers or self.keys)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the rows of the selected keys begin with; ``("",)`` for all, none for a list of keys."""
        if self.keys:
            return ()
        if not (self.states or self.months):
            return ("",)
        states = self.states or tuple(access_key.UF_OF_CODE)
        if not self.months:
            codes = [row_keys.key_prefix(state) for state in states]
            return (*codes, *(kind + code for kind in (_VOIDED_RANGE, _DPS) for code in codes))
        issuers = self.parts or ("",)
        return tuple(
            row_keys.key_prefix(state, month, one) for state in states for month in self.months for one in issuers
        )

    @property
    def parts(self) -> tuple[str, ...]:
        """One of these is inside each selected key; none for any."""
        return tuple(issuer.rjust(_ISSUER_LENGTH, "0") for issuer in self.issuers)

    def takes(self, key: str) -> bool:
        """Whether a key in the ranges is selected."""
        return not self.issuers or any(part in key for part in self.parts)

    def ranges(self) -> list[Range]:
        """Row ranges, start closed and end open, in the table's order."""
        points = [(row, row + b"\0") for row in (row_keys.row_key(key) for key in self.keys)]
        return sorted([*points, *(one for prefix in self.prefixes for one in row_keys.scan_ranges(prefix))])


def split(ranges: Iterable[Range], samples: Sequence[bytes]) -> list[Range]:
    """The same ranges, cut at the sampled row keys."""
    ordered = sorted(set(samples))
    found = []
    for start, end in ranges:
        inside = ordered[bisect_right(ordered, start) : bisect_left(ordered, end)]
        edges = [start, *inside, end]
        found += list(zip(edges, edges[1:], strict=False))
    return found
