from __future__ import annotations

import gc
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner
from apache_beam.runners.direct.direct_runner import DirectRunner
from apache_beam.runners.portability.portable_runner import PortableRunner
from apache_beam.runners.portability.prism_runner import PrismRunner
from apache_beam.runners.runner import PipelineRunner
from hypothesis import given
from hypothesis import strategies as st

from transforms.counting.packs import InShuffle, OnDisk, Sums, carrier_for, pack, unpack

texts = st.text(max_size=5)
amounts = st.integers() | st.integers().map(lambda cents: cents * 10**7)
sums_of_buckets = st.dictionaries(st.tuples(texts, texts), st.tuples(st.integers(-9, 9), amounts), min_size=1)


@given(sums_of_buckets)
def test_packed_sums_are_read_back_whatever_their_size(sums: Sums) -> None:
    assert unpack(pack(sums)) == sums


def test_equal_sums_are_packed_alike_whatever_their_order() -> None:
    sums: Sums = {("55", "b"): (1, 2), ("55", "a"): (3, 4)}
    assert pack(sums) == pack(dict(reversed(sums.items())))


def test_packs_on_disk_are_received_by_any_carrier_of_the_folder(tmp_path: Path) -> None:
    first, second = [b"one", b"", b"three" * 100_000], [b"four"]
    sender = OnDisk(str(tmp_path))
    sent = sender.send(first) + sender.send(second)
    assert len(set(sent)) == 4 and max(map(len, sent)) < 40
    receiver = OnDisk(str(tmp_path))
    assert [receiver.receive(one) for one in reversed(sent)] == [*second, *reversed(first)]


def test_packs_that_cannot_be_written_say_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"Make room or set TMPDIR.*/missing'$"):
        OnDisk(str(tmp_path / "missing")).send([b"pack"])


@pytest.mark.parametrize("runner", ["FnApiRunner", "DirectRunner", "PrismRunner"])
def test_a_bounded_pipeline_of_a_runner_on_this_machine_has_a_folder_as_long_as_it_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pipeline = beam.Pipeline(runner=runner, options=PipelineOptions([]))
    carrier = carrier_for(pipeline)
    assert isinstance(carrier, OnDisk)
    (sent,) = carrier.send([b"pack"])
    assert carrier.receive(sent) == b"pack" and len(list(tmp_path.glob("acervo-sums-*"))) == 1
    del pipeline
    gc.collect()
    assert not list(tmp_path.glob("acervo-sums-*"))


@pytest.mark.parametrize(
    ("runner", "flags"),
    [
        (DataflowRunner(), []),
        (PortableRunner(), []),
        (PrismRunner(), ["--environment_type=DOCKER"]),
        (DirectRunner(), ["--streaming"]),
    ],
)
def test_others_shuffle_the_packs(runner: PipelineRunner, flags: list[str]) -> None:
    pipeline = beam.Pipeline(options=PipelineOptions(flags))
    pipeline.runner = runner
    assert isinstance(carrier_for(pipeline), InShuffle)
