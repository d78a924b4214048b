"""What a bucket holds in tests of ``ReadDocuments``, and what is read of it, whichever service keeps it."""

from __future__ import annotations

import gzip

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to

from tests.unit.ingest.packing import CHANGED, raw_zip, tarred, xml
from transforms.ingest import work
from transforms.ingest.inputs import Inputs
from transforms.ingest.limits import Limits
from transforms.ingest.transform import _Read
from transforms.model import RawDocument

FILES = {
    "in/": b"",
    "in/1.xml": xml(1),
    "in/sub/2.zip": raw_zip((f"{n}.xml", xml(n)) for n in range(200)),
    "in/sub/3.xml.gz": gzip.compress(xml(3)),
    "in/sub/4.tar.gz": tarred([("a.xml", xml(4))], "w:gz"),
    "outro.xml": xml("outro"),
}
# Of everything in the folder "in" of a bucket.
FORMS = ("{}/in", "{}/in/", "{}/in/**", "{}/in/*.xml,{}/in/sub/*,{}/in/1.xml")


def assert_all_is_read(read: Inputs, bucket: str) -> None:
    """The documents below the folder "in", each once, and no dead letter."""
    documents = read.documents | beam.Map(lambda d: (d.origin, d.payload))
    expected = [
        (f"{bucket}/in/1.xml", xml(1)),
        (f"{bucket}/in/sub/3.xml.gz", xml(3)),
        (f"{bucket}/in/sub/4.tar.gz#a.xml", xml(4)),
    ]
    expected += [(f"{bucket}/in/sub/2.zip#{n}.xml", xml(n)) for n in range(200)]
    assert_that(documents, equal_to(expected), "documents")
    assert_that(read.dead_letters, equal_to([]), "dead letters")


def assert_what_is_gone_is_dead(bucket: str) -> None:
    """Objects that were listed and are gone are dead letters; what stands between them is read."""
    gone = [
        work.FileRef(f"{bucket}/{name}", CHANGED, size) for name, size in (("pequeno.xml", 5), ("grande.zip", 1 << 30))
    ]
    there = work.FileRef(f"{bucket}/in/1.xml", CHANGED, 5)
    reader = _Read(Limits())
    reader.setup()
    outcomes = list(reader.process(work.Batch.of([gone[0], there, gone[1]])))
    reader.teardown()
    letters = [outcome.value for outcome in outcomes if isinstance(outcome, beam.pvalue.TaggedOutput)]
    assert [(letter.origin, letter.code) for letter in letters] == [(file.path, "unreadable_file") for file in gone]
    assert [outcome.origin for outcome in outcomes if isinstance(outcome, RawDocument)] == [there.path]
