"""Scripts that complete commands and options, read by the shells that are there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines import command, completion


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    import shtab

    folder, whole = tmp_path_factory.mktemp("completion"), completion.whole()
    found = {}
    for shell in completion.SHELLS:
        found[shell] = folder / shell
        found[shell].write_text(shtab.complete(whole, shell=shell))
    return found


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_script_names_every_command_and_is_read_by_its_shell(shell: str, scripts: dict[str, Path]) -> None:
    text = scripts[shell].read_text()
    for name in command.COMMANDS:
        assert name in text, name
    if program := shutil.which(shell):
        subprocess.run([program, "-n", scripts[shell]], check=True)


def completed(script: Path, *words: str) -> set[str]:
    """What bash offers for the last of the words."""
    line = " ".join(words)
    asked = f"""
        source {script}
        COMP_WORDS=({" ".join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}
        COMP_LINE='{line}'; COMP_POINT={len(line)}
        $(complete -p acervo | sed -n 's/.*-F \\([^ ]*\\).*/\\1/p') acervo '{words[-1]}' '{words[-2]}'
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", asked], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_bash_completes_commands(scripts: dict[str, Path]) -> None:
    assert completed(scripts["bash"], "acervo", "re") == {
        "redrive",
        "refold",
        "rebuild",
        "reconcile",
        "reparse",
        "retention",
        "report",
    }


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("backfill", "--in"), {"--input"}),
        (("backfill", "--fallback_"), {"--fallback_encoding"}),
        (("lookup", "--or"), {"--origin"}),
        (("reconcile", "--bigtable_a"), {"--bigtable_app_profile"}),
    ],
)
def test_bash_completes_the_options_of_a_command(
    words: tuple[str, ...], offered: set[str], scripts: dict[str, Path]
) -> None:
    assert completed(scripts["bash"], "acervo", *words) == offered


def test_bash_completes_values_of_a_choice(scripts: dict[str, Path]) -> None:
    assert completed(scripts["bash"], "acervo", "backfill", "--fallback_encoding", "w") == {"windows-1252"}
    assert completed(scripts["bash"], "acervo", "completion", "f") == {"fish"}
