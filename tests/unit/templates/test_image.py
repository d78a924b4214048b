"""The Dockerfile walked line by line: what it copies exists, is let through, and is where the launcher looks."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCK = (ROOT / "templates" / "requirements.txt").read_text()


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "templates" / "Dockerfile").read_text()
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line and line[0] != "#")]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    start = max(index for index, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


def environment() -> dict[str, str]:
    return dict(rest.split("=", 1) for word, rest in last_stage() if word == "ENV")


def files_of_the_image(job: str) -> set[str]:
    """Absolute paths that COPY lines of the last stage put into the image."""
    found, folder = set(), "/"
    for word, rest in last_stage():
        rest = rest.replace("${JOB}", job)
        if word == "WORKDIR":
            folder = rest
        if word == "COPY":
            target = rest.split()[-1]
            found.add(target if target.startswith("/") else f"{folder}/{target}")
    return found


def copied_from_the_project() -> list[str]:
    found = []
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from="):
            found += rest.split()[:-1]
    return found


def let_through(path: str) -> bool:
    """``.dockerignore`` for the few forms of pattern that it holds."""
    decision = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.lstrip("!")
        if line and line[0] != "#" and (fnmatch(path, pattern) or f"{path}/".startswith(f"{pattern}/")):
            decision = line.startswith("!")
    return decision


def jobs() -> list[str]:
    return sorted(path.stem for path in (ROOT / "templates").glob("*.json"))


def test_what_is_copied_exists_and_is_let_through() -> None:
    copied = copied_from_the_project()
    assert {"pipelines", "transforms", "templates/requirements.txt", "templates/launch.py"} <= set(copied)
    for path in copied:
        assert (ROOT / path).exists(), path
        assert let_through(path), path


@pytest.mark.parametrize(
    "path",
    [".git", ".venv", "tests", "local", "out", ".stack.json", "pipelines/__pycache__", "templates/metadata.py", "docs"],
)
def test_nothing_else_is_let_through(path: str) -> None:
    assert not let_through(path)


@pytest.mark.parametrize("job", jobs())
def test_launcher_finds_the_file_that_it_is_told_to_run(job: str) -> None:
    told = environment()["FLEX_TEMPLATE_PYTHON_PY_FILE"].replace("${JOB}", job)
    assert told in files_of_the_image(job)
    assert Path(told).stem == job
    assert "/opt/google/dataflow/python_template_launcher" in files_of_the_image(job)


def test_image_starts_as_a_worker_and_installs_nothing_when_it_starts() -> None:
    assert last_stage()[-1] == ("ENTRYPOINT", '["/opt/apache/beam/boot"]')
    assert "/opt/apache/beam" in files_of_the_image("backfill")
    assert environment()["RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT"] == "1"
    read_by_the_launcher = {name for name in environment() if name.startswith("FLEX_TEMPLATE_")}
    assert read_by_the_launcher == {"FLEX_TEMPLATE_PYTHON_PY_FILE"}


def test_memory_is_allocated_as_on_a_laptop() -> None:
    makefile = (ROOT / "Makefile").read_text()
    exported = dict(re.findall(r"^export (MALLOC_\w+) \?= (\w+)$", makefile, re.MULTILINE))
    assert exported == {name: value for name, value in environment().items() if name.startswith("MALLOC_")} != {}


def test_what_is_installed_is_pinned_and_complete() -> None:
    installs = [rest for word, rest in last_stage() if word == "RUN" and "pip install" in rest]
    assert len(installs) == 2
    assert all("--no-deps" in install for install in installs)
    assert "-r requirements.txt" in installs[0]
    assert "pip check" in installs[1]
    pinned = [line for line in LOCK.splitlines() if line and not line.startswith(("#", " "))]
    assert pinned and all("==" in line for line in pinned)


def test_what_is_compiled_is_compiled_for_the_lxml_that_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = dict(one.split("==") for one in project["build-system"]["requires"] if "==" in one)
    assert f"lxml=={needed['lxml']}\n" in LOCK
    assert f"cython=={needed['cython']}" in project["project"]["optional-dependencies"]["dev"]
    tested = [rest for word, rest in last_stage() if word == "RUN" and "sax.MISSING" in rest]
    assert len(tested) == 1


def test_every_base_image_has_a_version_and_beam_has_that_of_the_lock() -> None:
    defaults = dict(rest.split("=", 1) for word, rest in instructions() if word == "ARG" and "=" in rest)
    assert f"apache-beam=={defaults['BEAM_VERSION']}\n" in LOCK
    for word, rest in instructions():
        if word == "FROM":
            image = rest.split()[0]
            version = re.sub(r"\$\{(\w+)\}", lambda found: defaults[found[1]], image).partition(":")[2]
            assert version and version != "latest", image


def test_job_and_image_come_after_everything_that_is_shared() -> None:
    words = [f"{word} {rest}" for word, rest in last_stage()]
    job = words.index("ARG JOB")
    assert all("pip install" not in word for word in words[job:])
    assert all("${JOB}" not in word for word in words[:job])
