"""A protocol is evidence of the key that it names, and of no other."""

from __future__ import annotations

from itertools import product

import pytest

from local.generate import documents, leaves
from tests.unit.parse.samples import (
    KEY,
    NFE_NS,
    all_of,
    event,
    event_return,
    key,
    nfe,
    parsed,
    processed,
    protocol,
    raw,
    refused,
)
from transforms.history.fold import fold
from transforms.model import VOIDED_RANGE, Record
from transforms.parse import protocols, reader, registry, tree, ways
from transforms.parse.parser import DEFAULTS, parse
from transforms.parse.values import Reading

OTHER = key(number=9)


def statuses(xml: str) -> list[tuple[str, str, int | None]]:
    return [(found.entry.key, found.entry.form, found.entry.fields.get("protocol_status")) for found in all_of(xml)]


def test_of_several_protocols_the_documents_own_counts() -> None:
    glued = processed(protocols=protocol(OTHER, 539) + protocol())
    assert statuses(glued) == [(KEY, "processed", 100), (OTHER, "protocol", 539)]
    assert all_of(glued)[0].entry.findings == ("repeated_element",)


def test_the_only_protocol_is_another_keys() -> None:
    found = all_of(processed(protocols=protocol(OTHER)))
    assert statuses(processed(protocols=protocol(OTHER))) == [(KEY, "bare", None), (OTHER, "protocol", 100)]
    assert "protocol_key_mismatch" in found[0].entry.findings
    assert found[1].raw.origin == "o#protNFe[1]"


def test_of_several_of_its_own_an_accepting_one_counts_in_any_order() -> None:
    for both in (protocol(status=204) + protocol(), protocol() + protocol(status=204)):
        assert statuses(processed(protocols=both)) == [(KEY, "processed", 100)]


def test_a_foreign_protocol_that_cannot_be_keyed_makes_no_dead_letter() -> None:
    assert statuses(processed(protocols=protocol("7") + protocol())) == [(KEY, "processed", 100)]


def test_an_empty_protocol_hides_none() -> None:
    found = all_of(processed(protocols=protocol(OTHER) + "<protNFe/>" + protocol()))
    assert [one.entry.form for one in found] == ["processed", "protocol"]
    assert found[0].entry.findings == ("repeated_element",)


PROTOCOLS = (protocol(), protocol(OTHER), protocol(status=204), protocol("7"), "<protNFe/>")


@pytest.mark.parametrize("three", list(product(PROTOCOLS, repeat=3)))
def test_both_ways_of_reading_agree_about_answers(three: tuple[str, ...]) -> None:
    for glued in (processed(protocols="".join(three)), processed(protocols=f"<protNFe>{''.join(three)}</protNFe>")):
        assert parse(raw(glued)) == parse(raw(glued), DEFAULTS._replace(way=ways.TREE))


def test_with_its_own_answer_alone_a_document_of_any_type_is_read_as_ever() -> None:
    settled: set[str] = set()
    for generated in documents(21, 400, broken=0):
        for leaf in leaves(generated):
            root = reader.parse_tree(reader.open_text(leaf.payload, 10**7))
            shape = registry.shape_of(tree.local_name(root.tag))
            if shape is None or shape.layout.kind == VOIDED_RANGE:
                continue
            reading = tree.read(root, shape.node)
            found = protocols.settle(shape.layout, shape.node, reading, lambda node, root=root: tree.read(root, node))
            if found.reading.parts & {"protocol", "return"} and reading.parts & {"body", "request"}:
                settled.add(shape.layout.name)
                assert not found.foreign
                for slot in Reading.__slots__:
                    assert getattr(found.reading, slot) == getattr(reading, slot), (shape.layout.name, slot)
    assert {"nfe", "cte", "mdfe", "nf3e", "nfse", "nfe_event", "cte_event"} <= settled


@pytest.mark.parametrize("way", ways.WAYS)
def test_answers_of_one_document_are_limited(way: str) -> None:
    for count, expected in ((1000, ["processed"]), (1001, ["too_large"])):
        glued = processed(protocols=f"<protNFe>{'<infProt/>' * (count - 1)}</protNFe>{protocol()}")
        found = parse(raw(glued), DEFAULTS._replace(way=way))
        assert [one.entry.form if isinstance(one, Record) else one.code for one in found] == expected


