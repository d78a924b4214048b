"""The commands of README's code blocks, in order, and how the walk through it types each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"
_BLOCK = re.compile(r"^```(?:sh)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^(?:make|\.venv/bin/\S+|python) ")
_COMMENT = re.compile(r"\s{2,}#\s.*$")

# Not typed on the walk, and why.
NOT_WALKED = {
    "make test": "it would run this walk's own suite",
    "make tables PROJECT=P REGION=southamerica-east1 BIGTABLE_INSTANCE=I DATASET=acervo": "Google Cloud",
}
# Typed as they are: how they begin, and what they show.
QUERIES = {
    '.venv/bin/python -m pipelines.query "SELECT * FROM issuer_months" --out ': "",
    ".venv/bin/python -m pipelines.query --json ": '"status": "authorised"',
    ".venv/bin/python -m pipelines.query ": "row",
}
CLOUD = "--runner=DataflowRunner"


class Step(NamedTuple):
    """What is typed for a command, whether it stays up behind the others, and what it must show."""

    typed: str
    background: bool = False
    shows: str = ""


def commands(text: str) -> Iterator[str]:
    """Every command of the code blocks, without its comment; lines that go on are one command."""
    for block in _BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            command = re.sub(r"\s+", " ", _COMMENT.sub("", line)).strip()
            if _COMMAND.match(f"{command} "):
                yield command


def step_of(command: str, home: Path, archive: Path, key: str) -> Step:
    """How a command is typed on the walk: with files and a key that exist here. Raises KeyError for an unknown one."""
    accounted = "Every input is accounted for"
    known = {
        "make run": Step("make run", shows=accounted),
        "make run INPUT=~/notas/2025.zip": Step(f"make run INPUT={home}/notas/2025.zip", shows=accounted),
        "make run INPUT='/archive/2025/*.tar.gz' SUMMARY=summary.json": Step(
            f"make run INPUT='{archive}/2025/*.tar.gz' SUMMARY=summary.json", shows=accounted
        ),
        "make report": Step("make report", shows="The page: file://"),
        ".venv/bin/python -m pipelines.board": Step(
            ".venv/bin/python -u -m pipelines.board --port 0", background=True, shows="The board: http://127.0.0.1:"
        ),
        "make stack": Step("make stack", background=True, shows="The local stack is up"),
        "make flink": Step("make flink", background=True, shows="Flink is up"),
        "make run RUNNER=flink": Step("make run RUNNER=flink", shows=accounted),
        "make stream RUNNER=flink": Step(
            "make stream RUNNER=flink SECONDS=90 RATE=5", shows="All that was published has arrived"
        ),
        "make stream": Step("make stream SECONDS=10 RATE=5", shows="All that was published has arrived"),
        ".venv/bin/python -m pipelines.tags ide/indFinal,ide/cNF,det/@nItem --states SP --out found.csv": Step(
            ".venv/bin/python -m pipelines.tags ide/indFinal,ide/cNF,det/@nItem --states SP --out found.csv"
        ),
        ".venv/bin/python -m pipelines.lookup <access key>": Step(
            f".venv/bin/python -m pipelines.lookup {key}", shows=key
        ),
    }
    for beginning, shows in QUERIES.items():
        if command.startswith(beginning):
            return Step(command, shows=shows)
    return known[command]
