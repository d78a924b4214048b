"""``make -n``: each line that would touch a project, with the flags that it must hold."""

from __future__ import annotations

import shlex

import pytest

from tests.unit.templates.dry_run import ROOT, gcloud, make, parameters

JOBS = sorted(path.stem for path in (ROOT / "templates").glob("*.json"))
STREAMING = [job for job in JOBS if '"streaming": true' in (ROOT / "templates" / f"{job}.json").read_text()]
ACCOUNT = "acervo@some-project.iam.gserviceaccount.com"
SUBNETWORK = "regions/southamerica-east1/subnetworks/default"
PLACE = {
    "PROJECT": "some-project",
    "REGION": "southamerica-east1",
    "BUCKET": "some-bucket",
    "REPOSITORY": "images",
    "SUBNETWORK": SUBNETWORK,
    "SERVICE_ACCOUNT": ACCOUNT,
    "TAG": "1",
}
IMAGES = "southamerica-east1-docker.pkg.dev/some-project/images"


@pytest.mark.parametrize("job", JOBS)
def test_run(job: str) -> None:
    words = gcloud(f"run-{job}", **PLACE)
    assert words[:4] == ["gcloud", "dataflow", "flex-template", "run"]
    assert words[4].startswith(f"acervo-{job}")
    assert {
        "--project=some-project",
        "--region=southamerica-east1",
        f"--template-file-gcs-location=gs://some-bucket/templates/acervo-{job}-1.json",
        "--staging-location=gs://some-bucket/staging",
        "--temp-location=gs://some-bucket/temp",
        f"--service-account-email={ACCOUNT}",
        f"--subnetwork={SUBNETWORK}",
        "--disable-public-ips",
        f"--worker-machine-type=n2-standard-{2 if job in STREAMING else 4}",
        "--max-workers=20",
    } <= set(words)
    given = parameters(words)
    assert given["sdk_container_image"] == f"{IMAGES}/acervo-{job}:1"
    assert given["number_of_worker_harness_threads"] == "4"
    assert given["dataset"] == given["bigtable_instance"] == given["bigtable_table"] == "acervo"
    assert ("--enable-streaming-engine" in words) == (job in STREAMING)


@pytest.mark.parametrize("job", STREAMING)
def test_run_of_a_streaming_job_keeps_its_name_and_can_replace_itself(job: str) -> None:
    words = gcloud(f"run-{job}", UPDATE="1", **PLACE)
    assert words[4] == f"acervo-{job}"
    assert {"--update", "--additional-experiments=enable_streaming_engine_resource_based_billing"} <= set(words)
    assert "--update" not in gcloud(f"run-{job}", **PLACE)
    assert gcloud(f"run-{job}", JOB_NAME="acervo-replay", **PLACE)[4] == "acervo-replay"


def test_a_stream_starts_with_one_worker_and_a_bounded_job_with_several() -> None:
    for job in JOBS:
        assert f"--num-workers={1 if job in STREAMING else 10}" in gcloud(f"run-{job}", **PLACE)
        assert "--num-workers=3" in gcloud(f"run-{job}", NUM_WORKERS="3", **PLACE)


def test_run_backfill_takes_several_inputs_and_further_parameters() -> None:
    words = gcloud("run-backfill", INPUT="gs://a/*.zip,gs://b", PARAMETERS="run=r1 strict=true", **PLACE)
    given = parameters(words)
    assert given["input"] == "gs://a/*.zip,gs://b"
    assert given["run"] == "r1"
    assert given["strict"] == "true"


def test_keys_of_ones_own_and_machines_are_passed_through() -> None:
    words = gcloud("run-backfill", KMS_KEY="projects/p/key", MAX_WORKERS="7", WORKER_MACHINE="c3-standard-4", **PLACE)
    assert {"--dataflow-kms-key=projects/p/key", "--max-workers=7", "--worker-machine-type=c3-standard-4"} <= set(words)
    assert not any(word.startswith("--dataflow-kms-key") for word in gcloud("run-backfill", **PLACE))


@pytest.mark.parametrize("job", JOBS)
def test_template_build(job: str) -> None:
    words = gcloud(f"template-build-{job}", **PLACE)
    template = f"gs://some-bucket/templates/acervo-{job}-1.json"
    assert words[:5] == ["gcloud", "dataflow", "flex-template", "build", template]
    assert {
        f"--image={IMAGES}/acervo-{job}:1",
        "--sdk-language=PYTHON",
        f"--metadata-file=templates/{job}.json",
        f"--service-account-email={ACCOUNT}",
        "--disable-public-ips",
    } <= set(words)


