"""ReadDocuments on a runner: files, folders and archives, shards, dead letters, counters, Google Cloud Storage."""

from __future__ import annotations

import gzip
import os
import random
import socket
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.internal.gcp import auth
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from tests.pipeline.cloud import FILES, FORMS, assert_all_is_read, assert_what_is_gone_is_dead
from tests.unit.ingest.packing import CHANGED, raw_zip, tarred, with_flag, xml, zipped
from transforms.ingest import spread as spreading
from transforms.ingest import transform, work
from transforms.ingest.errors import InputError
from transforms.ingest.limits import Limits
from transforms.ingest.listing import check_patterns
from transforms.ingest.transform import ReadDocuments
from transforms.model import RawDocument

RUNNER = "FnApiRunner"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in/sub").mkdir(parents=True)
    put(tmp_path / "in/1.xml", xml(1))
    put(tmp_path / "in/sub/2.xml.gz", gzip.compress(xml(2)))
    put(tmp_path / "in/sub/3.zip", with_flag(zipped([("a.xml", xml("3a")), ("b.xml", xml("3b"))]), "b.xml", 1))
    put(tmp_path / "in/4.tar.gz", tarred([("a.xml", xml("4a")), ("b.xml", xml("4b"))], "w:gz")[:-20])
    put(tmp_path / "in/5.txt", xml("5a") + b"\n" + xml("5b"))
    return tmp_path / "in"


def put(path: Path, payload: bytes) -> None:
    path.write_bytes(payload)
    os.utime(path, ns=(0, CHANGED * 1000))


def counters(result: object) -> dict[str, int]:
    found = result.metrics().query()["counters"]
    return {counter.key.metric.name: counter.committed for counter in found if counter.key.metric.namespace == "acervo"}


def test_a_folder_of_everything(folder: Path) -> None:
    pipeline = TestPipeline(runner=RUNNER)
    read = pipeline | "Read" >> ReadDocuments([str(folder), str(folder / "*.xml")])
    documents, dead = read.documents, read.dead_letters
    expected = [
        (f"{folder}/1.xml", xml(1)),
        (f"{folder}/sub/2.xml.gz", xml(2)),
        (f"{folder}/sub/3.zip#a.xml", xml("3a")),
        (f"{folder}/4.tar.gz#a.xml", xml("4a")),
        (f"{folder}/4.tar.gz#b.xml", xml("4b")),
        (f"{folder}/5.txt#@0", xml("5a")),
        (f"{folder}/5.txt#@{len(xml('5a')) + 1}", xml("5b")),
    ]
    assert_that(documents | "Pairs" >> beam.Map(lambda d: (d.origin, d.payload)), equal_to(expected), "documents")
    assert_that(documents | "Times" >> beam.Map(lambda d: d.received_at), equal_to([CHANGED] * 7), "times")
    assert_that(
        dead | "Codes" >> beam.Map(lambda d: (d.origin, d.code, d.stage, d.received_at)),
        equal_to(
            [
                (f"{folder}/sub/3.zip#b.xml", "encrypted_entry", "ingest", CHANGED),
                (f"{folder}/4.tar.gz", "corrupt_archive", "ingest", CHANGED),
            ]
        ),
        "dead letters",
    )
    result = pipeline.run()
    result.wait_until_finish()
    assert counters(result) == {
        "files_matched": 5,
        "files_read": 5,
        "entries_read": 9,
        "bytes_read": sum(len(payload) for _, payload in expected),
    }


def test_a_folder_as_accountants_send_it(tmp_path: Path) -> None:
    files = [("1.xml", xml(1)), ("danfe.pdf", b"%PDF-1.4"), (".DS_Store", b"x"), ("__MACOSX/._1.xml", b"\0\5\26\7")]
    mail = b'From: a@b.example\nSubject: x\nContent-Type: text/xml; name="2.xml"\n\n' + xml(2)
    put(tmp_path / "mes.zip", zipped([*files, ("m.eml", mail)]))
    pipeline = TestPipeline(runner=RUNNER)
    read = pipeline | ReadDocuments(str(tmp_path))
    origins = read.documents | beam.Map(lambda d: (d.origin, d.payload))
    expected = [(f"{tmp_path}/mes.zip#1.xml", xml(1)), (f"{tmp_path}/mes.zip#m.eml#2.xml", xml(2))]
    assert_that(origins, equal_to(expected), "documents")
    dead = read.dead_letters | "Codes" >> beam.Map(lambda d: (d.origin, d.code))
    assert_that(dead, equal_to([(f"{tmp_path}/mes.zip#danfe.pdf", "pdf_file")]), "dead letters")
    result = pipeline.run()
    result.wait_until_finish()
    counted = counters(result)
    assert (counted["litter_skipped"], counted["entries_read"]) == (2, 3)


