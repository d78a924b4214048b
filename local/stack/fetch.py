"""The Bigtable emulator from Maven Central, for machines without the Google Cloud SDK.

Google publishes ``com.google.cloud:google-cloud-bigtable-emulator`` for Java tests; its jar carries the emulator's
binaries. One pinned version, checked against its digest, goes into a cache folder of the user.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from transforms.errors import AcervoError
from transforms.language import say

VERSION = "0.220.0"
SHA256 = "e8c39d6e2f1c1f577070088e1adfdaa5aa9db55e9682e6dd43fdf60451fe780d"
URL = (
    "https://repo1.maven.org/maven2/com/google/cloud/google-cloud-bigtable-emulator/"
    f"{VERSION}/google-cloud-bigtable-emulator-{VERSION}.jar"
)
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm", "arm64": "arm"}


class FetchError(AcervoError):
    """The jar could not be had, or holds nothing for this machine."""


def cache_folder() -> Path:
    """Where fetched programs are kept: ``ACERVO_CACHE``, or ``acervo`` in the user's cache folder."""
    if given := os.environ.get("ACERVO_CACHE"):
        return Path(given).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "acervo"


def entry_name(system: str = sys.platform, machine: str = "") -> str:
    """The path of the emulator inside the jar for a platform; FetchError where there is none."""
    machine = (machine or platform.machine()).lower()
    if system not in ("linux", "darwin") or machine not in MACHINES:
        raise FetchError(say("the jar has no binary for {system} on {machine}", system=system, machine=machine))
    return f"gcloud/bigtable-{system}-{MACHINES[machine]}/platform/bigtable-emulator/cbtemulator"


def bigtable_emulator() -> Path:
    """The cached ``cbtemulator``, fetched the first time. Raises FetchError."""
    name = entry_name()
    target = cache_folder() / f"cbtemulator-{VERSION}"
    if os.access(target, os.X_OK):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            jar = Path(folder) / "emulator.jar"
            _download(jar)
            program = Path(folder) / "cbtemulator"
            with zipfile.ZipFile(jar) as archive:
                program.write_bytes(archive.read(name))
            program.chmod(0o755)
            program.replace(target)
    except OSError as error:
        raise FetchError(say("cannot write to {folder}: {error}", folder=target.parent, error=error)) from error
    return target


def _download(jar: Path) -> None:
    told = say("Fetching the Bigtable emulator {version} from Maven Central (62 MB, once)", version=VERSION)
    print(told, file=sys.stderr)
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(URL, timeout=30) as response, jar.open("wb") as output:
            while block := response.read(1 << 20):
                digest.update(block)
                output.write(block)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise FetchError(f"{URL}: {error}") from error
    if digest.hexdigest() != SHA256:
        raise FetchError(
            say("{url} does not have the expected content (SHA-256 {digest})", url=URL, digest=digest.hexdigest())
        )
