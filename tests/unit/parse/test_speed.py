"""A guard against a parser that has become slow: ratios to bare lxml, with a margin for noisy machines."""

from __future__ import annotations

from itertools import islice

from local.bench.parse import compare, readers, signed_nfe


def test_a_checked_record_costs_little_more_than_a_bare_tree() -> None:
    ours = readers()
    payloads = list(islice(signed_nfe(9), 150))
    for reader in ours.values():
        for payload in payloads[:100]:
            reader(payload)
    # Seen: 1.25 and 0.9.
    ratios = compare(payloads[100:], ours, rounds=15)["ratios"]
    assert ratios["with_items"] < 2.0, ratios
    assert ratios["without_items"] < 1.5, ratios