def test_a_large_zip_is_read_in_shards_and_gives_every_entry_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "SHARD_BYTES", 10_000)
    put(tmp_path / "a.zip", raw_zip((f"{n % 900}.xml", xml(n)) for n in range(1000)))
    shares = work.shared_out(next(work.batches(work_files(tmp_path))))
    assert len(shares) > 3
    with TestPipeline(runner=RUNNER) as pipeline:
        read = pipeline | ReadDocuments(str(tmp_path))
        origins = read.documents | beam.Map(lambda d: (d.origin, d.payload))
        expected = [(f"{tmp_path}/a.zip#{n % 900}.xml" + ("~2" if n >= 900 else ""), xml(n)) for n in range(1000)]
        assert_that(origins, equal_to(expected), "documents")
        assert_that(read.dead_letters, equal_to([]), "dead letters")


@pytest.mark.parametrize("spread", [False, True])
def test_a_long_archive_gives_the_same_spread_or_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch, spread: bool
) -> None:
    """Origins, bytes, times and dead letters of a damaged tar.gz beside other files, in packs of a few documents."""
    monkeypatch.setattr(transform, "LONG_BYTES", 200)
    monkeypatch.setattr(spreading, "PACK_BYTES", 1_000)
    entries = [(f"{n}.xml", xml(n)) for n in range(300)]
    put(folder / "long.tar.gz", tarred([*entries, ("../x.xml", b"<a/>"), ("b.xml", xml("b"))], "w:gz")[:-20])
    pipeline = TestPipeline(runner=RUNNER)
    read = pipeline | ReadDocuments(str(folder), spread=spread)
    expected = [(f"{folder}/long.tar.gz#{name}", payload, CHANGED) for name, payload in [*entries, ("b.xml", xml("b"))]]
    expected += [
        (f"{folder}/{origin}", payload, CHANGED)
        for origin, payload in (
            ("1.xml", xml(1)),
            ("sub/2.xml.gz", xml(2)),
            ("sub/3.zip#a.xml", xml("3a")),
            ("4.tar.gz#a.xml", xml("4a")),
            ("4.tar.gz#b.xml", xml("4b")),
            ("5.txt#@0", xml("5a")),
            (f"5.txt#@{len(xml('5a')) + 1}", xml("5b")),
        )
    ]
    documents = read.documents
    assert_that(documents | "Of" >> beam.Map(lambda d: (d.origin, d.payload, d.received_at)), equal_to(expected), "all")
    dead = [
        (f"{folder}/sub/3.zip#b.xml", "encrypted_entry"),
        (f"{folder}/4.tar.gz", "corrupt_archive"),
        (f"{folder}/long.tar.gz#../x.xml", "unsafe_entry_name"),
        (f"{folder}/long.tar.gz", "corrupt_archive"),
    ]
    letters = read.dead_letters | "Dead" >> beam.Map(lambda d: (d.origin, d.code))
    assert_that(letters, equal_to(dead), "dead")
    result = pipeline.run()
    result.wait_until_finish()
    assert counters(result)["entries_read"] == len(expected) + len(dead)
    steps = {name for name in pipeline.applied_labels if "SpreadEntries" in name}
    assert bool(steps) is spread


def test_what_spreading_holds_does_not_grow_with_the_archive() -> None:
    noise = random.Random(1).randbytes(100_000)
    documents = (RawDocument(noise, f"a.tar.gz#{n}", 1) for n in range(1_000))
    tracemalloc.start()
    packs = sum(1 for _ in spreading.packed(documents))
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert packs == 100
    assert held < 10_000_000


