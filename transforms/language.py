"""The language in which commands talk to people: English, or Portuguese as written in Brazil. Standard library only.

Texts stand in the code in English, which is also their name in the catalogue, ``local/locale/pt_BR.po``: ``tr`` and
``say`` translate where a text is shown, ``mark`` names one that stands in a table and is given to ``tr`` later. Codes,
names of columns, JSON, and what is stored (messages of dead letters) are never translated.
``python -m local.catalogue --write`` brings the catalogue up to date.
"""

from __future__ import annotations

import gettext
import os
import string
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from transforms.errors import AcervoError

ENGLISH, PORTUGUESE = "en", "pt"
DOMAIN = "acervo"
FOLDER = Path(__file__).parent / "locale"
LOCALE = "pt_BR"
OPTION = "--lang"
CURRENCY = "R$"
_SWAPPED = str.maketrans(",.", ".,")
# What names the language of messages, the first that is set (POSIX, Environment Variables).
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


class LanguageError(AcervoError):
    """A language that commands do not speak."""


class _Chosen:
    """What is spoken now. None: nothing was chosen, as in a worker, which talks to logs."""

    language: str | None = None
    catalogue = gettext.NullTranslations()


def mark(text: str) -> str:
    """The text itself: says that it is translated where it is shown."""
    return text


def tr(text: str) -> str:
    """A text in the language that is spoken."""
    return _Chosen.catalogue.gettext(text) if text else text


def say(text: str, /, **values: object) -> str:
    """A translated text with its values in braces; numbers have the separators of the language, as in ``{rows:,}``."""
    return _FORMATTER.vformat(tr(text), (), values)


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(format(value, format_spec))
        grouped = isinstance(value, int) and not isinstance(value, bool) and "," in format_spec
        return _local(text) if grouped or isinstance(value, float | Decimal) else text


_FORMATTER = _Formatter()


def spoken() -> str:
    """The language that is spoken: ``en`` or ``pt``."""
    return _Chosen.language or ENGLISH


def _local(number: str) -> str:
    return number.translate(_SWAPPED) if spoken() == PORTUGUESE else number


def number(value: int) -> str:
    """A whole number in groups of three."""
    return _local(f"{value:,}")


def decimal(value: Decimal, least: int = 0) -> str:
    """A decimal, exactly, in groups of three; at least so many decimals."""
    whole, _, part = format(value, "f").partition(".")
    part = part.rstrip("0").ljust(least, "0")
    sign = "-" if whole.startswith("-") else ""
    grouped = f"{int(whole.lstrip('-') or 0):,}"
    return _local(f"{sign}{grouped}.{part}" if part else f"{sign}{grouped}")


def real(value: float) -> str:
    """A floating number, with all its digits."""
    return _local(f"{value}")


def short(value: float) -> str:
    """A number with one decimal, in groups of three."""
    return _local(f"{value:,.1f}")


def money(value: Decimal) -> str:
    """An amount in BRL: with its cents, and whatever is smaller where there is something."""
    return f"{CURRENCY} {decimal(value, 2)}"


def day(value: date) -> str:
    """A date: ISO 8601, or day/month/year."""
    return f"{value:%d/%m/%Y}" if spoken() == PORTUGUESE else value.isoformat()


def instant(value: datetime) -> str:
    """A date and time with its zone, in UTC; one that has no zone is shown without."""
    zone = "" if value.tzinfo is None else " UTC"
    moment = value if value.tzinfo is None else value.astimezone(UTC)
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{day(moment.date())} {moment:%H:%M:%S}{_local(fraction)}{zone}"


@contextmanager
def speaking(argv: Sequence[str]) -> Iterator[list[str]]:
    """The language of ``--lang`` while the block runs, or of the environment; gives the arguments without it.

    In a block of another that chose already, only ``--lang`` changes it. Raises LanguageError.
    """
    rest, asked = _taken(argv)
    before = _Chosen.language, _Chosen.catalogue, os.environ.get("LANGUAGE")
    if asked is not None or before[0] is None:
        _choose(_known(asked) if asked is not None else of_environment(os.environ))
    try:
        yield rest
    finally:
        _Chosen.language, _Chosen.catalogue = before[:2]
        _tell_argparse(before[0] or ENGLISH, before[2])


def _taken(argv: Sequence[str]) -> tuple[list[str], str | None]:
    """The arguments without ``--lang``, and what it says; None where it is not given. The last one holds."""
    rest: list[str] = []
    asked: str | None = None
    left = iter(argv)
    for one in left:
        if one == OPTION:
            asked = next(left, "")
        elif one.startswith(f"{OPTION}="):
            asked = one.partition("=")[2]
        else:
            rest.append(one)
    return rest, asked


def _known(asked: str) -> str:
    language = asked.lower().replace("-", "_").partition("_")[0]
    if language not in (ENGLISH, PORTUGUESE):
        raise LanguageError(
            say("{option} {asked}: commands speak en (English) and pt (Portuguese).", option=OPTION, asked=asked)
        )
    return language


def of_environment(variables: Mapping[str, str]) -> str:
    """The language that the locale of an environment asks for: Portuguese, or else English."""
    locale = next((variables[name] for name in _VARIABLES if variables.get(name)), "")
    if locale.partition(".")[0] not in ("", "C", "POSIX"):
        locale = variables.get("LANGUAGE") or locale
    return PORTUGUESE if locale.lower().startswith(PORTUGUESE) else ENGLISH


def _choose(language: str) -> None:
    _Chosen.language = language
    found = language == PORTUGUESE
    _Chosen.catalogue = gettext.translation(DOMAIN, FOLDER, [LOCALE]) if found else gettext.NullTranslations()
    _tell_argparse(language, LOCALE if found else os.environ.get("LANGUAGE"))


def _tell_argparse(language: str, variable: str | None) -> None:
    """Has argparse say "usage:" and the like in the language: it asks gettext for the domain and the variable."""
    if variable is None:
        os.environ.pop("LANGUAGE", None)
    else:
        os.environ["LANGUAGE"] = variable
    gettext.bindtextdomain(DOMAIN, str(FOLDER))
    gettext.textdomain(DOMAIN if language == PORTUGUESE else "messages")


# What argparse says, which is in no code of the project. Python 3.11 and 3.12 say the same.
ARGPARSE = (
    mark("usage: "),
    mark("positional arguments"),
    mark("options"),
    mark("show this help message and exit"),
    mark("show program's version number and exit"),
    mark("%(prog)s: error: %(message)s\n"),
    mark("argument %(argument_name)s: %(message)s"),
    mark("the following arguments are required: %s"),
    mark("unrecognized arguments: %s"),
    mark("not allowed with argument %s"),
    mark("one of the arguments %s is required"),
    mark("invalid %(type)s value: %(value)r"),
    mark("invalid choice: %(value)r (choose from %(choices)s)"),
    mark("expected one argument"),
    mark("expected at least one argument"),
    mark("expected at most one argument"),
    mark("ambiguous option: %(option)s could match %(matches)s"),
    mark("ignored explicit argument %r"),
)
