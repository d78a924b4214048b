"""A local Flink before any process is started: what is fetched, what is told, how it is found."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from local.flink import __main__ as command
from local.flink import session, settings
from local.flink.session import Place
from local.live import runner_arguments
from local.stack import StackError, find
from local.stack.jars import ELASTICMQ, FLINK, KAFKA, Jars

PLACE = Place("http://127.0.0.1:1", "127.0.0.1:2", "/somewhere/worker")


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("ACERVO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ACERVO_FLINK_FILE", str(tmp_path / "flink.json"))


def java(folder: Path) -> None:
    (folder / "path").mkdir()
    (folder / "path" / "java").write_text("#!/bin/sh\n")
    (folder / "path" / "java").chmod(0o755)


def test_without_java_the_first_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Starting Flink"
    assert said[1] == "error: Flink needs Java 17 or newer on PATH (or JAVA_HOME), and there is none:"


def test_offline_it_says_what_could_not_be_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java(tmp_path)
    monkeypatch.setattr("local.stack.jars.MAVEN", "http://127.0.0.1:9/")
    with pytest.raises(StackError, match=r"Flink is fetched from Maven Central, once; this time it could not be: http"):
        find.flink()
    assert not list((tmp_path / "cache" / f"flink-{FLINK.version}").glob("*")), "nothing half fetched is left"


def test_a_jar_of_another_content_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java(tmp_path)
    (tmp_path / "a.jar").write_bytes(b"another")
    monkeypatch.setattr("local.stack.jars.MAVEN", f"{tmp_path.as_uri()}/")
    monkeypatch.setattr(Jars, "listed", [["0" * 64, "a.jar"]])
    with pytest.raises(StackError, match="does not have the expected content"):
        find.flink()


@pytest.mark.parametrize("jars", [FLINK, KAFKA, ELASTICMQ], ids=lambda jars: jars.name)
def test_every_jar_is_pinned_once(jars: Jars) -> None:
    digests, paths = zip(*jars.listed, strict=True)
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)
    assert all(path.endswith(".jar") for path in paths)
    names = [Path(path).name for path in paths]
    assert len(set(names)) == len(names)


def test_the_list_is_of_the_versions_that_the_pom_names() -> None:
    pom = (Path(settings.__file__).parent / "pom.xml").read_text()
    for name, artifact in (("flink", "flink-runtime"), ("beam", "beam-runners-flink-1.19")):
        [version] = re.findall(f"<{name}>(.*)</{name}>", pom)
        assert version in FLINK.version
        assert any(path.endswith(f"/{artifact}-{version}.jar") for _, path in FLINK.listed)


def test_a_job_server_stages_less_than_the_cluster_loads(tmp_path: Path) -> None:
    for _, path in FLINK.listed:
        (tmp_path / Path(path).name).touch()
    cluster, server = (path(tmp_path).split(":") for path in (settings.cluster_path, settings.server_path))
    assert len(cluster) == len(FLINK.listed) > len(server) > 100
    assert not any("rpc-akka" in jar for jar in server)


def test_a_flink_is_found_as_long_as_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert session.running() is None
    with session.announced(PLACE):
        assert session.running() is None, "nobody listens there"
        monkeypatch.setattr(session, "listens", lambda port: port == 2)
        assert session.running() == PLACE
    assert session.running() is None


def test_a_file_that_says_nothing_is_no_flink() -> None:
    session.state_file().write_text("[]")
    assert session.running() is None
    session.state_file().write_text('{"page": "http://127.0.0.1:1"}')
    assert session.running() is None


def test_workers_get_the_emulators_of_whoever_sends_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", "127.0.0.1:3")
    given = dict(one.removeprefix("--").split("=", 1) for one in session.arguments(PLACE))
    assert given["runner"] == "FlinkRunner" and given["job_endpoint"] == "127.0.0.1:2"
    assert given["flink_master"] == "127.0.0.1:1"
    worker = json.loads(given["environment_config"])
    assert worker["command"] == "/somewhere/worker" and worker["env"]["BIGTABLE_EMULATOR_HOST"] == "127.0.0.1:3"


@pytest.mark.parametrize(
    ("name", "flink"),
    [
        ("flink", True),
        ("FlinkRunner", True),
        ("apache_beam.runners.FlinkRunner", True),
        ("PrismRunner", False),
        (None, False),
    ],
)
def test_the_names_of_the_runner(name: str | None, flink: bool) -> None:
    assert session.is_flink(name) is flink


def test_a_stream_runs_where_it_is_asked_to() -> None:
    prism = Path("/bin/prism")
    assert runner_arguments(prism) == runner_arguments(prism, "PrismRunner") == [
        "--runner", "PrismRunner", "--prism_location", "/bin/prism"
    ]  # fmt: skip
    assert runner_arguments(None) == ["--runner", "BundleBasedDirectRunner"]
    assert runner_arguments(prism, "PortableRunner") == ["--runner", "PortableRunner"]
