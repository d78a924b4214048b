"""``ParseDocuments``: both outputs, their types, and the counters."""

from __future__ import annotations

import base64
import gzip
import tracemalloc

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows, TimestampedValue

from tests.unit.parse.samples import KEY, NFE_NS, key, nfe, processed
from transforms.model import DeadLetter, RawDocument, Record
from transforms.parse.parser import ParseOptions
from transforms.parse.transform import ParseDocuments

OTHER = key(number=2)
INPUTS = [
    RawDocument(processed().encode(), "good", 1),
    RawDocument(f'<enviNFe xmlns="{NFE_NS}">{nfe()}{nfe(OTHER)}</enviNFe>'.encode(), "batch", 2),
    RawDocument(nfe().replace("<cUF>35", "<cUF>33").encode(), "odd", 3),
    RawDocument(b"<pedido/>", "unknown", 4),
    RawDocument(b"", "nothing", 5),
]


def counters(result: beam.runners.runner.PipelineResult) -> dict[str, int]:
    found = result.metrics().query()["counters"]
    return {c.key.metric.name: c.committed for c in found if c.key.metric.namespace == "acervo"}


def test_records_and_dead_letters_are_told_apart_and_counted() -> None:
    with TestPipeline(runner="FnApiRunner", options=PipelineOptions([])) as pipeline:
        parsed = pipeline | beam.Create(INPUTS) | ParseDocuments()
        records, dead = parsed.records, parsed.dead_letters
        assert records.element_type is Record
        assert dead.element_type is DeadLetter
        assert_that(
            records | "Told" >> beam.Map(lambda r: (r.raw.origin, r.entry.key, r.entry.findings, r.raw.received_at)),
            equal_to([
                ("good", KEY, (), 1),
                ("batch#NFe[1]", KEY, (), 2),
                ("batch#NFe[2]", OTHER, ("key_number_mismatch",), 2),
                ("odd", KEY, ("key_uf_mismatch",), 3),
            ]),
            label="records",
        )  # fmt: skip
        assert_that(
            dead | "Why" >> beam.Map(lambda d: (d.origin, d.code, d.stage, d.received_at)),
            equal_to([("unknown", "unknown_root", "parse", 4), ("nothing", "empty", "parse", 5)]),
            label="dead",
        )
    counted = counters(pipeline.result)
    assert counted["inputs"] == 6
    assert counted["finding_key_uf_mismatch"] == 1


def test_strict_and_limit_reach_the_parser() -> None:
    with TestPipeline(runner="FnApiRunner", options=PipelineOptions([])) as pipeline:
        options = ParseOptions(strict=True, max_bytes=5_000)
        parsed = pipeline | beam.Create([INPUTS[2], RawDocument(b"<a>" * 2_000, "large", 1)]) | ParseDocuments(options)
        assert_that(parsed.records, equal_to([]), label="records")
        assert_that(
            parsed.dead_letters | beam.Map(lambda d: (d.origin, d.code)),
            equal_to([("odd", "strict_findings"), ("large", "too_large")]),
            label="dead",
        )


def test_outputs_keep_the_time_and_window_of_their_input() -> None:
    """Inputs are parsed in batches, the last of them at the bundle's end."""
    with TestPipeline(runner="FnApiRunner", options=PipelineOptions([])) as pipeline:
        timed = beam.MapTuple(lambda number, one: TimestampedValue(one, 60 * number + 7)).with_output_types(RawDocument)
        inputs = pipeline | beam.Create(list(enumerate(INPUTS))) | timed | beam.WindowInto(FixedWindows(60))
        parsed = inputs | ParseDocuments()

        def told(
            origin: str, at: float = beam.DoFn.TimestampParam, window: object = beam.DoFn.WindowParam
        ) -> tuple[str, float, float]:
            return origin, float(at), float(window.start)  # type: ignore[attr-defined]

        assert_that(
            parsed.records | "Origin" >> beam.Map(lambda r: r.raw.origin) | "Told" >> beam.Map(told),
            equal_to([("good", 7, 0), ("batch#NFe[1]", 67, 60), ("batch#NFe[2]", 67, 60), ("odd", 127, 120)]),
            label="records",
        )
        assert_that(
            parsed.dead_letters | "OriginOfDead" >> beam.Map(lambda d: d.origin) | "ToldOfDead" >> beam.Map(told),
            equal_to([("unknown", 187, 180), ("nothing", 247, 240)]),
            label="dead",
        )


def test_what_answers_unpack_to_is_not_held_for_a_whole_batch() -> None:
    """Entries of answers are compressed: a thousandfold, if somebody wants to."""
    long = processed().replace("<ide>", " " * 1_500_000 + "<ide>").encode()
    entry = base64.b64encode(gzip.compress(long)).decode()
    lot = f'<loteDistDFeInt><docZip NSU="1">{entry}</docZip></loteDistDFeInt>'
    answer = f'<retDistDFeInt xmlns="{NFE_NS}">{lot}</retDistDFeInt>'.encode()
    inputs = [RawDocument(answer, str(number), 1) for number in range(20)]
    tracemalloc.start()
    try:
        with TestPipeline(runner="FnApiRunner", options=PipelineOptions([])) as pipeline:
            parsed = pipeline | beam.Create(inputs) | ParseDocuments()
            sizes = parsed.records | beam.Map(lambda r: len(r.raw.payload))
            assert_that(sizes, equal_to([len(long)] * len(inputs)))
        assert tracemalloc.get_traced_memory()[1] < 10 * len(long)
    finally:
        tracemalloc.stop()
