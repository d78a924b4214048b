"""A Kafka broker's jars from Maven Central: each pinned by its digest, in a cache folder of the user."""

from __future__ import annotations

import hashlib
import sys
import tempfile
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.stack.fetch import FetchError, cache_folder
from transforms.language import mark, say

VERSION = "4.1.1"
FETCHING = mark("Fetching Kafka {version} from Maven Central ({jars} jars, 43 MB in all, once)")
MAVEN = "https://repo1.maven.org/maven2/"
LIST = Path(__file__).with_name("kafka_jars.txt")
"""Digest (SHA-256) and path of each: what ``org.apache.kafka:kafka_2.13`` needs to run, as Maven resolves it."""


def kafka_jars() -> Path:
    """The folder with all jars of a broker, fetched the first time. Raises FetchError."""
    wanted = [line.split() for line in LIST.read_text().splitlines()]
    folder = cache_folder() / f"kafka-{VERSION}"
    missing = [(digest, path) for digest, path in wanted if not (folder / Path(path).name).is_file()]
    if not missing:
        return folder
    told = say(FETCHING, version=VERSION, jars=len(missing))
    print(told, file=sys.stderr)
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
