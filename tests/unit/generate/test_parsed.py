"""What the generator says of its inputs is what the parser makes of them."""

from __future__ import annotations

from collections import Counter

import pytest

from local.generate import DEAD, Generated, documents, histories, leaves
from local.generate.stream import one_of_each_broken
from transforms.history.fold import fold
from transforms.model import DeadLetter, Entry, RawDocument, Record
from transforms.parse.parser import parse


def _differences(generated: Generated) -> list[str]:
    expected = leaves(generated)
    got = parse(RawDocument(generated.payload, generated.name, 0))
    if len(got) != len(expected):
        return [f"{generated.what}: {len(got)} results, not {len(expected)}"]
    return [text for leaf, result in zip(expected, got, strict=True) for text in _difference(leaf, result)]


def _difference(leaf: Generated, result: Record | DeadLetter) -> list[str]:
    if isinstance(result, DeadLetter):
        return [] if leaf.code == result.code else [f"{leaf.what}: dead as {result.code}: {result.message}"]
    if leaf.kind == DEAD:
        return [f"{leaf.what}: a record of {result.entry.key}, not dead"]
    entry = result.entry
    pairs = {
        "kind": (leaf.kind, entry.kind),
        "key": (leaf.key, entry.key),
        "layout": (leaf.layout, entry.layout),
        "form": (leaf.form, entry.form),
        "findings": (leaf.findings, entry.findings),
    }
    # The answer to a query is an envelope: its record holds the protocol alone.
    if leaf.form != "protocol":
        pairs["bytes"] = (leaf.payload, result.raw.payload)  # type: ignore[assignment]
    return [
        f"{leaf.what}: {name} is {got!r:.80}, not {said!r:.80}" for name, (said, got) in pairs.items() if said != got
    ]


def test_every_input_becomes_what_it_was_made_to_be() -> None:
    found: Counter[str] = Counter()
    for generated in documents(41, 2500, broken=0.04, duplicates=0.01):
        found.update(_differences(generated))
    assert not found, found.most_common(5)


def test_one_of_each_broken_is_dead_by_its_code() -> None:
    assert [text for generated in one_of_each_broken(43) for text in _differences(generated)] == []


def test_stories_of_odd_documents_are_kept_with_their_findings() -> None:
    stories = {"odd_check_digit": 1.0, "odd_issuer": 1.0, "odd_no_offset": 1.0, "nfe_unknown_event": 1.0}
    found = [generated for generated in documents(44, 80, **stories) if generated.findings]
    assert len({generated.findings for generated in found}) == 4
    assert [text for generated in found for text in _differences(generated)] == []


_STATUSES = {
    "nfe_two_versions": {"authorised"},
    "nfe_without_protocol": {"unprotocoled"},
    "nfe_late": {"authorised_late"},
    "nfe_denied": {"denied"},
    "nfe_cancelled": {"cancelled"},
    "nfe_cancelled_before": {"cancelled"},
    "nfe_cancelled_late": {"cancelled_late"},
    "nfe_orphan_event": {"cancelled"},
    "nfe_rejected_event": {"authorised"},
    "nfe_corrected": {"authorised"},
    "nfe_bare_event": {"authorised"},
    "nfe_query": {"authorised"},
    "nfe_batch": {"unprotocoled"},
    "nfce_substituted": {"authorised", "cancelled"},
    "nfce_voided": {"voided"},
    "cte_delivered": {"authorised"},
    "mdfe_closed": {"closed"},
    "mdfe_driver": {"closed"},
    "mdfe_cancelled": {"cancelled"},
    "nf3e_cancelled": {"cancelled"},
    "nfse": {"authorised"},
    "nfse_cancelled": {"cancelled"},
    "nfse_only_requested": {"authorised"},
    "nfse_substituted": {"authorised", "substituted"},
    "nfse_answered": {"authorised"},
    "cfe": {"authorised"},
    "cfe_cancelled": {"cancelled"},
}


@pytest.mark.parametrize("story", sorted(_STATUSES))
def test_a_story_ends_in_the_state_that_its_name_tells(story: str) -> None:
    for inputs in histories(45, 0, 12, {story: 1}):
        entries: dict[str, list[Entry]] = {}
        for generated in inputs:
            for record in parse(RawDocument(generated.payload, generated.name, 0)):
                assert isinstance(record, Record)
                entries.setdefault(record.entry.key, []).append(record.entry)
        assert {fold(of_key).state["status"] for of_key in entries.values()} == _STATUSES[story]
