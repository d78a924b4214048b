"""The access key (*chave de acesso*), which identifies a fiscal document, in all its kinds.

A kind of key is a ``KeyKind``: its length, its form, and where its parts are. From 2026 the CNPJ in a key may
have letters (Nota Técnica Conjunta 2025.001). Sources: MOC (44 characters), Ato COTEPE of the SAT (59), and of NFS-e
TSChaveNFSe and TSIdDPS in tiposSimples_v1.01.xsd.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

UF_OF_CODE = {
    "11": "RO", "12": "AC", "13": "AM", "14": "RR", "15": "PA", "16": "AP", "17": "TO",
    "21": "MA", "22": "PI", "23": "CE", "24": "RN", "25": "PB", "26": "PE", "27": "AL", "28": "SE", "29": "BA",
    "31": "MG", "32": "ES", "33": "RJ", "35": "SP",
    "41": "PR", "42": "SC", "43": "RS",
    "50": "MS", "51": "MT", "52": "GO", "53": "DF",
}  # fmt: skip
CODE_OF_UF = {uf: code for code, uf in UF_OF_CODE.items()}

MODEL_OF_NFSE = "nfse"
MODEL_OF_DPS = "dps"
MODEL_OF_SAT = "59"
_PERSON = "1"


class AccessKey(NamedTuple):
    """The parts of an access key, as text; empty where keys of its kind have no such part.

    ``place`` is what else numbers are counted by, next to the issuer: municipality and generating environment of an
    NFS-e. ``registration`` says what the issuer's id is: 1 CPF, 2 CNPJ.
    """

    uf_code: str
    year_month: str
    issuer: str
    model: str
    series: str
    number: str
    emission_type: str
    code: str
    check_digit: str
    place: str = ""
    registration: str = ""

    @property
    def uf(self) -> str | None:
        """The state's two letters, None for an unknown code."""
        return UF_OF_CODE.get(self.uf_code)

    @property
    def issuer_is_person(self) -> bool:
        """Whether the issuer's place holds a CPF: ``000`` + a valid CPF, and no valid CNPJ as a whole.

        A few low CNPJs (00000000000191) could be both; they are taken for companies, unless the key says otherwise.
        """
        if self.registration:
            return self.registration == _PERSON and self.issuer.startswith("000")
        return self.issuer.startswith("000") and is_cpf(self.issuer[3:]) and not is_cnpj(self.issuer)

    @property
    def issuer_id(self) -> str:
        """CNPJ (14 characters), or CPF (11 digits) where the issuer is a person."""
        return self.issuer[3:] if self.issuer_is_person else self.issuer

    @property
    def month(self) -> str | None:
        """First day of the key's month, ``YYYY-MM-01``; None when AAMM is not a month, or the key has none."""
        month = self.year_month[2:]
        return f"20{self.year_month[:2]}-{month}-01" if "01" <= month <= "12" else None


class KeyKind(NamedTuple):
    """One kind of key. ``places`` are first and last character (from 0, end open) of the parts of ``AccessKey``.

    ``model`` names the documents where the key has no model in it. ``checked``: whether its last character is a check
    digit.
    """

    name: str
    length: int
    form: re.Pattern[str]
    places: Mapping[str, tuple[int, int]]
    model: str = ""
    checked: bool = True

    def has_form(self, text: str) -> bool:
        """Whether the text has the form of a key of this kind; the check digit is not verified."""
        return self.form.match(text) is not None

    def split(self, key: str) -> AccessKey:
        """The parts of a key of the kind."""
        found = {name: key[start:end] for name, (start, end) in self.places.items()}
        return AccessKey(**{**_NO_PARTS, "model": self.model, **found})


_NO_PARTS = dict.fromkeys(AccessKey._fields, "")
_IN_44 = {"uf_code": (0, 2), "year_month": (2, 6), "issuer": (6, 20), "model": (20, 22)}
_FORM_44 = re.compile(r"[0-9]{6}[0-9A-Z]{12}[0-9]{26}\Z")

SEFAZ = KeyKind(
    "sefaz",
    44,
    _FORM_44,
    {**_IN_44, "series": (22, 25), "number": (25, 34), "emission_type": (34, 35), "code": (35, 43),
     "check_digit": (43, 44)},
)  # fmt: skip
# The series of a CF-e is the number of the device (nserieSAT).
SAT = KeyKind(
    "sat",
    44,
    _FORM_44,
    {**_IN_44, "series": (22, 31), "number": (31, 37), "code": (37, 43), "check_digit": (43, 44)},
)
NFSE = KeyKind(
    "nfse",
    50,
    re.compile(r"[0-9]{9}[0-9A-Z]{12}[0-9]{29}\Z"),
    {"uf_code": (0, 2), "place": (0, 8), "registration": (8, 9), "issuer": (9, 23), "number": (23, 36),
     "year_month": (36, 40), "code": (40, 49), "check_digit": (49, 50)},
    model=MODEL_OF_NFSE,
)  # fmt: skip
# The Id of a DPS, with its letters: what it asks for has no key yet.
DPS = KeyKind(
    "dps",
    45,
    re.compile(r"DPS[0-9]{8}[0-9A-Z]{12}[0-9]{22}\Z"),
    {"uf_code": (3, 5), "place": (3, 10), "registration": (10, 11), "issuer": (11, 25), "series": (25, 30),
     "number": (30, 45)},
    model=MODEL_OF_DPS,
    checked=False,
)  # fmt: skip
KINDS = {kind.name: kind for kind in (SEFAZ, SAT, NFSE, DPS)}
_BY_LENGTH = {kind.length: kind for kind in (NFSE, DPS, SAT, SEFAZ)}
_FORM = re.compile("|".join(f"(?:{kind.form.pattern})" for kind in (SEFAZ, NFSE, DPS)))

