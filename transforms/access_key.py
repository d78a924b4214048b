"""The access key (*chave de acesso*): 44 characters that identify a fiscal document.

Layout: cUF 2, AAMM 4, CNPJ 14 (or ``000`` + CPF), mod 2, serie 3, number 9, tpEmis 1, cNF 8, check digit 1.
From 2026 the CNPJ in it may have letters (Nota Técnica Conjunta 2025.001).
"""

from __future__ import annotations

import re
from typing import NamedTuple

KEY_LENGTH = 44
_FORM = re.compile(r"[0-9]{6}[0-9A-Z]{12}[0-9]{26}\Z")

UF_OF_CODE = {
    "11": "RO", "12": "AC", "13": "AM", "14": "RR", "15": "PA", "16": "AP", "17": "TO",
    "21": "MA", "22": "PI", "23": "CE", "24": "RN", "25": "PB", "26": "PE", "27": "AL", "28": "SE", "29": "BA",
    "31": "MG", "32": "ES", "33": "RJ", "35": "SP",
    "41": "PR", "42": "SC", "43": "RS",
    "50": "MS", "51": "MT", "52": "GO", "53": "DF",
}  # fmt: skip
CODE_OF_UF = {uf: code for code, uf in UF_OF_CODE.items()}

# Position of each of the first 43 characters decides its weight: 2..9 cycling from the right.
_WEIGHTS = tuple(2 + (42 - i) % 8 for i in range(43))


class AccessKey(NamedTuple):
    """The parts of an access key, as text."""

    uf_code: str
    year_month: str
    issuer: str
    model: str
    series: str
    number: str
    emission_type: str
    code: str
    check_digit: str

    @property
    def uf(self) -> str | None:
        """Two-letter state, None for a code that is no state's."""
        return UF_OF_CODE.get(self.uf_code)

    @property
    def issuer_is_person(self) -> bool:
        """Whether the issuer's place holds a CPF: ``000`` + a valid CPF, and no valid CNPJ as a whole.

        A few low CNPJs (00000000000191) read as both; they are companies.
        """
        return self.issuer.startswith("000") and is_cpf(self.issuer[3:]) and not is_cnpj(self.issuer)

    @property
    def issuer_id(self) -> str:
        """CNPJ (14 characters), or CPF (11 digits) where the issuer is a person."""
        return self.issuer[3:] if self.issuer_is_person else self.issuer

    @property
    def month(self) -> str | None:
        """First day of the key's month, ``YYYY-MM-01``; None when AAMM is no month."""
        month = self.year_month[2:]
        return f"20{self.year_month[:2]}-{month}-01" if "01" <= month <= "12" else None


def is_access_key(text: str) -> bool:
    """Whether the text has the form of an access key; its check digit is not looked at."""
    return _FORM.match(text) is not None


def check_digit(key: str) -> str:
    """Modulo-11 digit over the first 43 characters; a character counts as its ASCII code minus 48."""
    remainder = sum((ord(c) - 48) * w for c, w in zip(key, _WEIGHTS, strict=False)) % 11
    return "0" if remainder < 2 else str(11 - remainder)


def split(key: str) -> AccessKey:
    """The parts of a key of the right form (see ``is_access_key``)."""
    return AccessKey(
        key[0:2], key[2:6], key[6:20], key[20:22], key[22:25], key[25:34], key[34:35], key[35:43], key[43:44]
    )


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
