"""Where Google's emulators, Java and Prism are on this machine, and what to do when they are not.

Each finder takes, in this order: an environment variable that names the program, PATH, the Google Cloud SDK.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from local.stack import fetch, jars
from local.stack.process import StackError
from transforms.language import mark, say, tr

SDK_ROOTS = (
    "/usr/lib/google-cloud-sdk",
    "/usr/local/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/opt/homebrew/share/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
    "~/google-cloud-sdk",
)

BIGTABLE_HELP = mark("""the Bigtable emulator was not found. Any of these makes it available:
  gcloud components install bigtable
  apt-get install google-cloud-cli-bigtable-emulator        (from Google's apt repository)
  BIGTABLE_EMULATOR_BIN=/path/to/cbtemulator
It is also fetched from Maven Central where that can be reached; this time it could not be: {error}""")
PUBSUB_HELP = mark("""the Pub/Sub emulator was not found. Any of these makes it available (it needs Java 11 or newer):
  gcloud components install pubsub-emulator
  apt-get install google-cloud-cli-pubsub-emulator          (from Google's apt repository)
  PUBSUB_EMULATOR_BIN=/path/to/cloud-pubsub-emulator""")
JARS_HELP = mark("{name} is fetched from Maven Central, once; this time it could not be: {error}")
JAVA_HELP = mark("""{program} needs Java {release} or newer on PATH (or JAVA_HOME), and there is none:
  Debian, Ubuntu:  apt-get install default-jre-headless
  macOS:           brew install openjdk""")


def bigtable_emulator() -> Path:
    """The ``cbtemulator`` program; StackError says how to get it."""
    found = _named("BIGTABLE_EMULATOR_BIN") or _on_path("cbtemulator")
    found = found or _in_sdk("platform/bigtable-emulator/cbtemulator")
    if found:
        return found
    try:
        return fetch.bigtable_emulator()
    except fetch.FetchError as error:
        raise StackError(say(BIGTABLE_HELP, error=error)) from error


def pubsub_emulator() -> Path:
    """The ``cloud-pubsub-emulator`` program; StackError says how to get it, or the Java that it needs."""
    found = _named("PUBSUB_EMULATOR_BIN") or _on_path("cloud-pubsub-emulator")
    found = found or _in_sdk("platform/pubsub-emulator/bin/cloud-pubsub-emulator")
    if not found:
        raise StackError(tr(PUBSUB_HELP))
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise StackError(say(JAVA_HELP, program=tr("the Pub/Sub emulator"), release=11))
    return found


def java(program: str, release: int) -> Path:
    """The ``java`` that runs a program; StackError says how to get it. ``release``: the oldest that does."""
    home = os.environ.get("JAVA_HOME")
    found = _on_path("java") if not home else Path(home) / "bin" / "java"
    if found is None or not os.access(found, os.X_OK):
        raise StackError(say(JAVA_HELP, program=program, release=release))
    return found


def kafka() -> list[str]:
    """How Java is started with a broker's classes; StackError says how to get what is missing."""
    return _with_jars(java(tr("a Kafka broker"), 17), jars.KAFKA)


def elasticmq() -> list[str]:
    """How Java is started with the classes of ElasticMQ; StackError says how to get what is missing."""
    return _with_jars(java("ElasticMQ", 11), jars.ELASTICMQ)


def flink() -> tuple[Path, Path]:
    """Java, and the folder of Flink's jars; StackError says how to get what is missing."""
    return java("Flink", 17), _folder_of(jars.FLINK)


def _with_jars(program: Path, wanted: jars.Jars) -> list[str]:
    return [str(program), "-cp", f"{_folder_of(wanted)}/*"]


def _folder_of(wanted: jars.Jars) -> Path:
    try:
        return jars.folder_of(wanted)
    except fetch.FetchError as error:
        raise StackError(say(JARS_HELP, name=wanted.name, error=error)) from error


def prism() -> Path | None:
    """Beam's Prism runner, where ``make prism`` or somebody else put it."""
    return _named("PRISM_BIN") or _beside_python("prism") or _on_path("prism")


def _named(variable: str) -> Path | None:
    value = os.environ.get(variable)
    if not value:
        return None
    path = Path(value).expanduser()
    if not os.access(path, os.X_OK) or path.is_dir():
        raise StackError(say("{variable}={value} is not a program that can be run.", variable=variable, value=value))
    return path


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _beside_python(name: str) -> Path | None:
    path = Path(sys.prefix) / "bin" / name
    return path if os.access(path, os.X_OK) else None


def _in_sdk(relative: str) -> Path | None:
    for root in _sdk_roots():
        path = root / relative
        if os.access(path, os.X_OK):
            return path
    return None


def _sdk_roots() -> Iterator[Path]:
    """Folders that look like the SDK, cheap guesses first: asking gcloud itself takes a second."""
    if given := os.environ.get("CLOUDSDK_ROOT_DIR"):
        yield Path(given)
    if gcloud := shutil.which("gcloud"):
        yield Path(gcloud).resolve().parent.parent
    for root in SDK_ROOTS:
        yield Path(root).expanduser()
    if root := _root_from_gcloud():
        yield Path(root)


@cache
def _root_from_gcloud() -> str:
    gcloud = shutil.which("gcloud")
    if not gcloud:
        return ""
    command = [gcloud, "info", "--format=value(installation.sdk_root)"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
