from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import islice

import pytest
from lxml import etree

from local.generate import CONTAINER, DEAD, STORIES, Generated, Totals, documents, histories, leaves
from transforms.model import DOCUMENT, EVENT, VOIDED_RANGE, record_id_of

# Changes whenever the generator does; must be the same on every machine.
GOLDEN = "250bd6066c59c6cc9c7b9d0384ac6f312b33d192fcfcd8488e4fa7dbcb9f2950"


def _payloads(stream: Iterable[Generated]) -> list[bytes]:
    return [one.payload for one in stream]


def test_the_same_seed_gives_the_same_bytes_on_every_machine() -> None:
    digest = hashlib.sha256()
    for generated in documents(1, 500, broken=0.05, duplicates=0.05):
        digest.update(generated.name.encode() + b"\0" + generated.payload + b"\0")
    assert digest.hexdigest() == GOLDEN


def test_another_seed_gives_other_documents() -> None:
    assert not set(_payloads(documents(1, 200))) & set(_payloads(documents(2, 200)))


def test_a_shorter_stream_is_the_beginning_of_a_longer_one() -> None:
    longer = documents(3, 300, broken=0.05, duplicates=0.1)
    assert _payloads(documents(3, 120, broken=0.05, duplicates=0.1)) == _payloads(islice(longer, 120))


def test_two_streams_at_once_do_not_disturb_each_other() -> None:
    pairs = list(zip(documents(4, 80), documents(4, 80), strict=True))
    assert all(one == other for one, other in pairs)


def test_shards_of_histories_fit_together() -> None:
    whole = list(histories(5, 0, 60))
    assert list(histories(5, 0, 25)) + list(histories(5, 25, 60)) == whole


def test_broken_ones_do_not_change_the_others() -> None:
    plain = _payloads(documents(6, 150))
    noisy = [one for one in documents(6, 250, broken=0.2, duplicates=0.2) if one.kind != DEAD and not one.duplicate]
    assert _payloads(noisy)[:100] == plain[:100]


def test_no_input_repeats_unless_it_is_marked_a_duplicate() -> None:
    seen: set[str] = set()
    repeated = 0
    for generated in documents(7, 2500, duplicates=0.05):
        for leaf in leaves(generated):
            record = record_id_of(leaf.payload)
            assert (record in seen) is generated.duplicate, leaf.name
            seen.add(record)
        repeated += generated.duplicate
    assert repeated > 60


def test_totals_are_what_the_inputs_hold() -> None:
    totals, inputs = Totals(), list(documents(8, 2500, broken=0.03, duplicates=0.04))
    for generated in inputs:
        totals.add(generated)
    flat = [leaf for generated in inputs for leaf in leaves(generated)]
    alive = [leaf for leaf in flat if leaf.kind != DEAD]
    assert totals.files == 2500
    assert totals.inputs == len(flat)
    assert totals.documents == sum(leaf.kind == DOCUMENT for leaf in flat)
    assert totals.events == sum(leaf.kind == EVENT for leaf in flat)
    assert totals.voided_ranges == sum(leaf.kind == VOIDED_RANGE for leaf in flat)
    assert totals.records == len({leaf.payload for leaf in alive})
    assert totals.records + totals.duplicates == len(alive)
    assert totals.keys == len({leaf.key for leaf in alive})
    assert sum(totals.dead_letters.values()) == len(flat) - len(alive) > 40
    assert sum(totals.types.values()) == len(alive)


def test_numbers_of_a_series_run_without_gaps() -> None:
    numbers: dict[str, list[int]] = {}
    for generated in documents(9, 1200, nfe=3, nfe_cancelled=1):
        if generated.kind == DOCUMENT:
            numbers.setdefault(generated.key[6:25], []).append(int(generated.key[25:34]))
    assert len(numbers) > 30
    for found in numbers.values():
        assert sorted(found) == list(range(min(found), min(found) + len(found)))


def test_what_holds_several_is_a_container_with_its_entries() -> None:
    found = list(documents(10, 60, nfe_batch=1, distribution=1))
    assert {one.kind for one in found} == {CONTAINER}
    assert {one.what for one in found} == {"batch", "distribution", "soap"}
    assert all(len(leaves(one)) >= 1 and not one.key for one in found)


def test_asked_for_shares_are_kept_about() -> None:
    found = list(documents(11, 4000, broken=0.1, duplicates=0.1, cteos=1))
    assert 0.06 < sum(one.kind == DEAD for one in found) / 4000 < 0.11
    assert 0.06 < sum(one.duplicate for one in found) / 4000 < 0.11


