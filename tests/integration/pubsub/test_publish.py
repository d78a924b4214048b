"""The publisher's command line, against the emulator."""

from __future__ import annotations

import gzip
import re
import time
import zipfile
from pathlib import Path

import pytest

from local.stack import PROJECT_ID
from pipelines import outgoing, publish
from tests.integration.queues import Queue

KEY = "35180834128745000152550010000476051695511860"
BODY = f'<NFe><infNFe versao="4.00" Id="NFe{KEY}"><ide><mod>55</mod></ide></infNFe></NFe>'
NFE = f'<nfeProc xmlns="http://www.portalfiscal.inf.br/nfe">{BODY}</nfeProc>'.encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three documents, two of them in one archive."""
    (tmp_path / "a.xml").write_bytes(NFE)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("x.xml", b"<x/>")
        archive.writestr("y.xml", b"<y/>")
    return tmp_path


def run(queue: Queue, *argv: str | Path) -> int:
    return publish.main([*map(str, argv), "--topic", queue.topic])


def test_each_document_is_a_message_named_by_its_path(
    queue: Queue, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(queue, folder) == 0
    received = {message.attributes["origin"]: message for message in queue.pulled(3, 5)}
    assert {origin: message.data for origin, message in received.items()} == {
        str(folder / "a.xml"): NFE,
        str(folder / "b.zip") + "#x.xml": b"<x/>",
        str(folder / "b.zip") + "#y.xml": b"<y/>",
    }
    assert "received_at" not in received[str(folder / "a.xml")].attributes
    assert capsys.readouterr().out.startswith(f"3 messages (0.0 MB) published to {queue.topic} in ")


def test_archives_can_be_sent_as_they_are(queue: Queue, folder: Path) -> None:
    assert run(queue, folder, "--whole", "--origin=none") == 0
    received = queue.pulled(2, 5)
    assert {message.data for message in received} == {NFE, (folder / "b.zip").read_bytes()}
    assert all(not message.attributes for message in received)


def test_messages_can_be_compressed_and_ordered(queue: Queue, folder: Path) -> None:
    assert run(queue, folder / "a.xml", "--gzip", "--ordering_key=access_key", "--received_at=file") == 0
    (message,) = queue.pulled(1, 5)
    assert gzip.decompress(message.data) == NFE
    assert message.ordering_key == KEY
    assert message.attributes["received_at"].endswith("Z")


def test_everything_can_be_repeated_in_an_order_that_the_seed_decides(queue: Queue, folder: Path) -> None:
    args = publish.arguments([str(folder), "--topic=t", "--repeat=3", "--shuffle=7"])
    first, second = list(outgoing.messages(args)), list(outgoing.messages(args))
    assert first == second
    assert first != list(outgoing.messages(publish.arguments([str(folder), "--topic=t", "--repeat=3"])))
    assert len(first) == 9
    assert run(queue, folder, "--repeat=3", "--shuffle=7", "--limit=8") == 0
    assert len(queue.pulled(9, 3)) == 8


def test_what_is_broken_is_sent_for_the_job_to_tell_why(queue: Queue, folder: Path) -> None:
    (folder / "b.zip").write_bytes((folder / "b.zip").read_bytes()[:60])
    (folder / "c.xml").write_bytes(b"no xml")
    assert run(queue, folder) == 0
    assert b"no xml" in {message.data for message in queue.pulled(3, 5)}


def test_what_does_not_fit_is_left_out_and_said(queue: Queue, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "big.xml").write_bytes(b"<x>" + b" " * 10_000_000 + b"</x>")
    assert run(queue, folder) == 1
    assert len(queue.pulled(4, 3)) == 3
    assert f"left out: {folder / 'big.xml'}: " in capsys.readouterr().out
    assert run(queue, folder / "big.xml", "--whole") == 1
    assert "do not fit into a message (10,000,000)" in capsys.readouterr().out


def test_a_missing_topic_is_said_before_anything_is_read(
    queue: Queue, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish.main([str(folder), "--topic", queue.topic + "-not"]) == 2
    assert re.search("does not exist. Create it: .*publish --create --topic", capsys.readouterr().err)


def test_a_topic_and_its_subscription_can_be_created(queue: Queue, folder: Path) -> None:
    name = queue.topic.rpartition("/")[2] + "-new"
    argv = [str(folder), "--project", PROJECT_ID, "--topic", name, "--create", "--subscription", name]
    assert publish.main(argv) == 0
    queue.subscription = f"projects/{PROJECT_ID}/subscriptions/{name}"
    assert len(queue.pulled(3, 5)) == 3


def test_a_missing_input_is_said(queue: Queue, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(queue, folder / "none.xml") == 2
    assert "none.xml matches no file" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--rate=0"], ["--repeat=0"], ["--subscription=s"], ["--ordering_key=cnpj"]])
def test_options_that_make_no_sense_are_refused(folder: Path, wrong: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        publish.arguments([str(folder), "--topic=t", *wrong])


def test_the_rate_is_kept_to(queue: Queue, folder: Path) -> None:
    started = time.monotonic()
    assert run(queue, folder, "--rate=10", "--repeat=4") == 0
    assert time.monotonic() - started >= 1.1
    assert len(queue.pulled(12, 3)) == 12
