from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from local.stack import StackError, fetch, find


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No emulator anywhere, and Maven Central out of reach."""
    for variable in ("BIGTABLE_EMULATOR_BIN", "PUBSUB_EMULATOR_BIN", "PRISM_BIN", "CLOUDSDK_ROOT_DIR", "JAVA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("ACERVO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(find, "SDK_ROOTS", (str(tmp_path / "sdk"),))
    monkeypatch.setattr(fetch, "URL", "http://127.0.0.1:9/emulator.jar")
    monkeypatch.setattr("sys.prefix", str(tmp_path / "venv"))
    find._root_from_gcloud.cache_clear()


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_bigtable__nowhere_and_offline__says_every_way_to_get_it() -> None:
    with pytest.raises(StackError) as error:
        find.bigtable_emulator()
    for way in ("gcloud components install bigtable", "apt-get install", "BIGTABLE_EMULATOR_BIN", "Maven Central"):
        assert way in str(error.value)


def test_bigtable__named_by_the_environment__wins_over_path_and_sdk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(tmp_path / "path/cbtemulator")
    named = program(tmp_path / "mine/emulator")
    monkeypatch.setenv("BIGTABLE_EMULATOR_BIN", str(named))
    assert find.bigtable_emulator() == named


def test_bigtable__on_path__wins_over_sdk(tmp_path: Path) -> None:
    program(tmp_path / "sdk/platform/bigtable-emulator/cbtemulator")
    on_path = program(tmp_path / "path/cbtemulator")
    assert find.bigtable_emulator() == on_path


def test_bigtable__only_in_a_usual_sdk_folder(tmp_path: Path) -> None:
    inside = program(tmp_path / "sdk/platform/bigtable-emulator/cbtemulator")
    assert find.bigtable_emulator() == inside


def test_bigtable__in_the_sdk_that_gcloud_on_path_links_to(tmp_path: Path) -> None:
    program(tmp_path / "elsewhere/bin/gcloud")
    inside = program(tmp_path / "elsewhere/platform/bigtable-emulator/cbtemulator")
    (tmp_path / "path").mkdir()
    (tmp_path / "path/gcloud").symlink_to(tmp_path / "elsewhere/bin/gcloud")
    assert find.bigtable_emulator() == inside


def test_bigtable__in_the_sdk_that_only_gcloud_itself_can_name(tmp_path: Path) -> None:
    inside = program(tmp_path / "far/platform/bigtable-emulator/cbtemulator")
    program(tmp_path / "path/gcloud").write_text(f"#!/bin/sh\necho {tmp_path / 'far'}\n")
    assert find.bigtable_emulator() == inside


@pytest.mark.parametrize("content", [None, "folder", "not executable"])
def test_bigtable__named_program_cannot_run__says_which_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    named = tmp_path / "named"
    if content == "folder":
        named.mkdir()
    elif content:
        named.write_text(content)
    monkeypatch.setenv("BIGTABLE_EMULATOR_BIN", str(named))
    with pytest.raises(StackError, match="BIGTABLE_EMULATOR_BIN"):
        find.bigtable_emulator()


def test_pubsub__nowhere__says_how_to_get_it() -> None:
    with pytest.raises(StackError, match="gcloud components install pubsub-emulator"):
        find.pubsub_emulator()


def test_pubsub__without_java__says_that_java_is_missing(tmp_path: Path) -> None:
    program(tmp_path / "path/cloud-pubsub-emulator")
    with pytest.raises(StackError, match="needs Java"):
        find.pubsub_emulator()


def test_pubsub__with_java_on_path(tmp_path: Path) -> None:
    program(tmp_path / "path/java")
    emulator = program(tmp_path / "path/cloud-pubsub-emulator")
    assert find.pubsub_emulator() == emulator


def test_prism__absent_is_no_error__and_the_virtual_environment_comes_before_path(tmp_path: Path) -> None:
    assert find.prism() is None
    program(tmp_path / "path/prism")
    assert find.prism() == tmp_path / "path/prism"
    program(tmp_path / "venv/bin/prism")
    assert find.prism() == tmp_path / "venv/bin/prism"


@pytest.mark.parametrize(
    ("system", "machine", "folder"),
    [
        ("linux", "x86_64", "bigtable-linux-x86_64"),
        ("linux", "aarch64", "bigtable-linux-arm"),
        ("darwin", "arm64", "bigtable-darwin-arm"),
        ("darwin", "x86_64", "bigtable-darwin-x86_64"),
    ],
)
def test_fetch__entry_of_a_platform(system: str, machine: str, folder: str) -> None:
    assert folder in fetch.entry_name(system, machine)


@pytest.mark.parametrize(("system", "machine"), [("linux", "riscv64"), ("freebsd", "x86_64")])
def test_fetch__no_binary_for_the_platform(system: str, machine: str) -> None:
    with pytest.raises(fetch.FetchError, match=machine):
        fetch.entry_name(system, machine)


def serve_jar(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    jar = tmp_path / "served.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr(fetch.entry_name("linux", "x86_64"), b"#!/bin/sh\n")
    monkeypatch.setattr(fetch, "URL", jar.as_uri())
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(fetch.entry_name, "__defaults__", ("linux", ""))
    return jar


def test_fetch__once__then_from_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jar = serve_jar(monkeypatch, tmp_path)
    monkeypatch.setattr(fetch, "SHA256", hashlib.sha256(jar.read_bytes()).hexdigest())
    fetched = find.bigtable_emulator()
    assert fetched.read_bytes() == b"#!/bin/sh\n"
    jar.unlink()
    assert find.bigtable_emulator() == fetched


def test_fetch__content_of_another_digest__is_refused_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    serve_jar(monkeypatch, tmp_path)
    with pytest.raises(StackError, match="expected content"):
        find.bigtable_emulator()
    assert list((tmp_path / "cache").iterdir()) == []