def test_without_a_key_of_its_own_a_document_takes_its_protocols() -> None:
    assert parsed(processed(nfe("0"))).key == KEY


def test_every_byte_is_kept_with_the_document() -> None:
    glued = processed(protocols=protocol(OTHER, 539) + protocol())
    assert all_of(glued)[0].raw.payload == glued.encode()


def events(*answers: str) -> list[tuple[str, str, str | None, int | None]]:
    """What a processed event gives whose request is a cancellation of KEY."""
    found = all_of(f'<procEventoNFe xmlns="{NFE_NS}" versao="1.00">{event()}{"".join(answers)}</procEventoNFe>')
    return [
        (e.key, e.form, e.fields.get("event_type"), e.fields.get("return_status")) for e in (r.entry for r in found)
    ]


def test_of_several_returns_the_events_own_counts_and_the_others_are_records_of_theirs() -> None:
    assert events(event_return(OTHER, status=573), event_return()) == [
        (KEY, "processed", "110111", 135),
        (OTHER, "return", "110111", 573),
    ]


def test_of_several_returns_of_its_own_an_accepting_one_counts_in_any_order() -> None:
    for both in ((656, 135), (135, 656), (573, 135)):
        assert events(*(event_return(status=status) for status in both)) == [(KEY, "processed", "110111", 135)]


def test_a_return_of_another_event_of_the_same_key_registers_that_one() -> None:
    assert events(event_return(event_type="110110")) == [
        (KEY, "bare", "110111", None),
        (KEY, "return", "110110", 135),
    ]


def test_a_batchs_whole_answer_was_glued_to_an_event() -> None:
    batch = f"<retEnvEvento><idLote>1</idLote><cStat>128</cStat>{event_return(OTHER)}{event_return()}</retEnvEvento>"
    assert events(batch) == [(KEY, "processed", "110111", 135), (OTHER, "return", "110111", 135)]


def test_a_number_that_is_voided_already() -> None:
    (record,) = all_of(processed(protocols=protocol(status=206)))
    assert fold([record.entry]).state == {"status": "voided", "known_by": "document"}


def query(status: int, content: str = "", namespace: str = NFE_NS) -> str:
    return f'<retConsSitNFe xmlns="{namespace}"><cStat>{status}</cStat><chNFe>{KEY}</chNFe>{content}</retConsSitNFe>'


def test_a_query_that_tells_a_status_is_a_record_of_the_key() -> None:
    record = parsed(query(302))
    assert (record.key, record.form, record.fields["query_status"], record.layout) == (KEY, "query", 302, "nfe_query")
    assert "protocol_status" not in record.fields


def test_a_query_that_says_what_its_protocol_says_is_no_record() -> None:
    assert [found.entry.form for found in all_of(query(100, protocol()))] == ["protocol"]


def test_a_query_that_says_more_than_its_protocol_is_one() -> None:
    assert [found.entry.form for found in all_of(query(101, protocol()))] == ["protocol", "query"]


def test_a_query_that_found_nothing_is_no_document() -> None:
    dead = refused(query(217))
    assert dead.code == "no_document" and "217" in dead.message


def test_a_query_of_another_family_is_read_by_its_own_table() -> None:
    nfcom = key("62")
    xml = (
        '<retConsSitNFCom xmlns="http://www.portalfiscal.inf.br/nfcom"><cStat>102</cStat>'
        f"<chNFCom>{nfcom}</chNFCom></retConsSitNFCom>"
    )
    (record,) = all_of(xml)
    assert isinstance(record, Record) and (record.entry.key, record.entry.layout) == (nfcom, "nfcom_query")


def test_what_a_query_says_counts_where_its_protocol_is_another_keys() -> None:
    found = all_of(query(101, protocol(OTHER, 101)))
    assert [(one.entry.key, one.entry.form) for one in found] == [(OTHER, "protocol"), (KEY, "query")]


def test_a_query_without_the_key_is_about_that_of_its_protocol() -> None:
    found = all_of(query(101, protocol()).replace(f"<cStat>101</cStat><chNFe>{KEY}</chNFe>", "<cStat>101</cStat>"))
    assert [(one.entry.key, one.entry.form) for one in found] == [(KEY, "protocol"), (KEY, "query")]
