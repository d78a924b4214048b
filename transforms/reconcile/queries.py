"""The tables' side of a comparison: SQL that makes the same facts and digests as ``facts``. Pure.

Rows that are there several times, all the same, are one fact: views keep one. Of a record it is the row of its last
reading, as in views.
"""

from __future__ import annotations

from transforms.reconcile.facts import KEY_COLUMN
from transforms.truth.selection import Selection
from transforms.views import key_sql, schema

TABLES = tuple(name for name in schema.TABLES if name != schema.COUNTS)
# A row for each reading of a record.
_RECORDS = (schema.DOCUMENTS, schema.EVENTS, schema.VOIDED_RANGES)
# Rows of one id and revision must be the same rows. (Arrivals and dead letters have a row for each time that they were
# met.)
SINGLE = (*_RECORDS, schema.CHANGES)

_MICROS = "CAST(UNIX_MICROS({}) AS STRING)"
# Whole part and billionths: an INT64 holds no amount of the largest in millionths.
_AMOUNT = (
    "COALESCE(CONCAT(CAST(SAFE_CAST(TRUNC({0}) AS INT64) AS STRING), '.', "
    "CAST(CAST(({0} - TRUNC({0})) * 1000000000 AS INT64) AS STRING)), '')"
)


_COUNT_COLUMNS = ("dimension", "value", "model", "environment", "status", "day", "month")
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
    key, identity = KEY_COLUMN.get(table, "access_key"), _identity(table)
    stays = " AND moved_to_month IS NULL" if table in _RECORDS else ""
    return f"""
SELECT {key} AS key, {identity} AS identity, COUNT(DISTINCT TO_JSON_STRING(t)) AS contents
FROM `{dataset}.{table}` AS t
WHERE {_selected(key, selection)}{stays}
GROUP BY 1, 2, revision
HAVING COUNT(DISTINCT TO_JSON_STRING(t)) > 1"""


def count_digests(dataset: str, characters: int) -> str:
    """Columns bucket, facts, first, second, of the counts as they are served."""
    part = "SUM(CAST(CONCAT('0x', SUBSTR(digest, {}, 8)) AS INT64))"
    said = f"CONCAT({_COUNT_KEY}, '|', CAST(documents AS STRING), '|', {_AMOUNT.format('total')})"
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
    if table == schema.DEAD_LETTERS:
        text = "CONCAT(dead_letter_id, '|', IF(redriven_at IS NULL, '0', '1'))"
        source, key = f"`{dataset}.unique_dead_letters`", "dead_letter_id"
        return f"SELECT {key} AS key, {key} AS identity, {text} AS text FROM {source} WHERE {selection.everything}"
    key, identity = KEY_COLUMN.get(table, "access_key"), _identity(table)
    said = ", '|', ".join((key, identity, *_said(table)))
    condition = _selected(key, selection)
    if table == schema.ARRIVALS:
        condition = f"record_id IS NOT NULL AND {condition}"
    source = f"`{dataset}.{table}` WHERE {condition}"
    if table in _RECORDS:
        source = f"""(
  SELECT *
  FROM {source}
  QUALIFY RANK() OVER (PARTITION BY partition_month, {key}, record_id ORDER BY revision DESC) = 1
    AND moved_to_month IS NULL
)"""
    return f"SELECT DISTINCT {key} AS key, {identity} AS identity, CONCAT({said}) AS text FROM {source}"


def _identity(table: str) -> str:
    if table == schema.CHANGES:
        return "CAST(revision AS STRING)"
    if table == schema.ARRIVALS:
        return "CONCAT(record_id, '|', run, '|', origin)"
    return "record_id"


def _said(table: str) -> tuple[str, ...]:
    if table == schema.CHANGES:
        amount = _AMOUNT.format("total_after")
        before = "COALESCE(status_before, '')"
        return "record_id", "kind", before, "status_after", _MICROS.format("applied_at"), amount
    if table == schema.ARRIVALS:
        return ("outcome",)
    amount = _AMOUNT.format("total") if table == schema.DOCUMENTS else "''"
    return "CAST(revision AS STRING)", _MICROS.format("received_at"), "layout", "form", "run", "origin", amount


def _selected(key: str, selection: Selection) -> str:
    """The condition that a selection is. Its parts are checked: letters and digits."""
    if selection.everything:
        return "TRUE"
    if selection.keys:
        return f"{key} IN ({', '.join(map(_literal, selection.keys))})"
    start = key_sql.row_start(key)
    prefixes = " OR ".join(f"STARTS_WITH({start}, {_literal(prefix)})" for prefix in selection.prefixes)
    inside = " OR ".join(f"STRPOS({key}, {_literal(part)}) > 0" for part in selection.parts) or "TRUE"
    return f"({prefixes}) AND ({inside})"


def _literal(text: str) -> str:
    if text and not (text.isascii() and text.isalnum()):
        raise ValueError(f"{text!r} is no key and no part of one: letters and digits only")
    return f"'{text}'"
