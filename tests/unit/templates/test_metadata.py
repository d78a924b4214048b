from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import orjson
import pytest
from google.cloud.dataflow import TemplateMetadata

from pipelines.launch import LaunchError
from templates import metadata

JOBS = metadata.jobs()
ACCEPTED = {
    "input": ["gs://bucket/2025/*.zip", "gs://bucket/a.xml,gs://bucket/b/", "s3://bucket/a"],
    "bigtable_instance": ["acervo", "fiscal-prod"],
    "bigtable_table": ["acervo", "acervo_2026"],
    "dataset": ["acervo", "acervo_2026"],
    "sqs_queue": ["documents", "a.fifo", "https://sqs.sa-east-1.amazonaws.com/123456789012/documents", ""],
    "sqs_endpoint": ["https://vpce-1.sqs.sa-east-1.vpce.amazonaws.com", ""],
    "kafka_start": ["committed", "timestamp:2026-11-28T00:00:00-03:00", "offsets:0=12,1=7"],
    "kafka_bootstrap": ["10.0.0.7:9092", "a:9092,b:9092", ""],
    "kafka_password_secret": ["projects/p/secrets/kafka", ""],
    "run": ["backfill-2025", "2025 again", "x"],
    "postgres_dsn": ["host=10.0.0.3 dbname=fiscal user=reader", "postgresql://reader@10.0.0.3/fiscal"],
    "postgres_table": ["public.documents", "documents"],
    "postgres_xml_column": ["xml", "conteudo XML"],
    "postgres_key": ["id", "tenant,id", "ctid", ""],
    "postgres_password_secret": ["projects/p/secrets/acervo-postgres", "projects/p/secrets/a/versions/3", ""],
    "postgres_snapshot": ["00000003-0000001B-1"],
    "postgres_where_file": ["gs://bucket/condition.sql", ""],
    "updated_since": ["2026-03-01", "2026-03-01T12:00:00-03:00", ""],
    "output": ["gs://bucket/differences.jsonl"],
}
REFUSED = {
    "input": ["", "/home/me/a.zip", "http://bucket/a", "gs://bucket/a,/home/me/b", "gs://"],
    "bigtable_instance": ["Acervo", "abc", "projects/p/instances/acervo"],
    "bigtable_table": ["a/b", "x" * 38],
    "dataset": ["project.acervo", "a-b"],
    "sqs_queue": ["a b", "x" * 81],
    "sqs_endpoint": ["127.0.0.1:9324"],
    "kafka_start": ["yesterday", ""],
    "kafka_bootstrap": ["10.0.0.7", "a:9092;b:9092"],
    "kafka_password_secret": ["hidden"],
    "run": ["", " x"],
    "postgres_dsn": ["", "10.0.0.3", "hidden"],
    "postgres_table": ["", " "],
    "postgres_password_secret": ["hidden", "acervo-postgres"],
    "postgres_snapshot": ["export", "3"],
    "postgres_where_file": ["condition.sql", "id > 3"],
    "updated_since": ["yesterday"],
    "output": ["", "differences.jsonl", "gs://bucket/", "gs://bucket"],
    "bucket_characters": ["0", "12"],
}


def document(job: str) -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(metadata.path_of(job).read_bytes())
    return loaded


def test_backfill_is_a_job_and_commands_are_not() -> None:
    assert "backfill" in metadata.jobs()
    assert not {"tables", "query", "lookup", "options", "ingest"} & set(metadata.jobs())


def test_every_job_has_a_template_and_every_template_a_job() -> None:
    assert {path.stem for path in metadata.FOLDER.glob("*.json")} == set(JOBS)


@pytest.mark.parametrize("job", JOBS)
def test_template_is_as_the_options_are(job: str) -> None:
    assert metadata.problems(job) == []


