"""ReadDocuments from Amazon S3, by Beam's filesystem, against moto's server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_pipeline import TestPipeline

from pipelines import command_line
from pipelines.backfill import BackfillOptions
from pipelines.launch import LaunchError
from tests.moto_server import moto
from tests.pipeline.cloud import FILES, FORMS, assert_all_is_read, assert_what_is_gone_is_dead
from transforms.ingest import remote, reread, work
from transforms.ingest.errors import InputError
from transforms.ingest.listing import check_patterns, list_files
from transforms.ingest.remote import filesystems, s3
from transforms.ingest.transform import ReadDocuments


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket with files in it, reached with the options of a job and credentials of the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client = boto3.client("s3", endpoint_url=server, region_name="us-east-1")
    client.create_bucket(Bucket="acervo-test")
    for name, payload in FILES.items():
        client.put_object(Bucket="acervo-test", Key=name, Body=payload)
    before = filesystems()._pipeline_options
    filesystems().set_options(PipelineOptions(["--s3_endpoint_url", server, "--s3_region_name", "us-east-1"]))
    yield "s3://acervo-test"
    filesystems().set_options(before)


@pytest.mark.parametrize("form", FORMS)
def test_files_and_archives(bucket: str, server: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SHARD_BYTES", 2_000)  # the zip is read in parts, from the middle on
    options = PipelineOptions(["--s3_endpoint_url", server, "--s3_region_name", "us-east-1"])
    with TestPipeline(runner="FnApiRunner", options=options) as pipeline:
        read = pipeline | ReadDocuments(form.format(bucket, bucket, bucket))
        assert_all_is_read(read, bucket)


def test_more_objects_than_a_page_and_when_they_were_changed(bucket: str) -> None:
    client = s3().client.client
    for number in range(1_001):
        client.put_object(Bucket="acervo-test", Key=f"many/{number}.xml", Body=b"<a/>")
    found = [file for file in list_files(f"{bucket}/many") if isinstance(file, work.FileRef)]
    assert len({file.path for file in found}) == len(found) == 1_001 and {file.size for file in found} == {4}
    changed = client.head_object(Bucket="acervo-test", Key="many/7.xml")["LastModified"].timestamp()
    assert next(file for file in found if file.path.endswith("/7.xml")).modified_at == changed * 1e6


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("s3://acervo-test/nada", "matches nothing: check the bucket"),
        ("s3://acervo-test/in/*.zip", "matches nothing"),
        ("s3://no-such-bucket/in", "there is no bucket no-such-bucket"),
    ],
)
def test_what_is_not_there_is_told_before_a_job(bucket: str, pattern: str, said: str) -> None:
    check_patterns([f"{bucket}/in"])
    with pytest.raises(InputError, match=said) as told:
        check_patterns([f"{bucket}/in", pattern])
    assert len(str(told.value).splitlines()) == 1


def test_a_store_that_cannot_be_reached_is_told_in_a_line(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    filesystems().set_options(PipelineOptions(["--s3_endpoint_url", "http://127.0.0.1:1"]))
    with pytest.raises(InputError, match="cannot be listed: Could not connect to the endpoint") as told:
        check_patterns([f"{bucket}/in"])
    assert len(str(told.value).splitlines()) == 1


def test_credentials_that_are_nowhere_are_told_in_a_line(
    bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    filesystems().set_options(PipelineOptions([]))
    with pytest.raises(InputError, match="Unable to locate credentials"):
        check_patterns([f"{bucket}/in"])


def test_an_object_that_is_gone_is_a_dead_letter(bucket: str) -> None:
    assert_what_is_gone_is_dead(bucket)


def test_an_origin_leads_back_to_its_object(bucket: str) -> None:
    assert reread._file_of(f"{bucket}/in/sub/2.zip#7.xml") == f"{bucket}/in/sub/2.zip"
    assert reread._file_of(f"{bucket}/none.zip#7.xml") is None


def test_a_thread_has_one_client_for_all_its_files(bucket: str) -> None:
    assert s3() is s3()
    first = s3()
    filesystems().set_options(PipelineOptions([]))
    assert s3() is not first, "other options are another place"


@pytest.mark.parametrize("name", remote.SECRETS)
def test_credentials_among_the_options_are_refused(name: str) -> None:
    with pytest.raises(LaunchError, match=f"--{name}: options of a job are no place") as told:
        command_line.options_of(["--project", "p", "--input", "s3://b/x", f"--{name}=hidden"], BackfillOptions)
    assert "hidden" not in str(told.value)


def test_where_s3_is_may_be_told_by_options() -> None:
    given = ["--project", "p", "--input", "s3://b/x", "--s3_endpoint_url=http://h:1", "--s3_region_name=sa-east-1"]
    options = command_line.options_of(given, BackfillOptions)
    assert filesystems()._pipeline_options is options