# Weights of the characters before the check digit, by how many they are: 2..9 cycling from the right.
_WEIGHTS = {n: tuple(2 + (n - 1 - i) % 8 for i in range(n)) for n in (kind.length - 1 for kind in (SEFAZ, NFSE))}

# Row keys are ordered by state, month and issuer, so that a scan finds those of one. An NFS-e's key begins otherwise:
# its row has these parts first, then a letter where other keys have a digit, then what is left of the key.
_ROW_OF_NFSE = ((0, 2), (36, 40), (9, 23))
_REST_OF_NFSE = ((2, 9), (23, 36), (40, 50))
_MARK = "S"
_ROW_FORM = re.compile(r"[0-9]{6}[0-9A-Z]{12}[0-9]{2}S[0-9]{30}\Z")


def kind_of(key: str) -> KeyKind:
    """The kind of a key of the right form; the kind of 44 characters where no other has its length."""
    if len(key) != SEFAZ.length:
        return _BY_LENGTH.get(len(key), SEFAZ)
    return SAT if key[20:22] == MODEL_OF_SAT else SEFAZ


def model_of(key: str) -> str:
    """The model of the key's documents: two digits (``55``), or ``nfse`` and ``dps``, whose keys have no model."""
    return kind_of(key).model or key[20:22]


def is_access_key(text: str) -> bool:
    """Whether the text has the form of an access key of any kind; the check digit is not verified."""
    return _FORM.match(text) is not None


def check_digit(key: str) -> str:
    """Modulo-11 digit over all characters but the last, or all where it is missing; a character counts as its ASCII
    code minus 48."""
    weights = _WEIGHTS.get(len(key)) or _WEIGHTS.get(len(key) - 1) or _WEIGHTS[SEFAZ.length - 1]
    remainder = sum((ord(c) - 48) * w for c, w in zip(key, weights, strict=False)) % 11
    return "0" if remainder < 2 else str(11 - remainder)


def has_right_check_digit(key: str) -> bool:
    """Whether the key's check digit is right; True for kinds of key that have none."""
    return not kind_of(key).checked or check_digit(key) == key[-1]


def split(key: str) -> AccessKey:
    """The parts of a key of the right form (see ``is_access_key``)."""
    if len(key) != 44 or key[20:22] == MODEL_OF_SAT:
        return kind_of(key).split(key)
    return AccessKey(
        key[0:2], key[2:6], key[6:20], key[20:22], key[22:25], key[25:34], key[34:35], key[35:43], key[43:44]
    )


def to_row(key: str) -> str:
    """The key as row keys have it: state, month and issuer first. Keys other than an NFS-e's stay as they are."""
    if len(key) != NFSE.length or not NFSE.has_form(key):
        return key
    first, rest = ("".join(key[start:end] for start, end in parts) for parts in (_ROW_OF_NFSE, _REST_OF_NFSE))
    return first + _MARK + rest


def from_row(row: str) -> str:
    """The key that ``to_row`` was given."""
    if len(row) != NFSE.length + 1 or not _ROW_FORM.match(row):
        return row
    first, rest = row[:20], row[21:]
    return first[:2] + rest[:7] + first[6:] + rest[7:20] + first[2:6] + rest[20:]


def is_cnpj(text: str) -> bool:
    """Whether the text is a CNPJ of 14 characters, letters allowed in the first 12, with valid check digits."""
    if len(text) != 14 or not text[12:].isdigit() or not text.isalnum() or not text.isascii() or text == text[0] * 14:
        return False
    values = [ord(c) - 48 for c in text.upper()]
    return all(text[n] == _modulo_11(values[:n], 9) for n in (12, 13))


def is_cpf(text: str) -> bool:
    """Whether the text is a CPF of 11 digits with valid check digits."""
    if len(text) != 11 or not (text.isascii() and text.isdigit()) or text == text[0] * 11:
        return False
    values = [int(c) for c in text]
    return all(text[n] == _modulo_11(values[:n], 11) for n in (9, 10))


def _modulo_11(values: list[int], heaviest: int) -> str:
    span = heaviest - 1
    remainder = sum(v * (2 + i % span) for i, v in enumerate(reversed(values))) % 11
    return "0" if remainder < 2 else str(11 - remainder)
