"""Queries that documentation has people run are answered, on a dataset as it is made."""

from __future__ import annotations

import re

import pytest
import sqlglot

from tests.integration.views.dataset import Dataset
from tests.unit.templates.documents import commands, documents

QUERIES = sorted(
    {
        next((word for word in command.words[3:] if " " in word), command.words[-1])
        for path in documents()
        for command in commands(path.read_text(), {})
        if command.words[1:3] == ("-m", "pipelines.query")
    }
)


def test_there_are_queries() -> None:
    assert len(QUERIES) >= 5


@pytest.mark.parametrize("query", QUERIES)
def test_query_is_answered(dataset: Dataset, query: str) -> None:
    dataset.query(query)


def test_sql_that_needs_the_service_is_at_least_sql() -> None:
    fence = re.compile(r"^```sql\n(.*?)^```", re.MULTILINE | re.DOTALL)
    blocks = [block for path in documents() for block in fence.findall(path.read_text())]
    assert blocks
    for block in blocks:
        assert sqlglot.parse_one(block, read="bigquery")