def test_a_pack_gives_back_what_went_in() -> None:
    many = [RawDocument(xml(n), f"a#nota\udce9{n}", n) for n in range(500)]
    packs = list(spreading.packed(many))
    assert [document for pack in packs for document in spreading.unpacked(pack)] == many
    assert list(spreading.packed([])) == []


def work_files(folder: Path) -> list[work.FileRef]:  # type: ignore[name-defined]
    return [work.FileRef(str(path), CHANGED, path.stat().st_size) for path in folder.iterdir()]


def test_two_workers_read_what_one_reads(folder: Path) -> None:
    options = PipelineOptions(["--direct_num_workers=2", "--direct_running_mode=multi_threading"])
    with TestPipeline(runner=RUNNER, options=options) as pipeline:
        read = pipeline | ReadDocuments(str(folder))
        count = read.documents | beam.combiners.Count.Globally()
        assert_that(count, equal_to([7]))


def test_a_file_that_cannot_be_read_is_a_dead_letter_and_stops_nothing(folder: Path) -> None:
    (folder / "sub/quebrado.xml").symlink_to(folder / "nada.xml")
    with TestPipeline(runner=RUNNER) as pipeline:
        read = pipeline | ReadDocuments(str(folder / "sub"))
        codes = read.dead_letters | "Codes" >> beam.Map(lambda d: (d.origin, d.code))
        expected = [
            (f"{folder}/sub/quebrado.xml", "unreadable_file"),
            (f"{folder}/sub/3.zip#b.xml", "encrypted_entry"),
        ]
        assert_that(codes, equal_to(expected), "dead letters")
        assert_that(read.documents | beam.combiners.Count.Globally(), equal_to([2]), "documents")


def test_a_pattern_that_matches_nothing_fails_the_job(folder: Path) -> None:
    with pytest.raises(Exception, match="nada.xml matches no file"), TestPipeline(runner=RUNNER) as pipeline:
        _ = pipeline | ReadDocuments([str(folder), str(folder / "nada.xml")])


def test_origins_do_not_depend_on_the_working_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with TestPipeline(runner=RUNNER) as pipeline:
        read = pipeline | ReadDocuments("1.xml,sub/../1.xml")
        origins = read.documents | beam.Map(lambda d: d.origin)
        assert_that(origins, equal_to([f"{folder}/1.xml"]))


def test_limits_reach_the_workers(folder: Path) -> None:
    with TestPipeline(runner=RUNNER) as pipeline:
        read = pipeline | ReadDocuments(str(folder / "1.xml"), Limits(max_entry_bytes=5))
        codes = read.dead_letters | beam.Map(lambda d: (d.code, d.size, d.truncated))
        assert_that(codes, equal_to([("too_large", len(xml(1)), True)]))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of a storage emulator, as Beam's own filesystem reaches it."""
    server = pytest.importorskip("gcp_storage_emulator.server")
    storage = pytest.importorskip("google.cloud.storage")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    emulator = server.create_server("localhost", port, in_memory=True)
    emulator.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://localhost:{port}")
    monkeypatch.setattr(auth._Credentials, "_credentials_init", True)  # Beam would look for credentials for 25 s
    client = storage.Client.create_anonymous_client()
    client.project = "acervo"
    created = client.create_bucket("acervo-test")
    for name, payload in FILES.items():
        created.blob(name).upload_from_string(payload)
    yield "gs://acervo-test"
    emulator.stop()


@pytest.mark.parametrize("form", FORMS)
def test_google_cloud_storage(bucket: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SHARD_BYTES", 2_000)
    with TestPipeline(runner=RUNNER) as pipeline:
        read = pipeline | ReadDocuments(form.format(bucket, bucket, bucket))
        assert_all_is_read(read, bucket)


def test_google_cloud_storage_pattern_that_matches_nothing(bucket: str) -> None:
    check_patterns(f"{bucket}/in")
    with pytest.raises(InputError, match="nada matches nothing: check the bucket"):
        check_patterns([f"{bucket}/in", f"{bucket}/nada"])


def test_google_cloud_storage_object_that_is_gone_is_a_dead_letter(bucket: str) -> None:
    assert_what_is_gone_is_dead(bucket)
