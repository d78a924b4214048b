"""The list of readers, and what of it may reach SQL."""

from __future__ import annotations

import re

import pytest

from transforms.views import readers, schema
from transforms.views.readers import FULL, MASKED, Reader, ReadersError

HEAD = "name,principal,companies,rights\n"
COMPANY = "11222333000181"


def test_lines_of_one_name_are_one_reader() -> None:
    text = HEAD + (
        "beta,user:ana@beta.com.br,11.222.333/0001-81 11444777,full\n"
        "acme,group:fiscal@acme.com.br,11444777,masked\n"
        "beta,serviceAccount:robot@beta.iam.gserviceaccount.com,11444777 11222333000181,full\n"
    )
    principals = ("serviceAccount:robot@beta.iam.gserviceaccount.com", "user:ana@beta.com.br")
    assert readers.read(text) == [
        Reader("acme", ("group:fiscal@acme.com.br",), ("11444777",), MASKED),
        Reader("beta", principals, (COMPANY, "11444777"), FULL),
    ]
    assert readers.read(HEAD) == []


@pytest.mark.parametrize(
    "line",
    [
        "acme,user:a@b.com,11222333000182,full",
        "acme,user:a@b.com,52998224725,full",
        "acme,user:a@b.com,1122233' OR TRUE --,full",
        "acme,user:a@b.com,,full",
        "acme,user:a@b.com,11222333,all",
        "acme,allUsers,11222333,full",
        "acme,user:a@b.com') --,11222333,full",
        "ac`me,user:a@b.com,11222333,full",
        "acme,user:a@b.com,11222333",
        "acme,user:a@b.com,11222333,full,more",
        "acme,user:a@b.com,11222333,full\nacme,user:c@d.com,11444777,full",
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(ReadersError, match="line"):
        readers.read(HEAD + line + "\n")


def test_nothing_but_a_company_becomes_a_literal() -> None:
    with pytest.raises(ValueError, match="no company"):
        readers.views("p", "d", Reader("x", (), ("' OR TRUE OR '",), FULL))


@pytest.mark.parametrize("rights", [FULL, MASKED])
def test_every_view_is_filtered(rights: str) -> None:
    for view in readers.views("p", "d", Reader("x", (), (COMPANY, "11444777"), rights)):
        assert re.search(rf"WHERE .*'{COMPANY}'.*STARTS_WITH\(\w+, '11444777'\)", view.query), view.name


def test_a_column_that_nobody_listed_is_not_shown_masked() -> None:
    """Texts of any kind may hold a name: what is shown is listed."""
    for view in readers.views("p", "d", Reader("x", (), (COMPANY,), MASKED))[1:]:
        table = schema.load(view.name)
        texts = {one.name for one in table.columns if one.type in ("STRING", "JSON", "RECORD", "BYTES")}
        head = view.query.partition("\nFROM")[0]
        shown = {name for name in texts if re.search(rf"(?:, |SELECT | AS ){name}(?:,|$)", head)}
        assert not shown & {
            "extra",
            "items",
            "origin",
            "record_id",
            "correction",
            "reason",
            "service_description",
            "run",
        }
        masked = {name for name in texts if f" AS {name}" in head}
        assert {name for name in shown if name.endswith(("_id", "_name", "_key"))} - {"event_name"} <= masked
