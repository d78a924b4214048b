"""What would be made: planned by Terraform for an empty project."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from google.cloud.dataflow import LaunchFlexTemplateRequest

from templates import metadata
from tests.unit.templates.dry_run import gcloud, parameters
from tests.unit.terraform.running import ROOT, VARIABLES, PlanError, Terraform, resources

LABELS = {"app": "acervo", "team": "fiscal", "env": "test"}
MINIMAL = {name: VARIABLES[name] for name in ("project", "region", "zone")}
ON = {
    "google_project_iam_member": "project",
    "google_artifact_registry_repository_iam_member": "the repository",
    "google_bigtable_instance_iam_member": "the instance",
    "google_bigquery_dataset_iam_member": "the dataset",
    "google_pubsub_subscription_iam_member": "the subscription",
    "google_pubsub_topic_iam_member": "the topics",
    "google_secret_manager_secret_iam_member": "the secret",
}
# Rules of people's own: who publishes, and who takes an account's place.
OF_PEOPLE = {"billing", "group:deployers@example.com"}


def one(planned: dict[str, Any], kind: str, name: str | None = None) -> dict[str, Any]:
    [found] = [found for found in resources(planned, kind) if name in (None, found["name"])]
    return dict(found["values"])


def environment(planned: dict[str, Any]) -> dict[str, str]:
    text = planned["planned_values"]["outputs"]["environment"]["value"]
    return dict(re.findall(r"^export (\w+)=(.*)$", text, re.MULTILINE))


def test_all_that_can_have_labels_has_them(plan: dict[str, Any]) -> None:
    labelled = [found for found in resources(plan) if {"labels", "user_labels"} & set(found["values"])]
    for found in labelled:
        assert (found["values"].get("labels") or found["values"].get("user_labels")) == LABELS, found["address"]
    assert {"google_bigtable_instance", "google_dataflow_flex_template_job", "google_storage_bucket"} <= {
        found["type"] for found in labelled
    }


def granted(planned: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Account, role, and on what, in the words of DEPLOY's table."""
    found = set()
    for resource in resources(planned):
        if not resource["type"].endswith("_iam_member") or resource["type"] == "google_kms_crypto_key_iam_member":
            continue
        values = resource["values"]
        account = values["member"].removeprefix("serviceAccount:").partition("@some-project")[0]
        account = "people on call" if account == "group:on-call@example.com" else account
        if account not in OF_PEOPLE:
            found.add((account, values["role"], _on(resource)))
    return found


def _on(resource: dict[str, Any]) -> str:
    values = resource["values"]
    if resource["type"] == "google_storage_bucket_iam_member":
        return "the bucket" if values["bucket"] == "some-project-acervo" else "buckets with your archives"
    if resource["type"] == "google_service_account_iam_member":
        return str(re.findall(r"/(acervo-\w+)@", values["service_account_id"])[0])
    return ON[resource["type"]]


def told() -> set[tuple[str, str, str]]:
    text = (ROOT / "docs" / "DEPLOY.md").read_text()
    table = text[text.index("| account |") :].partition("\n\n")[0]
    rows = re.findall(r"^\|(.*?)\|(.*?)\|(.*?)\|.*\|$", table, re.MULTILINE)
    found, account = set(), ""
    for who, roles, on in rows[2:]:
        account = who.replace("`", "").partition(",")[0].strip() or account
        for role in re.findall(r"`(roles/[\w.]+)`", roles):
            found |= {(account, role, where.replace("`", "").strip()) for where in on.split(",")}
    return found


def test_roles_are_those_of_the_table_in_deploy(plan: dict[str, Any]) -> None:
    assert granted(plan) == told()
    assert ("acervo-ci", "roles/storage.legacyBucketReader", "the bucket") in told()


