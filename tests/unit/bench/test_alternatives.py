"""The programs that the backfill is compared with, and the picture of the comparison."""

from local.bench import pictured
from local.bench.usual.fields import COLUMNS, fields
from local.generate.stream import documents, leaves

RESULT = {
    "documents": 300,
    "keys": 250,
    "ways": {
        name: {
            "per_second": 90.0 + number,
            "cpu_micros": 1_234.0 + number,
            "peak_bytes": (101 + number) << 20,
            "keys_missing": number,
            "statuses_wrong": 2 * number,
            "documents_twice": 250 + 70 * number,
            "documents_killed": 250 + 33 * number,
        }
        for number, name in enumerate(pictured.NAMES)
    },
}


def test_the_usual_program_reads_most_generated_documents() -> None:
    payloads = [leaf.payload for generated in documents(3, 200) for leaf in leaves(generated)]

    found = [row for payload in payloads if (row := fields(payload, "a.xml"))]

    assert len(found) > 0.8 * len(payloads)
    assert all(tuple(row) == COLUMNS and len(row["access_key"]) == 44 for row in found)
    assert {row["status"] for row in found} >= {"authorised", "cancelled"}


def test_what_is_no_xml_is_passed_over() -> None:
    assert fields(b"<NFe>", "a.xml") is None
    assert fields(b"<other/>", "a.xml") is None


def test_the_picture_has_each_figure() -> None:
    drawn = pictured.drawn(RESULT)

    for number, name in enumerate(pictured.NAMES.values()):
        assert name in drawn
        for figure in (90 + number, f"{1_234 + number:,}", 101 + number, 3 * number, 70 * number, 33 * number):
            assert f">{figure}</text>" in drawn
