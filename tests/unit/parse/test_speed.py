"""A guard against a parser that has become slow: ratios to bare lxml, with a margin for noisy machines."""

from __future__ import annotations

import time
from itertools import islice

import pytest

from local.bench.parse import compare, readers, signed_nfe
from transforms.parse import registry
from transforms.parse.learnt import Learnt


def test_a_checked_record_costs_little_more_than_a_bare_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    for shapes in (registry.SHAPES, registry.SHAPES_WITHOUT_ITEMS):
        shape = shapes["nfeProc"]
        # Nothing that other tests taught.
        monkeypatch.setitem(shapes, "nfeProc", shape._replace(learnt=Learnt(shape.node)))
    # Of this thread alone: what other tests began may go on in others.
    monkeypatch.setattr(time, "process_time", time.thread_time)
    ours = readers()
    payloads = list(islice(signed_nfe(9), 150))
    for reader in ours.values():
        for payload in payloads[:100]:
            reader(payload)
    # Seen: 1.15 and 0.9.
    ratios = compare(payloads[100:], ours, rounds=15)["ratios"]
    assert ratios["with_items"] < 2.0, ratios
    assert ratios["without_items"] < 1.5, ratios