def test_nobody_has_a_basic_role_and_nothing_is_open_to_all(plan: dict[str, Any]) -> None:
    for resource in resources(plan):
        assert resource["values"].get("role") not in ("roles/owner", "roles/editor", "roles/viewer")
        assert "allUsers" not in json.dumps(resource["values"])
    assert one(plan, "google_storage_bucket")["public_access_prevention"] == "enforced"
    assert one(plan, "google_compute_subnetwork")["private_ip_google_access"] is True


def test_environment_is_all_that_make_asks_for(plan: dict[str, Any], terraform: Terraform) -> None:
    found = environment(plan)
    # What people say of one launch, and what gcp.mk itself has a value for.
    asked = set(re.findall(r"^#   ([A-Z_]+)  +\S", (ROOT / "templates" / "gcp.mk").read_text(), re.MULTILINE))
    of_a_launch = {"INPUT", "HOURS", "PARAMETERS", "JOB_NAME", "EXTERNAL_APP_PROFILE"}
    assert asked - of_a_launch <= set(found)
    assert found["SERVICE_ACCOUNT"] == "acervo-worker@some-project.iam.gserviceaccount.com"
    words = gcloud("run-backfill", INPUT="gs://b/c", **found)
    assert {
        f"--dataflow-kms-key={VARIABLES['kms_key']}",
        "--additional-user-labels=app=acervo,env=test,team=fiscal",
    } <= set(words)


def test_stream_is_launched_as_make_launches_it(plan: dict[str, Any]) -> None:
    job = one(plan, "google_dataflow_flex_template_job")
    words = gcloud("run-stream", TAG="0123456789ab", PARAMETERS="subscription=acervo-documents", **environment(plan))
    given = parameters(words) | {"changes_topic": "acervo-changes", "dead_letters_topic": "acervo-dead-letters"}
    assert job["parameters"] == given
    assert job["name"] == words[4]
    for flag, name in {
        "template-file-gcs-location": "container_spec_gcs_path",
        "staging-location": "staging_location",
        "temp-location": "temp_location",
        "service-account-email": "service_account_email",
        "subnetwork": "subnetwork",
        "launcher-machine-type": "launcher_machine_type",
        "worker-machine-type": "machine_type",
        "num-workers": "num_workers",
        "dataflow-kms-key": "kms_key_name",
    }.items():
        assert f"--{flag}={job[name]}" in words
    assert job["enable_streaming_engine"] and job["ip_configuration"] == "WORKER_IP_PRIVATE"
    assert f"--additional-experiments={','.join(job['additional_experiments'])}" in words
    assert accepted("stream", job["parameters"]) == []


def accepted(job: str, given: dict[str, str]) -> list[str]:
    """What a template would refuse of its parameters."""
    known = {found["name"]: found for found in json.loads(metadata.path_of(job).read_text())["parameters"]}
    missing = [name for name, found in known.items() if not found["isOptional"] and name not in given]
    return missing + [
        name
        for name, value in given.items()
        if name not in known or not all(re.fullmatch(regex, value) for regex in known[name].get("regexes", []))
    ]


def test_reconcile_is_launched_by_a_request_that_dataflow_reads(plan: dict[str, Any]) -> None:
    job = one(plan, "google_cloud_scheduler_job")
    [target] = job["http_target"]
    assert target["uri"].endswith("/v1b3/projects/some-project/locations/southamerica-east1/flexTemplates:launch")
    assert target["oauth_token"][0]["service_account_email"] == "acervo-scheduler@some-project.iam.gserviceaccount.com"
    body = json.loads(base64.b64decode(target["body"]))
    launch = LaunchFlexTemplateRequest.from_json(json.dumps(body)).launch_parameter
    words = gcloud("run-reconcile", TAG="0123456789ab", NUM_WORKERS="1", **environment(plan))
    assert f"--template-file-gcs-location={launch.container_spec_gcs_path}" in words
    assert dict(launch.parameters) == parameters(words) | {"output": launch.parameters["output"]}
    assert accepted("reconcile", dict(launch.parameters)) == []
    settings = launch.environment
    assert dict(settings.additional_user_labels) == LABELS
    assert settings.ip_configuration.name == "WORKER_IP_PRIVATE"
    for flag, value in {
        "service-account-email": settings.service_account_email,
        "subnetwork": settings.subnetwork,
        "worker-machine-type": settings.machine_type,
        "launcher-machine-type": settings.launcher_machine_type,
        "num-workers": settings.num_workers,
        "dataflow-kms-key": settings.kms_key_name,
        "staging-location": settings.staging_location,
        "temp-location": settings.temp_location,
    }.items():
        assert f"--{flag}={value}" in words


