"""The tables' side of a comparison: SQL that makes the same facts and digests as ``facts``. Pure.

Identical copies of a row are one fact, since views keep one.
"""

from __future__ import annotations

from transforms.counting.contributions import CountKey
from transforms.reconcile.fact_columns import FACT_COLUMNS, FactColumn, FactColumns, amount_sql
from transforms.truth.selection import Selection
from transforms.views import key_sql, schema

TABLES = tuple(FACT_COLUMNS)
SINGLE = tuple(name for name, compared in FACT_COLUMNS.items() if compared.single)

_COUNT_COLUMNS = CountKey._fields
_COUNT_KEY = ", '|', ".join(f"COALESCE(CAST({name} AS STRING), '')" for name in _COUNT_COLUMNS)


def digests(dataset: str, table: str, characters: int, selection: Selection) -> str:
    """Columns bucket, facts, first, second."""
    part = "CAST(CONCAT('0x', SUBSTR(digest, {}, 8)) AS INT64)"
    return f"""
SELECT RIGHT(key, {characters}) AS bucket, COUNT(*) AS facts,
  SUM({part.format(1)}) AS first, SUM({part.format(9)}) AS second
FROM (SELECT key, TO_HEX(SHA256(text)) AS digest FROM ({_facts(dataset, table, selection)}))
GROUP BY bucket"""


def facts(dataset: str, table: str, characters: int, selection: Selection) -> str:
    """Columns key, identity, text, of the buckets in the parameter ``buckets``."""
    inner = _facts(dataset, table, selection)
    return f"SELECT key, identity, text FROM ({inner}) WHERE RIGHT(key, {characters}) IN UNNEST(@buckets)"


def doubled(dataset: str, table: str, selection: Selection) -> str:
    """Columns key, identity, contents: rows of one id and revision that are not all the same."""
    key, identity = FACT_COLUMNS[table].key, _concatenated(FACT_COLUMNS[table].identity)
    # A row that was sent again is the same row.
    columns = f"* EXCEPT ({schema.CURRENT_AT})" if table == schema.CHANGES else "*"
    stays = " AND moved_to_month IS NULL" if FACT_COLUMNS[table].readings else ""
    return f"""
SELECT {key} AS key, {identity} AS identity, COUNT(DISTINCT TO_JSON_STRING(t)) AS contents
FROM (SELECT {columns} FROM `{dataset}.{table}`) AS t
WHERE {_selected(FACT_COLUMNS[table], selection)}{stays}
GROUP BY 1, 2, revision
HAVING contents > 1"""


def count_digests(dataset: str, characters: int) -> str:
    """Columns bucket, facts, first, second, of the counts as they are served."""
    part = "SUM(CAST(CONCAT('0x', SUBSTR(digest, {}, 8)) AS INT64))"
    said = f"CONCAT({_COUNT_KEY}, '|', CAST(documents AS STRING), '|', {amount_sql('total')})"
    return f"""
SELECT bucket, COUNT(*) AS facts, {part.format(1)} AS first, {part.format(9)} AS second
FROM (
  SELECT {_count_bucket(characters)} AS bucket, TO_HEX(SHA256({said})) AS digest
  FROM `{dataset}.counts_total`
)
GROUP BY bucket"""


def counts(dataset: str, characters: int) -> str:
    """The columns of a count's key, documents, total, of the buckets in the parameter ``buckets``."""
    return (
        f"SELECT {', '.join(_COUNT_COLUMNS)}, documents, total FROM `{dataset}.counts_total` "
        f"WHERE {_count_bucket(characters)} IN UNNEST(@buckets)"
    )


def _count_bucket(characters: int) -> str:
    return f"SUBSTR(TO_HEX(SHA256(CONCAT({_COUNT_KEY}))), 1, {characters})"


def _facts(dataset: str, table: str, selection: Selection) -> str:
    compared = FACT_COLUMNS[table]
    key, identity = compared.key, _concatenated(compared.identity)
    return (
        f"SELECT DISTINCT {key} AS key, {identity} AS identity, "
        f"CONCAT({key}, '|', {identity}, '|', {_concatenated(compared.said)}) AS text "
        f"FROM `{dataset}.{compared.relation or table}` WHERE {compared.condition} AND {_selected(compared, selection)}"
    )


def _concatenated(parts: tuple[FactColumn, ...]) -> str:
    return f"""CONCAT({", '|', ".join(part.sql for part in parts)})"""


def _selected(compared: FactColumns, selection: Selection) -> str:
    """The condition that a selection is. Its parts are checked: letters and digits."""
    key = compared.key
    if selection.everything:
        return "TRUE"
    if not compared.of_keys:
        return "FALSE"
    if selection.keys:
        return f"{key} IN ({', '.join(map(_literal, selection.keys))})"
    start = key_sql.row_start(key)
    prefixes = " OR ".join(f"STARTS_WITH({start}, {_literal(prefix)})" for prefix in selection.prefixes)
    inside = " OR ".join(f"STRPOS({key}, {_literal(part)}) > 0" for part in selection.parts) or "TRUE"
    return f"({prefixes}) AND ({inside})"


def _literal(text: str) -> str:
    if text and not (text.isascii() and text.isalnum()):
        raise ValueError(f"{text!r} is neither a key nor a part of one: letters and digits only")
    return f"'{text}'"
