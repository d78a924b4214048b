"""How long the views of states take over millions of them, in the engine of the local BigQuery.

    python -m local.bench.states [--states 10000000]

States are made by a statement: of 5,000 issuers and 20,000 recipients, in 36 months, of every status, half of them
with an issuer's name; and one in a thousand has changed since the last merge. Each view is asked whole (its rows
counted, and all that they are made of) and for one company in one month.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

from google.cloud import bigquery

from local.bench import results
from local.bench.results import Figure
from local.stack import PROJECT_ID, stack
from transforms.families.statuses import STATUSES
from transforms.views import catalog, connect, merge, sql

DATASET, STATES, CHANGED = "bench_states", 10_000_000, 0.001
GOAL_SECONDS = 5.0
AT_ONCE = 500_000
# Columns by which a view is asked for a company; and for a month.
_COMPANY, _MONTH = ("issuer_id", "company_id", "recipient_id", "payer_id"), "month"


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints the figures and keeps them."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.states", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--states", type=int, default=STATES)
    options = parser.parse_args(argv)
    found = run(1, options.states)
    for view, cases in found["views"].items():
        print(f"{view:28} " + "  ".join(f"{case} {taken:.2f} s" for case, taken in cases.items()))
    print(f"kept in {results.keep('states', found)}")
    return 0


def run(rounds: int, states: int = STATES) -> dict[str, Any]:
    """Seconds of each view; of the rounds the fastest."""
    with stack() as running, running.exported():
        catalog.migrate(PROJECT_ID, DATASET)
        began = time.monotonic()
        fill(DATASET, states)
        made = time.monotonic() - began
        views = {view: seconds(DATASET, view, rounds) for view in views_of_states()}
    return {"states": states, "made_seconds": made, "views": views}


def figures(found: dict[str, Any]) -> list[Figure]:
    """The slowest view, for the table of the README."""
    worst = max(found["views"].items(), key=lambda item: max(item[1].values()))
    what = f"views over {found['states']:,} states in the local engine, the slowest ({worst[0]})"
    return [Figure(what, f"{max(worst[1].values()):.1f} s", "", f"{GOAL_SECONDS:.0f} s")]


def fill(dataset: str, states: int) -> None:
    """Makes so many states, and changes of one in a thousand that lie over them."""
    client = connect.rest_client(PROJECT_ID)
    for first in range(0, states, AT_ONCE):
        _send(client, _some(dataset, first, min(first + AT_ONCE, states)))
    _send(client, _changed(dataset, round(states * CHANGED)))
    merge.reach_back(PROJECT_ID, dataset, 0)


def views_of_states() -> list[str]:
    """Views of states and of nothing else."""
    views = {view.name: view.uses for view in sql.views(PROJECT_ID, DATASET)}
    found = {sql.STATE_VIEW}
    for name, uses in views.items():
        if uses and uses <= found:
            found.add(name)
    return sorted(found)


def seconds(dataset: str, view: str, rounds: int) -> dict[str, float]:
    """Seconds of a view asked whole, and for a company's month; of the rounds the fastest."""
    client, path = connect.rest_client(PROJECT_ID), f"{PROJECT_ID}.{dataset}.{view}"
    columns = [field.name for field in client.get_table(path).schema]
    given = client.query(f"SELECT * FROM `{path}` LIMIT 0").result().schema
    columns = columns or [field.name for field in given]
    company = next((f"{name} = '00000000000123'" for name in _COMPANY if name in columns), "TRUE")
    month = f"{_MONTH} = DATE '2025-03-01'" if _MONTH in columns else "TRUE"
    return {
        case: min(_timed(client, path, where) for _ in range(rounds))
        for case, where in (("whole", "TRUE"), ("company_month", f"{company} AND {month}"))
    }


def _timed(client: bigquery.Client, path: str, where: str) -> float:
    began = time.monotonic()
    _send(client, f"SELECT COUNT(*) FROM `{path}` WHERE {where}")
    return time.monotonic() - began


def _send(client: bigquery.Client, statement: str) -> None:
    client.query(statement).result()


def _values() -> dict[str, str]:
    """A state of a number ``n``, by columns."""
    statuses = ", ".join(f"'{status}'" for status in STATUSES)
    day = "DATE_ADD(DATE '2023-01-01', INTERVAL MOD(n * 7, 1095) DAY)"
    return {
        "access_key": (
            "CONCAT('352503', LPAD(CAST(MOD(n, 5000) AS STRING), 14, '0'), '55', LPAD(CAST(n AS STRING), 22, '0'))"
        ),
        "revision": "1",
        "status": f"[{statuses}][OFFSET(MOD(n, {len(STATUSES)}))]",
        "status_at": f"TIMESTAMP({day})",
        "known_by": "IF(MOD(n, 50) = 0, 'summary', 'document')",
        "authorised_at": f"TIMESTAMP({day})",
        "model": "['55', '65', '57', '58'][OFFSET(MOD(n, 4))]",
        "uf": "'SP'",
        "environment": "1",
        "day": day,
        "month": f"DATE_TRUNC({day}, MONTH)",
        "series": "1",
        "number": "DIV(n, 5000)",
        "issuer_id": "LPAD(CAST(MOD(n, 5000) AS STRING), 14, '0')",
        "issuer_name": "IF(MOD(n, 2) = 0, NULL, CONCAT('EMPRESA NUMERO ', CAST(MOD(n, 5000) AS STRING), ' LTDA'))",
        "recipient_id": "LPAD(CAST(MOD(n * 13, 20000) AS STRING), 14, '0')",
        "total": "CAST(MOD(n, 100000) AS NUMERIC)",
        "record_id": "TO_HEX(SHA256(CAST(n AS STRING)))",
        "changed_at": "TIMESTAMP '2026-01-01 00:00:00+00'",
    }


def _some(dataset: str, first: int, end: int) -> str:
    values = _values()
    return (
        f"INSERT INTO `{PROJECT_ID}.{dataset}.states` ({', '.join(values)}) "
        f"SELECT {', '.join(values.values())} FROM UNNEST(GENERATE_ARRAY({first}, {end - 1})) AS n"
    )


def _changed(dataset: str, number: int) -> str:
    """Changes of the first states, each its second."""
    state = _values()
    after = ("status", "model", "uf", "environment", "day", "month", "issuer_id", "recipient_id", "total")
    values = {
        "access_key": state["access_key"], "revision": "2", "record_id": state["record_id"], "kind": "'document'",
        "partition_month": "202601", "run": "'run'", "origin": "'origin'", "job": "'job'",
        "received_at": state["changed_at"], "applied_at": state["changed_at"], "current_at": state["changed_at"],
        "state_after": """JSON '{"status": "cancelled", "known_by": "document"}'""",
        **{f"{name}_after": state[name] for name in after}, "head_record_id": state["record_id"],
    }  # fmt: skip
    return (
        f"INSERT INTO `{PROJECT_ID}.{dataset}.changes` ({', '.join(values)}) "
        f"SELECT {', '.join(values.values())} FROM UNNEST(GENERATE_ARRAY(0, {number - 1})) AS n"
    )


if __name__ == "__main__":
    raise SystemExit(main())
