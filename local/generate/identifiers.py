"""Identifiers with valid check digits: CNPJ (with letters on request), CPF, access keys."""

from __future__ import annotations

from local.generate.instants import Instant
from local.generate.rng import Rng
from transforms.access_key import CODE_OF_UF, check_digit

_LETTERS_AND_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CNPJ_WEIGHTS = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)


def cnpj(rng: Rng, letters: bool = False) -> str:
    """A valid CNPJ of 14 characters; with letters as issued from 2026 when asked."""
    if letters:
        base = "".join(rng.pick(_LETTERS_AND_DIGITS) for _ in range(7)) + "X" + f"{rng.between(1, 9):04d}"
    else:
        base = f"{rng.between(1, 89):02d}{rng.digits(6)}{1 if rng.chance(0.8) else rng.between(2, 40):04d}"
    values = [ord(c) - 48 for c in base]
    for weights in (_CNPJ_WEIGHTS[1:], _CNPJ_WEIGHTS):
        values.append(_digit(sum(v * w for v, w in zip(values, weights, strict=True))))
    return f"{base}{values[12]}{values[13]}"


def cpf(rng: Rng) -> str:
    """A valid CPF of 11 digits, never one of equal digits."""
    base = f"{rng.between(1, 899_999_998):09d}"
    values = [int(c) for c in base]
    values.append(_digit(sum(v * w for v, w in zip(values, range(10, 1, -1), strict=True))))
    values.append(_digit(sum(v * w for v, w in zip(values, range(11, 1, -1), strict=True))))
    text = f"{base}{values[9]}{values[10]}"
    return text if text != text[0] * 11 else cpf(rng)


def _digit(weighted: int) -> int:
    remainder = weighted % 11
    return 0 if remainder < 2 else 11 - remainder


def access_key(
    uf: str, issued: Instant, issuer_id: str, model: str, series: int, number: int, emission_type: int, code: str
) -> str:
    """The 44 characters; a CPF issuer is put as ``000`` + CPF. ``code`` has 8 digits (cNF, cCT, cMDF)."""
    body = f"{CODE_OF_UF[uf]}{issued.year_month}{issuer_id:0>14}{model}{series:03d}{number:09d}{emission_type}{code}"
    return body + check_digit(body)


def nfse_key(city: str, issuer_id: str, number: int, issued: Instant, code: str) -> str:
    """The 50 characters of an NFS-e of the national system; ``city`` has 7 digits, ``code`` 9."""
    registration = 1 if len(issuer_id) == 11 else 2
    body = f"{city}2{registration}{issuer_id:0>14}{number:013d}{issued.year_month}{code}"
    return body + check_digit(body)


def some_key(rng: Rng, model: str, issued: Instant, issuer_id: str, uf: str) -> str:
    """A well-formed key of a document that is referred to, and not among the generated ones."""
    return access_key(uf, issued, issuer_id, model, rng.between(1, 9), rng.between(1, 999_999), 1, rng.digits(8))
