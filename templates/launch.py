"""What the Flex Template launcher runs. The image holds it under the name of its job: ``/template/<job>.py``.

Nothing is defined here that a worker needs: workers import the installed package.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from apache_beam.options.pipeline_options import PipelineOptions

IMAGE = "image.txt"


def switches(families: Iterable[type[PipelineOptions]]) -> set[str]:
    """Flags that take no value, such as ``--strict``."""
    found: set[str] = set()
    for family in families:
        parser = argparse.ArgumentParser(add_help=False)
        family._add_argparse_args(parser)
        for action in parser._actions:
            if action.nargs == 0:
                found.update(action.option_strings)
    return found


def arguments(given: Sequence[str], known_switches: set[str], image: str | None) -> list[str]:
    """The launcher's arguments as argparse reads them, with the image that workers are to run.

    A template's boolean parameter arrives as ``--strict=true``, which argparse refuses for a flag without a value.
    """
    found: list[str] = []
    for argument in given:
        name, equals, value = argument.partition("=")
        if not equals or name not in known_switches:
            found.append(argument)
        elif value.lower() == "true":
            found.append(name)
        elif value.lower() != "false":
            raise SystemExit(f"error: {name} is true or false, not {value!r}")
    if image and not any(argument.partition("=")[0] == "--sdk_container_image" for argument in found):
        found.append(f"--sdk_container_image={image}")
    return found


def main(file: Path, given: Sequence[str]) -> int:
    """Launches the job that ``file`` is named after; returns the exit status."""
    job = importlib.import_module(f"pipelines.{file.stem}")
    image = file.with_name(IMAGE)
    families = list(PipelineOptions.__subclasses__())
    status = job.main(arguments(given, switches(families), image.read_text().strip() if image.exists() else None))
    return int(status or 0)


if __name__ == "__main__":
    raise SystemExit(main(Path(__file__), sys.argv[1:]))
