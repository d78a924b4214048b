"""Jars of Kafka, ElasticMQ and Flink from Maven Central: each pinned by its digest, in a cache folder of the user."""

from __future__ import annotations

import hashlib
import sys
import tempfile
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local.stack.fetch import FetchError, cache_folder
from transforms.language import mark, say

MAVEN = "https://repo1.maven.org/maven2/"
FETCHING = mark("Fetching {name} {version} from Maven Central ({jars} jars, {size} MB in all, once)")


@dataclass(frozen=True)
class Jars:
    """What a server needs to run, as Maven resolves it: its file lists digest (SHA-256) and path of each jar."""

    name: str
    version: str
    size: int

    @property
    def listed(self) -> list[list[str]]:
        file = Path(__file__).with_name(f"{self.name.lower()}_jars.txt")
        return [line.split() for line in file.read_text().splitlines()]


KAFKA = Jars("Kafka", "4.1.1", 43)
ELASTICMQ = Jars("ElasticMQ", "1.7.1", 37)
FLINK = Jars("Flink", "1.19.3-beam-2.70.0", 130)
"""A cluster of Flink and Beam's job server for it: ``local/flink/pom.xml`` says of which artifacts."""


def folder_of(jars: Jars) -> Path:
    """The folder with all of them, fetched the first time. Raises FetchError."""
    folder = cache_folder() / f"{jars.name.lower()}-{jars.version}"
    missing = [(digest, path) for digest, path in jars.listed if not (folder / Path(path).name).is_file()]
    if not missing:
        return folder
    print(say(FETCHING, name=jars.name, version=jars.version, jars=len(missing), size=jars.size), file=sys.stderr)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as partial, ThreadPoolExecutor(8) as pool:
            for fetched in pool.map(lambda jar: _download(jar[0], jar[1], Path(partial)), missing):
                fetched.replace(folder / fetched.name)
    except OSError as error:
        raise FetchError(say("cannot write to {folder}: {error}", folder=folder, error=error)) from error
    return folder


def _download(digest: str, path: str, folder: Path) -> Path:
    """One jar; it is whole, or FetchError is raised."""
    url = MAVEN + path
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            content = response.read()
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise FetchError(f"{url}: {error}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise FetchError(say("{url} does not have the expected content (SHA-256 {digest})", url=url, digest=found))
    target = folder / Path(path).name
    target.write_bytes(content)
    return target
