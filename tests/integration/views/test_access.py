"""Readers' datasets in the emulator, and the rows of their views in both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.stack import PROJECT_ID
from pipelines import access
from tests import views_world as world
from tests.integration.views.dataset import Dataset
from transforms import access_key
from transforms.views import connect, readers
from transforms.views.readers import FULL, MASKED, Reader
from transforms.views.rows import rows_of

MINE, OTHERS = "11222333000181", "11444777000161"
PERSON = "52998224725"


def key(number: int, issuer: str = MINE) -> str:
    return world.key_of(number=number, issuer=issuer)


OF_PERSON = key(4, f"000{PERSON}")
HISTORIES = [
    [world.document(key(1), "a1", recipient_id=OTHERS, recipient_name="Padaria Ltda")],
    [world.document(key(2), "a2", recipient_id=PERSON, recipient_id_type="CPF", recipient_name="Maria", note="Maria")],
    [world.document(key(3, OTHERS), "a3", recipient_id=PERSON, recipient_id_type="CPF", recipient_name="Maria")],
    [
        world.document(OF_PERSON, "a4", recipient_id=MINE, issuer_id=PERSON, issuer_name="João"),
        world.event(OF_PERSON, "e4", "110111", author_id=PERSON),
    ],
    [world.document(key(5), "a5", recipient_id=MINE, issuer_name=f"JOSE DA SILVA {PERSON}")],
]


@pytest.fixture(scope="module")
def served(make_dataset: Callable[..., Dataset]) -> Dataset:
    found = make_dataset()
    found.write(row for history in HISTORIES for result in world.applied(history) for row in rows_of(result))
    return found


def rows(served: Dataset, view: str, rights: str, *companies: str) -> list[dict[str, object]]:
    """Rows of a reader's view, the same in both engines."""
    found = readers.views(PROJECT_ID, served.name, Reader("x", (), companies, rights))
    return served.query(next(one.query for one in found if one.name == view))


@pytest.mark.parametrize("company", [MINE, MINE[:8]])
def test_a_reader_sees_the_rows_of_its_company_and_no_others(served: Dataset, company: str) -> None:
    mine = {key(1), key(2), OF_PERSON, key(5)}
    for view in ("document_state", "documents"):
        assert {row["access_key"] for row in rows(served, view, FULL, company)} == mine
    assert {row["access_key"] for row in rows(served, "documents", FULL, OTHERS)} == {key(1), key(3, OTHERS)}
    assert [row["access_key"] for row in rows(served, "events", FULL, company)] == [OF_PERSON]
    assert rows(served, "events", FULL, OTHERS) == rows(served, "voided_ranges", FULL, OTHERS) == []


def test_cpfs_and_names_of_people_are_in_no_masked_row(served: Dataset) -> None:
    for view in ("document_state", "documents", "events", "voided_ranges"):
        found = rows(served, view, MASKED, MINE)
        text = repr(found)
        assert PERSON not in text and "Maria" not in text and "João" not in text and "JOSE" not in text
        assert bool(found) == (view != "voided_ranges")
    documents = {row["total"]: row for row in rows(served, "documents", MASKED, MINE)}
    assert len(documents) == 1, "amounts stay"
    by_recipient = {row["access_key"]: row for row in rows(served, "documents", MASKED, MINE)}
    assert by_recipient[key(1)]["recipient_name"] == "Padaria Ltda", "a company's name is nobody's"
    assert by_recipient[key(1)]["recipient_id"] == OTHERS
    assert by_recipient[key(2)]["recipient_id"] == by_recipient[key(2)]["recipient_name"] == "***"
    assert by_recipient[key(5)]["issuer_name"] == "***", "of a one-person company, which ends with a CPF"
    hidden = OF_PERSON.replace(PERSON, "*" * 11)
    assert by_recipient[hidden]["issuer_id"] == "***"
    assert access_key.is_access_key(OF_PERSON)


@pytest.fixture
def listed(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    def write(lines: str) -> Path:
        path = tmp_path / "readers.csv"
        path.write_text("name,principal,companies,rights\n" + lines)
        return path

    yield write


def test_datasets_are_as_the_list_says_and_no_more(
    served: Dataset, listed: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    client = connect.rest_client(PROJECT_ID)

    def apply(lines: str, *more: str) -> str:
        capsys.readouterr()
        assert access.main([str(listed(lines)), "--project", PROJECT_ID, "--dataset", served.name, *more]) == 0
        return capsys.readouterr().out

    def datasets() -> set[str]:
        prefix = readers.prefix_of(served.name)
        return {one.dataset_id for one in client.list_datasets(PROJECT_ID) if one.dataset_id.startswith(prefix)}

    both = f"acme,group:fiscal@acme.com.br,{MINE},masked\nbeta,user:ana@beta.com.br,{OTHERS},full\n"
    told = apply(both, "--dry_run")
    assert "create view" in told and f"'{MINE}'" in told and "WHERE" in told
    assert datasets() == set(), "a dry run changes nothing"
    apply(both)
    acme, beta = (f"{served.name}_reader_{name}" for name in ("acme", "beta"))
    assert datasets() == {acme, beta}
    query = f"SELECT access_key FROM `{PROJECT_ID}.{beta}.documents`"
    assert {row["access_key"] for row in served.emulated(query)} == {key(1), key(3, OTHERS)}
    entries = {(one.role, one.entity_type, str(one.entity_id)) for one in client.get_dataset(acme).access_entries}
    assert [one for one in entries if one[0] == "READER"] == [("READER", "groupByEmail", "fiscal@acme.com.br")]
    opened = [one.entity_id for one in client.get_dataset(served.name).access_entries if one.entity_type == "view"]
    assert {one["datasetId"] for one in opened} == {acme, beta}
    assert "up to date" in apply(both), "done twice it is done"

    fewer = f"acme,group:fiscal@acme.com.br,{MINE[:8]},masked\nacme,user:eva@acme.com.br,{MINE[:8]},masked\n"
    assert "drop dataset" in apply(fewer)
    assert datasets() == {acme}
    assert f"'{MINE[:8]}'" in client.get_table(f"{acme}.documents").view_query
    entries = {str(one.entity_id) for one in client.get_dataset(acme).access_entries if one.role == "READER"}
    assert entries == {"fiscal@acme.com.br", "eva@acme.com.br"}
    opened = [one.entity_id for one in client.get_dataset(served.name).access_entries if one.entity_type == "view"]
    assert {one["datasetId"] for one in opened} == {acme}
