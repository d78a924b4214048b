"""The tracker of a source without positions, and the choice of the source."""

from __future__ import annotations

import pytest
from apache_beam.io.restriction_trackers import OffsetRange
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.sdf_utils import ThreadsafeRestrictionTracker
from google.api_core.retry import Retry

from transforms.ingest.pubsub import preflight
from transforms.ingest.pubsub.preflight import subscription_path
from transforms.ingest.pubsub.settings import SubscriptionError
from transforms.ingest.pubsub.transform import RUNNER, SDF, source_of
from transforms.ingest.queue.reader import TailProvider, TailTracker


def tracker() -> TailTracker:
    return TailProvider().create_tracker(TailProvider().initial_restriction(0))


def test_an_empty_bundle_ends_with_all_of_the_rest_to_come() -> None:
    tail = tracker()
    _, rest = tail.try_split(0)  # type: ignore[misc]
    tail.check_done()
    assert rest.start == 0


def test_a_bundle_ends_with_the_rest_to_come_after_what_it_claimed() -> None:
    tail = tracker()
    assert tail.try_claim(41)
    _, rest = tail.try_split(0)  # type: ignore[misc]
    tail.check_done()
    assert rest.start == 42
    assert TailProvider().create_tracker(rest).try_claim(42)


def test_a_pubsub_that_is_not_there_is_told_with_where_it_was_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "localhost:1")
    monkeypatch.setattr(preflight, "_RETRY", Retry(initial=0.1, timeout=0.5))
    with pytest.raises(SubscriptionError, match=r"does not answer about .*/s1d: is the emulator up at localhost:1 .*"):
        preflight.check_subscription("projects/company/subscriptions/s1d")


@pytest.mark.parametrize("fraction", [0.01, 0.5, 1.0])
def test_a_reader_is_never_divided(fraction: float) -> None:
    tail = tracker()
    assert tail.try_split(fraction) is None
    assert tail.try_claim(0)


def test_nothing_can_be_claimed_once_the_runner_has_stopped_the_bundle() -> None:
    tail = tracker()
    assert tail.try_claim(9)
    tail.try_split(0)
    assert not tail.try_claim(19)
    tail.check_done()


def test_the_rest_is_deferred_as_beam_understands_it() -> None:
    tail = ThreadsafeRestrictionTracker(tracker())
    assert tail.try_claim(4)
    tail.defer_remainder()
    tail.check_done()
    rest, _ = tail.deferred_status()  # type: ignore[misc]
    assert rest == OffsetRange(5, TailProvider().initial_restriction(0).stop)


def test_draining_reads_nothing_more() -> None:
    assert TailProvider().truncate(0, TailProvider().initial_restriction(0)) is None


@pytest.mark.parametrize(
    ("runner", "source"),
    [
        ("DataflowRunner", RUNNER),
        ("apache_beam.runners.dataflow.DataflowRunner", RUNNER),
        ("BundleBasedDirectRunner", RUNNER),
        ("DirectRunner", RUNNER),
        ("PrismRunner", SDF),
        ("FlinkRunner", SDF),
        ("PortableRunner", SDF),
    ],
)
def test_the_source_follows_the_runner(runner: str, source: str) -> None:
    assert source_of(PipelineOptions(["--runner", runner])) == source


def test_the_source_can_be_chosen_all_the_same() -> None:
    assert source_of(PipelineOptions(["--runner=DataflowRunner"]), SDF) == SDF


def test_a_source_of_another_name_is_refused() -> None:
    with pytest.raises(SubscriptionError, match="auto, runner, sdf"):
        source_of(PipelineOptions([]), "kafka")


def test_short_and_full_names_of_a_subscription() -> None:
    assert subscription_path("fiscal", "company") == "projects/company/subscriptions/fiscal"
    assert subscription_path("projects/a/subscriptions/fiscal", "b") == "projects/a/subscriptions/fiscal"


@pytest.mark.parametrize(("name", "project"), [("fiscal", None), ("projects/a/topics/b", "p"), ("", "p"), ("9x", "p")])
def test_what_is_no_name_of_a_subscription_is_said_so(name: str, project: str | None) -> None:
    with pytest.raises(SubscriptionError, match="is not a subscription"):
        subscription_path(name, project)
