"""``python -m local.generate``: write a set of archives of generated documents, and what a job must count in it."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from local.generate.archives import ArchiveSet
from local.generate.broken import CODES
from local.generate.document import Generated
from local.generate.stories import STORIES
from local.generate.stream import documents, leaves, one_of_each_broken
from local.generate.totals import Totals
from pipelines.guard import guarded
from transforms.language import say, tr

MANIFEST = "manifest.json"
INPUT = "input"
_MARK = "acervo generated archives"


@guarded
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    out = Path(options.out)
    weights = dict(options.story or ())
    problem = _problem(out, options.force)
    if problem:
        parser.error(problem)
    started = time.monotonic()
    try:
        expected, example = write_set(
            out, options.seed, options.count, options.archive, options.broken, options.duplicates, weights
        )
    except OSError as error:
        print(say("cannot write the set under {folder}: {error}", folder=out, error=error), file=sys.stderr)
        return 1
    seconds = max(time.monotonic() - started, 0.001)
    dead = sum(expected.dead_letters.values())
    told = say(
        "{files:,} files ({size:,.1f} MB, {rate:,.0f} a second) in {folder}: {inputs:,} inputs = {documents:,} "
        "documents + {events:,} events + {ranges:,} voided ranges + {dead:,} dead; {duplicates:,} duplicates, "
        "{keys:,} keys, for example {example}",
        files=expected.files,
        size=expected.payload_bytes / 1e6,
        rate=expected.files / seconds,
        folder=out / INPUT,
        inputs=expected.inputs,
        documents=expected.documents,
        events=expected.events,
        ranges=expected.voided_ranges,
        dead=dead,
        duplicates=expected.duplicates,
        keys=expected.keys,
        example=example,
    )
    print(told)
    return 0


def write_set(
    out: Path,
    seed: int,
    count: int,
    archive: str = "mixed",
    broken: float = 0.0,
    duplicates: float = 0.0,
    weights: dict[str, float] | None = None,
) -> tuple[Totals, str]:
    """Write ``<out>/input`` and ``<out>/manifest.json``; the expected totals and a key with a rich history.

    What an earlier call wrote there is replaced. ``count`` is the number of files. When broken ones are asked for and
    there is room, one of each code is among them.
    """
    shutil.rmtree(out / INPUT, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    # A set that was cut short is known as ours, and as incomplete.
    _write_json(out / MANIFEST, {"made_by": _MARK, "complete": False})
    totals, richest = Totals(), _Richest()
    with ArchiveSet(out / INPUT, archive) as archives:
        for generated in _inputs(seed, count, broken, duplicates, weights or {}):
            archives.add(generated)
            totals.add(generated)
            richest.add(generated)
    manifest = {
        "made_by": _MARK,
        "complete": True,
        "seed": seed,
        "count": count,
        "archive": archive,
        "broken": broken,
        "duplicates": duplicates,
        "stories": weights or {},
        "input": INPUT,
        "example_key": richest.key,
        "expected": totals.as_json(),
    }
    _write_json(out / MANIFEST, manifest)
    return totals, richest.key


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _inputs(seed: int, count: int, broken: float, duplicates: float, weights: dict[str, float]) -> Iterator[Generated]:
    extra = len(CODES) if broken and count >= 10 * len(CODES) else 0
    stream = documents(seed, count - extra, broken=broken, duplicates=duplicates, **weights)
    return chain(stream, one_of_each_broken(seed) if extra else ())


class _Richest:
    """The key with the most different inputs, in constant memory: the inputs of a key follow one another."""

    def __init__(self) -> None:
        self.key = ""
        self._most = 0
        self._history = -1
        self._seen: Counter[str] = Counter()

    def add(self, generated: Generated) -> None:
        if generated.duplicate:
            return
        if generated.history != self._history:
            self._history = generated.history
            self._seen.clear()
        for leaf in leaves(generated):
            if leaf.key:
                self._seen[leaf.key] += 1
                if self._seen[leaf.key] > self._most:
                    self.key, self._most = leaf.key, self._seen[leaf.key]


def _problem(out: Path, force: bool) -> str:
    if out.is_file():
        return say("--out {folder} is a file; give a folder", folder=out)
    if not out.is_dir() or not any(out.iterdir()):
        return ""
    if not _is_ours(out):
        return say("--out {folder} holds other files; choose a new or empty folder", folder=out)
    if force:
        return ""
    return say("--out {folder} already holds a set; choose another folder, or replace it with --force", folder=out)


def _is_ours(out: Path) -> bool:
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("made_by") == _MARK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.generate",
        description=tr(
            "Write archives of generated fiscal documents, and a manifest of what a job must count in them."
        ),
    )
    parser.add_argument("--seed", type=int, default=7, help=tr("the same seed gives the same documents (default 7)"))
    parser.add_argument("--count", type=_positive, default=2000, help=tr("number of files to generate (default 2000)"))
    parser.add_argument("--out", required=True, help=tr("folder for the set: input/ and manifest.json go there"))
    parser.add_argument(
        "--archive",
        choices=("mixed", "zip", "tar.gz", "folder"),
        default="mixed",
        help=tr("mixed (default) has all kinds"),
    )
    parser.add_argument(
        "--broken", type=_chance, default=0.0, help=tr("share of unreadable inputs, 0 to 1 (default 0)")
    )
    parser.add_argument(
        "--duplicates", type=_chance, default=0.0, help=tr("share of repeated inputs, 0 to 1 (default 0)")
    )
    parser.add_argument(
        "--story",
        type=_story,
        action="append",
        metavar="NAME[=WEIGHT]",
        help=say("only these kinds of history; repeatable. Names: {names}", names=", ".join(STORIES)),
    )
    parser.add_argument("--force", action="store_true", help=tr("replace a set that an earlier run wrote to --out"))
    return parser


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(say("must be a whole number above zero, not {text!r}", text=text))
    return int(text)


def _chance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(say("must be a number from 0 to below 1, not {text!r}", text=text))
    return value


def _story(text: str) -> tuple[str, float]:
    name, _, weight = text.partition("=")
    if name not in STORIES:
        raise argparse.ArgumentTypeError(say("no story is called {name!r}; see --help for the names", name=name))
    try:
        value = float(weight or 1)
    except ValueError:
        value = 0.0
    if value <= 0:
        raise argparse.ArgumentTypeError(
            say("the weight of {name} must be a number above zero, not {weight!r}", name=name, weight=weight)
        )
    return name, value


if __name__ == "__main__":
    sys.exit(main())