def test_all_types_are_in_the_plausible_mix() -> None:
    found = {leaf.what for one in documents(12, 3000) for leaf in leaves(one)}
    assert {"nfe", "nfce", "cte", "cteos", "mdfe", "nf3e", "voided_range", "resNFe", "resEvento", "protocol"} <= found
    assert {"nfe_110110", "nfe_110111", "nfe_110112", "nfe_110140", "nfe_119990"} <= found
    assert {"nfe_210200", "nfe_210210", "nfe_210220", "nfe_210240"} <= found
    assert {"cte_110110", "cte_110111", "cte_110180", "cte_110181", "cte_610110"} <= found
    assert {"mdfe_110111", "mdfe_110112", "mdfe_110114"} <= found


@pytest.mark.parametrize(
    ("weights", "message"),
    [({"nfx": 1.0}, "no story is called nfx"), ({"nfe": -1.0}, "must not be negative"), ({"nfe": 0.0}, "above zero")],
)
def test_weights_that_make_no_sense_are_refused(weights: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        next(documents(1, 1, **weights))


def test_chances_outside_of_their_range_are_refused() -> None:
    with pytest.raises(ValueError, match="chances from 0"):
        next(documents(1, 1, broken=1.5))


def _keys(story: list[Generated]) -> set[str]:
    return {leaf.key for one in story for leaf in leaves(one)}


_OF_SEVERAL_KEYS = {"distribution", "nfe_batch", "nfce_substituted", "nfse_requested", "nfse_substituted"}


@pytest.mark.parametrize("name", sorted(set(STORIES) - _OF_SEVERAL_KEYS))
def test_a_story_is_about_one_key(name: str) -> None:
    for story in histories(14, 0, 20, {name: 1}):
        assert len(_keys(story)) == 1, name


def test_a_cancellation_may_arrive_before_its_document() -> None:
    for event, document in histories(15, 0, 10, {"nfe_cancelled_before": 1}):
        assert (event.kind, document.kind) == (EVENT, DOCUMENT)
        assert event.key == document.key


def test_a_rejected_cancellation_has_no_protocol() -> None:
    for _, event in histories(16, 0, 10, {"nfe_rejected_event": 1}):
        ret = etree.fromstring(event.payload)[1]
        assert ret.findtext(".//{*}cStat") == "501"
        assert ret.find(".//{*}nProt") is None


def test_a_manifestation_is_of_the_recipient_and_in_order() -> None:
    for story in histories(17, 0, 30, {"nfe_manifested": 1}):
        events = [etree.fromstring(one.payload) for one in story if one.kind == EVENT]
        authors = {event.findtext(".//{*}infEvento/{*}CNPJ") for event in events}
        assert len(authors) == 1
        assert authors.isdisjoint({story[0].key[6:20]})
        instants = [event.findtext(".//{*}dhRegEvento") for event in events]
        assert instants == sorted(instants)  # type: ignore[type-var]


def test_correction_letters_are_numbered_from_one() -> None:
    for story in histories(18, 0, 20, {"nfe_corrected": 1}):
        numbers = sorted(
            int(etree.fromstring(one.payload).findtext(".//{*}nSeqEvento") or 0) for one in story if one.kind == EVENT
        )
        assert numbers == list(range(1, len(numbers) + 1))


def test_two_versions_of_a_document_hold_the_same_document() -> None:
    for story in histories(19, 0, 10, {"nfe_two_versions": 1}):
        assert sorted(one.form for one in story) == ["bare", "processed"]
        bodies = {etree.tostring(etree.fromstring(one.payload).find(".//{*}infNFe"), method="c14n") for one in story}
        assert len(bodies) == 1


def test_a_delivery_is_taken_back_by_the_protocol_of_its_proof() -> None:
    for _, proof, back in histories(20, 0, 10, {"cte_delivery_cancelled": 1}):
        given = etree.fromstring(proof.payload).findtext("{*}retEventoCTe//{*}nProt")
        assert etree.fromstring(back.payload).findtext(".//{*}nProtCE") == given


def test_a_substituted_nfce_names_its_substitute() -> None:
    for first, second, event in histories(21, 0, 10, {"nfce_substituted": 1}):
        root = etree.fromstring(event.payload)
        assert (event.key, root.findtext(".//{*}chNFeRef")) == (first.key, second.key)
