"""Jars of Kafka and of Flink from Maven Central: each pinned by its digest, in a cache folder of the user."""

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
FETCHING = mark("Fetching {name} {version} from Maven Central ({jars} jars, {megabytes} MB in all, once)")


@dataclass(frozen=True)
class Program:
    """What Java runs: ``listed`` has the digest (SHA-256) and path of each of its jars, as Maven resolves them."""

    name: str
    version: str
    listed: Path
    megabytes: int

    @property
    def jars(self) -> list[tuple[str, str]]:
        """Digest and path of each jar."""
        lines = (line.split() for line in self.listed.read_text().splitlines())
        return [(digest, path) for digest, path in lines]

    def folder(self) -> Path:
        """The folder with all its jars, fetched the first time. Raises FetchError."""
        folder = cache_folder() / f"{self.name.lower()}-{self.version}"
        missing = [(digest, path) for digest, path in self.jars if not (folder / Path(path).name).is_file()]
        if missing:
            told = say(FETCHING, name=self.name, version=self.version, jars=len(missing), megabytes=self.megabytes)
            print(told, file=sys.stderr)
            _fetch(missing, folder)
        return folder


KAFKA = Program("Kafka", "4.1.1", Path(__file__).with_name("kafka_jars.txt"), 43)
"""What ``org.apache.kafka:kafka_2.13`` needs to run."""
FLINK = Program("Flink", "1.19.3-beam-2.70.0", Path(__file__).parents[1] / "flink" / "jars.txt", 129)
"""A cluster of Flink and Beam's job server for it: ``local/flink/pom.xml`` says of which artifacts."""


def _fetch(missing: list[tuple[str, str]], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as partial, ThreadPoolExecutor(8) as pool:
            for fetched in pool.map(lambda jar: _download(jar[0], jar[1], Path(partial)), missing):
                fetched.replace(folder / fetched.name)
    except OSError as error:
        raise FetchError(say("cannot write to {folder}: {error}", folder=folder, error=error)) from error


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
