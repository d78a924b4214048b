"""What BigQuery's own error answers lead to: tried again where they pass, told as what they are where they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pipelines import query
from tests.integration.views.rest_service import DATASET, PROJECT, Error, RestService
from transforms.views import catalog, connect, rest
from transforms.views.catalog import CatalogError

UPDATES = "Exceeded rate limits: too many table update operations for this table."
RATE = Error(403, "rateLimitExceeded", UPDATES)
PASSING = [
    RATE,
    Error(429, "rateLimitExceeded", "Exceeded rate limits."),
    Error(500, "internalError", "An internal error occurred and the request could not be completed."),
    Error(502, ""),
    Error(502, "badGateway", "Bad gateway"),
    Error(503, "backendError", "Error encountered during execution. Retrying may solve the problem."),
]
DENIED = Error(403, "accessDenied", "Access Denied: Dataset some-project:fiscal: Permission bigquery.tables.get denied")
QUOTA = Error(403, "quotaExceeded", "Quota exceeded: Your project exceeded quota for free query bytes scanned.")
BILLING = Error(403, "billingNotEnabled", "Billing has not been enabled for this project.")

Start = Callable[..., RestService]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    services: list[RestService] = []
    monkeypatch.setattr(catalog, "_RETRY", rest.retry(1.5).with_delay(0.01, 0.05))
    monkeypatch.setattr(connect, "is_emulated", lambda: False)

    def make(*errors: Error, always: Error | None = None) -> RestService:
        service = RestService(*errors, always=always).__enter__()
        services.append(service)
        monkeypatch.setenv(connect.REST_EMULATOR, service.url)
        return service

    yield make
    for service in services:
        service.__exit__()


@pytest.mark.parametrize("error", PASSING, ids=lambda error: f"{error.status} {error.reason}")
def test_what_passes_is_tried_again(start: Start, error: Error) -> None:
    service = start(error, error)
    assert catalog.migrate(PROJECT, DATASET) == []
    first = service.requests[:3]
    assert first == [("GET", f"/bigquery/v2/projects/{PROJECT}/datasets/{DATASET}/tables/document_state")] * 3


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RATE, f"takes no more calls of this kind at once: {UPDATES[:-1]}. Wait a minute"),
        (Error(502, ""), "BigQuery answered 502: .*502 Server Error Server Error. The fault is on BigQuery's side"),
        (PASSING[-1], "BigQuery answered 503: Error encountered during execution. .*start this again in a few minutes"),
        (QUOTA, "a quota of BigQuery is used up: Quota exceeded: .*free query bytes scanned. Wait until"),
        (BILLING, "the project's billing does not allow it: Billing has not been enabled"),
        (DENIED, "not allowed: Access Denied: .* It takes roles/bigquery.dataEditor on the dataset"),
    ],
    ids=lambda value: value.reason or "page" if isinstance(value, Error) else "",
)
def test_what_stays_is_told_as_what_it_is(start: Start, error: Error, told: str) -> None:
    start(always=error)
    with pytest.raises(CatalogError, match=f"some-project.fiscal could not be set up: .*{told}") as raised:
        catalog.migrate(PROJECT, DATASET)
    assert ("It takes roles" in str(raised.value)) == (error == DENIED)
    assert "<" not in str(raised.value)


def test_a_service_that_is_not_there_is_told(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    start()
    monkeypatch.setenv(connect.REST_EMULATOR, "http://127.0.0.1:1")
    with pytest.raises(CatalogError, match="BigQuery does not answer: .*refused.* is the network up|does not answer"):
        catalog.migrate(PROJECT, DATASET)
    with pytest.raises(CatalogError, match="cannot be looked at: BigQuery does not answer"):
        catalog.preflight(PROJECT, DATASET)


def test_new_columns_of_a_table_are_one_update_of_its_metadata(start: Start) -> None:
    service = start()
    service.lack("events", "correction", "sequence", "findings", "extra")
    (step,) = catalog.migrate(PROJECT, DATASET)
    assert step == "update table events: add columns sequence, correction, findings, extra"
    assert service.changes() == [("PATCH", "/tables/events")]
    assert catalog.migrate(PROJECT, DATASET) == []


def test_a_query_that_is_refused_for_its_rate_says_so(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    start(always=RATE)
    monkeypatch.setattr(query, "RETRY_SECONDS", 0.5)
    with pytest.raises(query.QueryError, match="takes no more calls of this kind at once"):
        query.run(connect.rest_client(PROJECT), "SELECT 1")
