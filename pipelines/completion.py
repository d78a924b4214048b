"""Completion of commands and options in a shell: prints a script, which the shell reads when it starts.

    acervo completion bash > ~/.local/share/bash-completion/completions/acervo
    acervo completion zsh > "${fpath[1]}/_acervo"
    acervo completion fish > ~/.config/fish/completions/acervo.fish

The script holds all options, so that completing runs no Python. Print it again after an upgrade.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

import shtab

from pipelines import helping
from pipelines.command import COMMANDS, usage
from transforms.language import tr

SHELLS = ("bash", "zsh", "fish")


def parser() -> argparse.ArgumentParser:
    """The options of this command."""
    found = argparse.ArgumentParser(
        prog="acervo completion",
        description=helping.described(__doc__),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument("shell", choices=SHELLS)
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    shell = parser().parse_args(argv).shell
    sys.stdout.write(shtab.complete(whole(), shell=shell))
    return 0


def whole() -> argparse.ArgumentParser:
    """One parser of every command with its options. Imports all of them, which takes some seconds."""
    found = argparse.ArgumentParser(prog="acervo", usage=usage())
    found.add_argument("--version", action="store_true", help=tr("name and version of what is installed"))
    commands = found.add_subparsers()
    for name, summary in COMMANDS.items():
        commands.add_parser(name, help=tr(summary), parents=[parser_of(name)], add_help=False)
    return found


def parser_of(name: str) -> argparse.ArgumentParser:
    """The options of a command; only ``--help`` where its module does not say."""
    module = import_module(f"pipelines.{name}")
    if hasattr(module, "JOB"):
        from pipelines import command_line  # with Beam, which only jobs need

        return command_line.parser(module)
    found: argparse.ArgumentParser = getattr(module, "parser", argparse.ArgumentParser)()
    return found
