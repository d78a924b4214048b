"""Which keys a job over the source of truth takes, as options."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.launch import LaunchError
from transforms.language import say, tr
from transforms.truth.selection import Selection


class SelectionOptions(PipelineOptions):
    """Which keys a job over the source of truth takes."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--states", default="", help=tr("Only keys of these states, such as SP,RJ."))
        parser.add_argument("--months", default="", help=tr("Only keys of these months, as in the key: 2503,2504."))
        parser.add_argument(
            "--issuers", default="", help=tr("Only keys of these issuers: CNPJ or CPF, separated by commas.")
        )
        parser.add_argument(
            "--keys", default="", help=tr("Only these access keys, separated by commas, or @FILE with one per line.")
        )


NAMES = ("states", "months", "issuers", "keys")


def selection_of(options: PipelineOptions) -> Selection:
    """The keys that the options select. Raises LaunchError for what selects nothing."""
    given = options.view_as(SelectionOptions)
    return selected({name: getattr(given, name) for name in NAMES})


def selected(texts: Mapping[str, str]) -> Selection:
    """The keys that the texts of the options select, by their names. Raises LaunchError for what selects nothing."""
    try:
        return Selection(**{name: listed(name, text) for name, text in texts.items()})
    except ValueError as error:
        raise LaunchError(str(error)) from error


def listed(name: str, text: str) -> tuple[str, ...]:
    """The values of an option, separated by commas, or of a file: ``@FILE``, one per line. Raises LaunchError where it
    cannot be read, and where it is given and names nothing, which would be taken for everything."""
    try:
        found = _lines(text[1:]) if text.startswith("@") else _parts(text)
    except (OSError, UnicodeDecodeError) as error:
        raise LaunchError(str(error)) from error
    if text and not found:
        raise LaunchError(say("--{name} {text} selects nothing", name=name, text=text))
    return found


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _lines(path: str) -> tuple[str, ...]:
    with open(path, encoding="utf-8") as file:
        return tuple(line.strip() for line in file if line.strip())
