"""The demo archive: generated once for each version of the generator, and always the same."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import local.generate
from local.generate.__main__ import INPUT, MANIFEST, write_set
from local.stack.process import PROJECT
from pipelines.input_counts import InputCounts
from transforms import language
from transforms.language import mark, say, tr

FOLDER = PROJECT / "out"
SEED = 7
FILES = 2000
BROKEN = 0.02
DUPLICATES = 0.05
UNEXPECTED = mark("{what}: {found} instead of {expected}")
WHAT = {
    "inputs": mark("inputs"),
    "documents": mark("documents"),
    "events": mark("events"),
    "voided_ranges": mark("voided ranges"),
    "dead_letters": mark("dead letters"),
}


class Demo(NamedTuple):
    """Where the archives are, and what must be counted in them (the ``expected`` of their manifest)."""

    input: Path
    expected: dict[str, Any]


def demo(writing: Callable[[], object] = lambda: None, folder: Path = FOLDER) -> Demo:
    """The demo archives under ``folder``, written when they are not there; ``writing`` is called before that.

    They appear whole or not at all, so that two runs at once do not disturb one another.
    """
    target = folder / f"demo-{_fingerprint()}"
    if not target.exists():
        writing()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".demo-") as partial:
            written = Path(partial) / "set"
            write_set(written, SEED, FILES, broken=BROKEN, duplicates=DUPLICATES)
            _move(written, target)
    manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
    return Demo(target / INPUT, manifest["expected"])


def unexpected(inputs: InputCounts, expected: Mapping[str, Any]) -> list[str]:
    """Where a run over a whole generated set differs from what its manifest expects."""
    return [
        say(UNEXPECTED, what=tr(what), found=_shown(getattr(inputs, name)), expected=_shown(expected[name]))
        for name, what in WHAT.items()
        if name in expected and getattr(inputs, name) != expected[name]
    ]


def _shown(value: object) -> object:
    return language.number(value) if isinstance(value, int) else value


def _move(written: Path, target: Path) -> None:
    try:
        written.rename(target)
    except OSError:
        if not target.exists():
            raise
        shutil.rmtree(written)  # another run was faster with the same bytes


def _fingerprint() -> str:
    """Changes with the generator and with what is asked of it."""
    digest = hashlib.sha256(f"{SEED} {FILES} {BROKEN} {DUPLICATES}".encode())
    for module in sorted(Path(local.generate.__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:8]
