from __future__ import annotations

from dataclasses import replace

from tests import stored_rows
from tests.unit.parse import reads
from transforms.model import RawDocument, Record
from transforms.parse import version
from transforms.parse.layout import text
from transforms.parse.parser import parse
from transforms.parse.registry import LAYOUTS


def test_what_is_read_changes_only_with_the_number_of_the_parser() -> None:
    found = reads.digest()
    assert found == version.READS, (
        "what the parser reads has changed. In transforms/parse/version.py raise PARSER by one, unless it was raised "
        f'since the last release already, and set READS = "{found}". docs/contributing/parser.md says what follows.'
    )


def test_a_field_that_no_document_has_is_noticed() -> None:
    layout = LAYOUTS["nfe"]
    more = replace(layout, parts={**layout.parts, "body": {**layout.parts["body"], "ide/cFoo": text("foo")}})
    others = [one for one in LAYOUTS.values() if one is not layout]
    assert reads.digest([*others, more]) != version.READS


def test_the_documents_that_never_change_are_of_every_kind() -> None:
    found = [one for each in stored_rows.payloads(reads.DOCUMENTS) for one in parse(RawDocument(each, "", 0))]
    assert {one.entry.kind for one in found if isinstance(one, Record)} == {"document", "event", "voided_range"}
    assert {"nfe", "cte", "cteos", "mdfe", "nf3e"} <= {one.entry.layout for one in found if isinstance(one, Record)}


def test_every_record_says_which_parser_read_it() -> None:
    payload = next(stored_rows.payloads(reads.DOCUMENTS))
    [record] = parse(RawDocument(payload, "", 0))
    assert isinstance(record, Record) and record.entry.parser == version.PARSER
