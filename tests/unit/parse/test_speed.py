"""A guard against a parser that has become slow: ratios to bare lxml, with a margin for noisy machines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

import pytest

from local.bench.archive import archive
from local.bench.parse import compare, readers, signed_nfe
from transforms.parse import sax


@pytest.fixture(autouse=True)
def _of_this_thread_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests began may go on in other threads."""
    monkeypatch.setattr(time, "process_time", time.thread_time)


def test_documents_are_read_by_the_compiled_module() -> None:
    """Where there is no compiler everything works, and this says why it is slow."""
    assert not sax.MISSING


# Seen: 1.35 and 1.1 of one generator, 1.4 and 1.1 of an archive; 5.4 and 4.0 by the tree, which visits every tax of an
# item in Python.
@pytest.mark.parametrize("documents", [signed_nfe(9), archive(9)], ids=["one generator", "many programs"])
def test_a_checked_record_costs_little_more_than_a_bare_tree(documents: Iterator[bytes]) -> None:
    ratios = compare(list(islice(documents, 50)), readers(), rounds=15)["ratios"]
    assert ratios["with_items"] < 1.7, ratios
    assert ratios["without_items"] < 1.5, ratios
    assert ratios["tree"] < 8, ratios


def test_the_first_of_its_kind_costs_no_more_than_the_next() -> None:
    """Nothing is learnt: of documents each read once, no two alike."""
    documents = list(islice(archive(10), 60))
    ratios = compare(documents, {"with_items": readers()["with_items"]}, rounds=1)["ratios"]
    assert ratios["with_items"] < 2.5, ratios