def test_a_key_of_ones_own_is_given_to_all_that_keeps_data(plan: dict[str, Any], terraform: Terraform) -> None:
    kept = {
        "google_storage_bucket", "google_artifact_registry_repository", "google_bigtable_instance",
        "google_bigquery_dataset", "google_pubsub_topic", "google_secret_manager_secret",
        "google_dataflow_flex_template_job",
    }  # fmt: skip
    encrypted = {found["type"] for found in resources(plan) if VARIABLES["kms_key"] in json.dumps(found["values"])}
    assert kept <= encrypted
    allowed = {found["values"]["member"] for found in resources(plan, "google_kms_crypto_key_iam_member")}
    assert len(allowed) == 8
    assert "kms" not in json.dumps([found for found in resources(terraform.plan(**MINIMAL)) if _key(found)])


def _key(found: dict[str, Any]) -> bool:
    return any("cryptoKeys" in json.dumps(value) for value in found["values"].values())


def test_messages_are_kept_and_the_subscription_suits_a_slow_bundle(plan: dict[str, Any]) -> None:
    for kind in ("google_pubsub_topic", "google_pubsub_subscription"):
        assert all(found["values"]["message_retention_duration"] == "604800s" for found in resources(plan, kind))
    documents = one(plan, "google_pubsub_subscription", "documents")
    assert documents["ack_deadline_seconds"] == 600
    assert documents["expiration_policy"] == [{"ttl": ""}]
    assert documents["dead_letter_policy"] == []


def test_three_values_are_enough_and_launch_nothing(terraform: Terraform) -> None:
    planned = terraform.plan(**MINIMAL)
    kinds = {found["type"] for found in resources(planned)}
    for kind in ("google_dataflow_flex_template_job", "google_cloud_scheduler_job", "google_secret_manager_secret"):
        assert kind not in kinds
    assert one(planned, "google_bigtable_instance")["deletion_protection"] is True


def test_a_shared_network_is_used_and_not_made(terraform: Terraform) -> None:
    address = "https://www.googleapis.com/compute/v1/projects/host/regions/southamerica-east1/subnetworks/data"
    planned = terraform.plan(**MINIMAL, subnetwork=address)
    assert environment(planned)["SUBNETWORK"] == address
    assert resources(planned, "google_compute_network") == []
    users = [found["values"] for found in resources(planned, "google_compute_subnetwork_iam_member")]
    assert {found["member"].partition("@")[0] for found in users} == {
        "serviceAccount:acervo-worker",
        "serviceAccount:service-123456789012",
    }
    for user in users:
        assert (user["project"], user["region"], user["subnetwork"]) == ("host", "southamerica-east1", "data")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"region": "US"}, "single region"),
        ({"bigtable_min_nodes": 0}, "at least 1"),
        ({"bigtable_min_nodes": 12}, "bigtable_min_nodes is above"),
        ({"bigtable_max_nodes": 40}, "ten times"),
        ({"bigtable_backup_days": 1}, "3 to 90"),
        ({"kms_key": "my-key"}, "cryptoKeys/KEY"),
        ({"labels": {"Team": "x"}}, "lower-case"),
        ({"archive_buckets": ["gs://a"]}, "without gs://"),
    ],
)
def test_what_google_would_refuse_is_refused_before(terraform: Terraform, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError) as refused:
        terraform.plan(**MINIMAL | wrong)
    assert message in " ".join(str(refused.value).replace("│", " ").split())
