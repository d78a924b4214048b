"""Alerts and dashboard: what RUNBOOK's tables say, as queries that parse, of metrics that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
from google.cloud.monitoring_dashboard_v1 import Dashboard

from tests.unit.terraform.extract import MODULES
from tests.unit.terraform.running import ROOT, Terraform, resources

ALERTS = json.loads((MODULES / "modules" / "monitoring" / "alerts.json").read_text())
RUNBOOK = (ROOT / "docs" / "RUNBOOK.md").read_text()
# https://cloud.google.com/monitoring/api/metrics_gcp: the metrics used here, with their resource.
PUBLISHED = {
    "dataflow.googleapis.com/job/user_counter": "dataflow_job",
    "dataflow.googleapis.com/job/system_lag": "dataflow_job",
    "dataflow.googleapis.com/job/data_watermark_age": "dataflow_job",
    "dataflow.googleapis.com/job/is_failed": "dataflow_job",
    "pubsub.googleapis.com/subscription/oldest_unacked_message_age": "pubsub_subscription",
    "pubsub.googleapis.com/subscription/num_undelivered_messages": "pubsub_subscription",
    "bigtable.googleapis.com/cluster/cpu_load": "bigtable_cluster",
    "bigtable.googleapis.com/cluster/cpu_load_hottest_node": "bigtable_cluster",
    "logging.googleapis.com/user/acervo_launcher_errors": "dataflow_step",
}


def rows() -> Iterator[tuple[str, str, str]]:
    """Metric, when to look, and what then, of both tables of the runbook."""
    for head in (r"\| counter \|", r"\| of Google's \|"):
        [table] = re.findall(rf"^{head} look when.*?(?=^$)", RUNBOOK, re.MULTILINE | re.DOTALL)
        for line in table.splitlines()[2:]:
            metric, look, then = (cell.strip() for cell in line.strip("|").split(" | "))
            yield metric, look, then


def test_alerts_are_the_rows_of_the_runbook() -> None:
    assert [(alert["metric"], alert["look when"], alert["then"]) for alert in ALERTS] == list(rows())
    assert len(ALERTS) >= 14


@pytest.mark.parametrize("alert", ALERTS, ids=[alert["metric"] for alert in ALERTS])
def test_threshold_is_the_number_that_people_read(alert: dict[str, Any]) -> None:
    number = r"(\d[\d,.]*\d|\d)(%| minutes)?"
    told = [_number(*found) for found in re.findall(number, alert["look when"].partition(";")[0])]
    thresholds = [condition["threshold"] for condition in alert["conditions"]]
    if alert["metric"] == "`job/is_failed`":
        assert (told, thresholds) == ([1], [0])
    elif told:
        assert set(thresholds) == set(told)
    else:
        assert all(f"threshold {value}" in ("threshold 0", "threshold 1") for value in thresholds)


def _number(text: str, unit: str) -> float:
    return float(text.replace(",", "")) * {"%": 0.01, " minutes": 60, "": 1}[unit]


@pytest.fixture(scope="module")
def queries(plan: dict[str, Any]) -> list[str]:
    return [
        condition["condition_prometheus_query_language"][0]["query"]
        for policy in resources(plan, "google_monitoring_alert_policy")
        for condition in policy["values"]["conditions"]
    ]


def selectors(expression: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """Name and labels of every metric that a query reads."""
    if isinstance(expression, promql_parser.VectorSelector):
        yield expression.name, {matcher.name: matcher.value for matcher in expression.matchers.matchers}
    for name in ("expr", "lhs", "rhs", "vector_selector", "args"):
        part = getattr(expression, name, None)
        for inner in part if isinstance(part, list) else [part] if part is not None else []:
            yield from selectors(inner)


def test_queries_parse_and_read_published_metrics_of_their_resource(queries: list[str]) -> None:
    published = {re.sub(r"[./]", "_", name.replace("/", ":", 1)): resource for name, resource in PUBLISHED.items()}
    read = set()
    for query in queries:
        found = list(selectors(promql_parser.parse(query)))
        assert found, query
        for name, labels in found:
            assert labels["monitored_resource"] == published[name], query
            read.add(name)
    assert read == set(published)
    assert len(queries) == sum(len(alert["conditions"]) for alert in ALERTS)


def test_counters_of_the_queries_are_those_of_their_row(queries: list[str]) -> None:
    for alert in ALERTS:
        named = set(re.findall(r"`([a-z_]+)(?:<\w+>)?`", f"{alert['metric']} {alert['look when']}"))
        for condition in alert["conditions"]:
            counters = re.findall(r"(?:grown|mean)\([^,]+, ([^,]+), \w+\)", condition["query"])
            written = {name for counter in counters for name in _alternatives(counter)}
            assert written == named if counters else "/" in alert["metric"], alert["metric"]
    assert not any(re.search(r"JOB|COUNTER|WINDOW|grown|mean\(", re.sub(r'"[^"]*"', "", query)) for query in queries)


def _alternatives(counter: str) -> list[str]:
    stem, bracket, rest = counter.removesuffix(".+").partition("(")
    return [stem + part for part in rest.rstrip(")").split("|")] if bracket else [stem]


def test_row_of_googles_metrics_names_what_its_queries_read() -> None:
    for alert in ALERTS:
        names = re.findall(r"`(?:job|subscription|cluster|user)/(\w+)`", alert["metric"])
        for name, condition in zip(names, alert["conditions"], strict=bool(names)):
            assert name.removeprefix("acervo_") in condition["query"]


def test_a_refused_launch_is_found_by_the_filter_of_the_runbook(plan: dict[str, Any]) -> None:
    [metric] = resources(plan, "google_logging_metric")
    assert f"gcloud logging read '{metric['values']['filter']}'" in RUNBOOK


def test_dashboard_is_one_that_monitoring_reads(plan: dict[str, Any], queries: list[str]) -> None:
    [found] = resources(plan, "google_monitoring_dashboard")
    dashboard = Dashboard.from_json(found["values"]["dashboard_json"])
    tiles = dashboard.mosaic_layout.tiles
    shown = [tile.widget.xy_chart.data_sets[0].time_series_query.prometheus_query for tile in tiles]
    limits = [tile.widget.xy_chart.thresholds[0].value for tile in tiles]
    # A number of the dashboard is a double, and written as one.
    assert sorted(f"({query}) > {limit:g}" for query, limit in zip(shown, limits, strict=True)) == sorted(queries)
    assert all(tile.x_pos + tile.width <= dashboard.mosaic_layout.columns for tile in tiles)
    assert len({(tile.x_pos, tile.y_pos) for tile in tiles}) == len(tiles)


def test_names_follow_the_name_that_is_given(terraform: Terraform) -> None:
    planned = terraform.plan(
        project="some-project", region="southamerica-east1", zone="southamerica-east1-b", name="notas-dev"
    )
    text = json.dumps(resources(planned, "google_monitoring_alert_policy"))
    assert "user_notas_dev_launcher_errors" in text
    assert "notas-dev-stream.*" in text
    assert "acervo-" not in text