@pytest.mark.parametrize("job", JOBS)
def test_required_parameters_are_those_that_the_job_does_not_start_without(job: str) -> None:
    module = metadata.module_of(job)
    parameters = TemplateMetadata.from_json(metadata.path_of(job).read_bytes()).parameters
    required = [parameter.name for parameter in parameters if not parameter.is_optional]
    for missing in required:
        given = [f"--{name}={ACCEPTED.get(name, ['value'])[0]}" for name in required if name != missing]
        with pytest.raises(LaunchError, match=f"--{missing}"):
            module.run(["--project=some-project", "--runner=DataflowRunner", *given])


@pytest.mark.parametrize(
    ("what", "value"),
    [("helpText", "other"), ("defaultValue", "other"), ("paramType", "NUMBER"), ("name", "other"), ("isOptional", "")],
)
def test_a_difference_from_the_options_is_found(what: str, value: str, tmp_path: Any, monkeypatch: Any) -> None:
    changed = document("backfill")
    dataset = next(parameter for parameter in changed["parameters"] if parameter["name"] == "dataset")
    dataset[what] = value if what != "isOptional" else False
    monkeypatch.setattr(metadata, "FOLDER", tmp_path)
    metadata.path_of("backfill").write_bytes(orjson.dumps(changed))
    assert metadata.problems("backfill")


def test_a_missing_and_an_additional_parameter_are_found(tmp_path: Any, monkeypatch: Any) -> None:
    right = document("backfill")
    monkeypatch.setattr(metadata, "FOLDER", tmp_path)
    assert "is missing" in metadata.problems("backfill")[0]
    for changed in (right["parameters"][1:], [*right["parameters"], {**right["parameters"][0], "name": "other"}]):
        metadata.path_of("backfill").write_bytes(orjson.dumps({**right, "parameters": changed}))
        assert any("differs from the job's options" in problem for problem in metadata.problems("backfill"))


@pytest.mark.parametrize("change", [{"parmeters": []}, {"parameters": [{"name": "x", "paramType": "NO_SUCH_TYPE"}]}])
def test_what_dataflow_would_not_read_is_found(change: dict[str, Any], tmp_path: Any, monkeypatch: Any) -> None:
    changed = {**document("backfill"), **change}
    monkeypatch.setattr(metadata, "FOLDER", tmp_path)
    metadata.path_of("backfill").write_bytes(orjson.dumps(changed))
    assert "not metadata that Dataflow reads" in metadata.problems("backfill")[0]


def test_a_batch_template_with_a_streaming_mode_is_found(tmp_path: Any, monkeypatch: Any) -> None:
    changed = {**document("backfill"), "supportsExactlyOnce": True}
    monkeypatch.setattr(metadata, "FOLDER", tmp_path)
    metadata.path_of("backfill").write_bytes(orjson.dumps(changed))
    assert any("batch template" in problem for problem in metadata.problems("backfill"))


@pytest.mark.parametrize("job", JOBS)
def test_regexes_accept_the_defaults_and_the_examples_and_refuse_what_is_wrong(job: str) -> None:
    for parameter in document(job)["parameters"]:
        name, default = parameter["name"], parameter.get("defaultValue")
        accepted = [*ACCEPTED.get(name, []), *([default] if default else [])]
        for regex in parameter.get("regexes", []):
            assert all(re.fullmatch(regex, value) for value in accepted), name
        for value in REFUSED.get(name, []):
            assert not all(re.fullmatch(regex, value) for regex in parameter["regexes"]), (name, value)


def test_writing_twice_changes_nothing_and_keeps_what_people_wrote() -> None:
    right = document("backfill")
    changed = deepcopy(right)
    changed["parameters"][0]["label"] = "A label of ours"
    changed["parameters"][0]["helpText"] = "not ours to write"
    written = metadata.written("backfill", changed)
    assert written["parameters"][0]["label"] == "A label of ours"
    assert written["parameters"][0]["helpText"] == right["parameters"][0]["helpText"]
    assert metadata.written("backfill", written) == written