def test_image_builds_those_of_all_jobs_at_once() -> None:
    words = gcloud("image", **PLACE)
    assert words[:4] == ["gcloud", "builds", "submit", "."]
    assert "--config=templates/cloudbuild.yaml" in words
    assert "--gcs-source-staging-dir=gs://some-bucket/source" in words
    assert f"--substitutions=^~^_JOBS={' '.join(JOBS)}~_IMAGES={IMAGES}~_TAG=1" in words
    assert not any(word.startswith("--service-account") for word in words)
    account = "build@some-project.iam.gserviceaccount.com"
    assert f"--service-account=projects/some-project/serviceAccounts/{account}" in gcloud(
        "image", BUILD_ACCOUNT=account, **PLACE
    )


def test_image_with_docker_builds_and_pushes_the_same_name() -> None:
    done = make("image-backfill", BUILDER="docker", **PLACE)
    image = f"{IMAGES}/acervo-backfill:1"
    assert f"--build-arg JOB=backfill --build-arg IMAGE={image}" in done.stdout
    assert f"docker push {image}" in done.stdout


@pytest.mark.parametrize("job", JOBS)
def test_deploy_builds_the_image_before_the_template_that_names_it(job: str) -> None:
    shown = make(f"deploy-{job}", **PLACE).stdout
    assert 0 <= shown.index("gcloud builds submit") < shown.index("gcloud dataflow flex-template build")


def tables(**variables: str) -> list[str]:
    done = make("tables", **variables)
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stdout.replace("\\\n", " ").splitlines() if "pipelines.tables" in line]
    return [word for word in shlex.split(line) if word != "GOOGLE_CLOUD_PROJECT="]


def test_tables_of_a_project() -> None:
    words = tables(**PLACE)
    assert words[1:3] == ["-m", "pipelines.tables"]
    assert {
        "--project=some-project",
        "--location=southamerica-east1",
        "--dataset=acervo",
        "--bigtable_instance=acervo",
        "--bigtable_table=acervo",
        "--bigtable_app_profile=default",
    } <= set(words)
    assert not any(word.startswith(("--external", "--dry_run", "--backup")) for word in words)
    assert {"--external_table=truth", "--external_app_profile=boost", "--dry_run", "--backup_days=7"} <= set(
        tables(EXTERNAL="truth", EXTERNAL_APP_PROFILE="boost", DRY_RUN="1", BACKUP_DAYS="7", **PLACE)
    )


def test_tables_without_a_project_are_those_of_the_local_stack() -> None:
    assert not any(word.startswith(("--project", "--location")) for word in tables())
    assert "GOOGLE_CLOUD_PROJECT= " in make("tables").stdout, "not by accident those of the shell's project"
    assert "REGION is not set" in make("tables", PROJECT="some-project").stderr


def test_workers_are_computed_from_the_input() -> None:
    shown = make("workers", INPUT="gs://a/*.zip", HOURS="4").stdout
    words = shlex.split(shown.replace("\\\n", " "))
    assert words[1:5] == ["-m", "pipelines.cost", "--input=gs://a/*.zip", "--hours=4"]
    for given in ({}, {"INPUT": "gs://a/*.zip"}):
        assert "such as: make workers INPUT='gs://bucket/2025/**' HOURS=4" in make("workers", **given).stderr


def test_machines_can_be_chosen_and_are_only_defaults() -> None:
    given = {"NUM_WORKERS": "3", "THREADS": "2", "DISK_GB": "80", "LAUNCHER_MACHINE": "n2-standard-2"}
    words = gcloud("run-backfill", **given, **PLACE)
    assert {"--num-workers=3", "--launcher-machine-type=n2-standard-2"} <= set(words)
    passed = parameters(words)
    assert (passed["number_of_worker_harness_threads"], passed["disk_size_gb"]) == ("2", "80")


@pytest.mark.parametrize("name", ["PROJECT", "REGION", "BUCKET", "REPOSITORY", "SUBNETWORK", "SERVICE_ACCOUNT"])
def test_a_variable_that_is_not_given_is_asked_for(name: str) -> None:
    done = make("run-backfill", **{key: value for key, value in PLACE.items() if key != name})
    assert done.returncode == 2
    assert f"{name} is not set" in done.stderr
    assert "gcloud" not in done.stdout


def test_no_secret_is_a_flag() -> None:
    shown = "".join(make(f"run-{job}", **PLACE).stdout for job in JOBS)
    assert "password" not in shown.lower()
