"""Metrics have one catalogue: what is counted is in it, what is in it is counted, and RUNBOOK says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from transforms import metrics

ROOT = Path(__file__).parents[3]
SOURCES = {
    path.relative_to(ROOT): path.read_text()
    for folder in ("pipelines", "transforms")
    for path in (ROOT / folder).rglob("*.py")
}
RUNBOOK = (ROOT / "docs" / "RUNBOOK.md").read_text()
KINDS_OF_RECORDS = {"documents", "events", "voided_ranges"}


def test_nobody_names_a_metric_past_the_catalogue() -> None:
    past = {str(path) for path, text in SOURCES.items() if re.search(r"\bMetrics\b", text)}
    assert past == {"transforms/metrics.py"}


def test_everything_in_the_catalogue_is_counted() -> None:
    code = "".join(text for path, text in SOURCES.items() if path.name != "metrics.py")
    for name in set(metrics.CATALOGUE) - KINDS_OF_RECORDS:
        assert f'"{name}"' in code or f'"{name.removeprefix("redrive_")}"' in code, name


def test_runbook_has_the_catalogue_as_it_is() -> None:
    written = RUNBOOK[RUNBOOK.index("| name | unit | what it counts |") :].splitlines()
    due = metrics.table().splitlines()
    missing, stale = [line for line in due if line not in written], [line for line in written if line not in due]
    told = "\n".join(["in docs/RUNBOOK.md, sorted by name, write", *missing, "and remove", *stale])
    assert written == due, told


def test_what_runbook_watches_is_in_the_catalogue() -> None:
    watched = re.search(r"\| counter \| look when \| then \|\n\|[-|]+\n((?:\|.*\n)+)", RUNBOOK)
    assert watched
    cells = [line.split(" | ") for line in watched[1].splitlines()]
    names = {name for counters, _, _ in cells for name in re.findall(r"`([a-z_<>]+)`", counters)}
    assert len(names) > 10 and names <= set(metrics.CATALOGUE)


def test_a_metric_has_its_full_name_in_the_namespace_of_the_project() -> None:
    made = metrics.counter("dead_letter_<code>", "unknown_root").metric_name
    assert (made.namespace, made.name) == ("acervo", "dead_letter_unknown_root")
    assert metrics.distribution("apply_millis").metric_name.name == "apply_millis"


@pytest.mark.parametrize(
    ("name", "which"), [("no_such", None), ("dead_letter_<code>", None), ("inputs", "x"), ("apply_millis", None)]
)
def test_a_metric_that_is_not_in_the_catalogue_as_asked_for_is_refused(name: str, which: str | None) -> None:
    with pytest.raises(KeyError, match=re.escape(name)):
        metrics.counter(name, which)


def test_dead_letters_have_one_counter_and_one_per_code() -> None:
    assert {name for name in metrics.CATALOGUE if "dead" in name} == {
        "dead_letters", "dead_letter_<code>", "dead_letters_published", "dead_letters_barred", "dead_letters_erased",
    }  # fmt: skip
