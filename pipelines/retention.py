"""What an erasure looks at, and what it left: legal holds, longer retention, reports, and letting things in again.

    python -m pipelines.retention                                       holds, bars and reports
    python -m pipelines.retention --hold ID,... --reason "case 12/2026"
    python -m pipelines.retention --hold @FILE --years 11 --reason ...  kept for longer, not until released
    python -m pipelines.retention --release ID,...
    python -m pipelines.retention --lift ID,...                         erased before: may come in again

An id is an access key, an Id of a DPS or voided range, a CNPJ, its root, a CPF, or the id of a dead letter.
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("retention"))

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from pipelines import discover
from pipelines.defaults import DEFAULT_APP_PROFILE, DEFAULT_INSTANCE, DEFAULT_TABLE
from pipelines.guard import guarded
from pipelines.prose import tell_error
from transforms import instants
from transforms.erase.choice import LONG_YEARS, YEARS, ChoiceError, name_of, subject_of
from transforms.language import mark, say, tr
from transforms.truth import bars, registers, row_keys, rows
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.registers import Hold
from transforms.truth.tombstones import all_of, has_content, tombstone_of

HELD = mark("{id}  held since {at}: {reason}")
HELD_YEARS = mark("{id}  kept for {years} years, since {at}: {reason}")
REPORT = mark("{job}  {state}, {at}: {keys:,} keys, {letters:,} dead letters")
BARS = mark("bars: {number:,}")
LIFTED = mark("{number:,} of {given:,} may come in again")
BEING_ERASED = mark("{key} is being erased still: end that erasure first, by starting it again")


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 done, 2 not possible as it is."""
    given = parser().parse_args(argv)
    project = discover.project_of(given.project)
    if given.hold and not given.reason:
        return _fail(tr("--hold takes a --reason"))
    client = Client(TruthConfig(project, given.bigtable_instance, given.bigtable_table, given.bigtable_app_profile))
    try:
        _do(client, given)
    finally:
        wait_for(client.close())
    return 0


def parser() -> argparse.ArgumentParser:
    """The options of this command."""
    found = argparse.ArgumentParser(
        prog="acervo retention", description=tr("Legal holds and longer retention; what was erased, and letting it in.")
    )
    found.add_argument("--hold", metavar="ID,...", help=tr("ids of which nothing may be erased; @FILE: one per line"))
    found.add_argument("--years", type=int, choices=(YEARS, LONG_YEARS), default=0, help=tr("only so many years"))
    found.add_argument("--reason", default="", help=tr("why they are held"))
    found.add_argument("--release", metavar="ID,...", help=tr("ids that are held no longer; @FILE: one per line"))
    found.add_argument("--lift", metavar="ID,...", help=tr("what was erased or refused, and may come in again"))
    found.add_argument("--json", action="store_true", help=tr("print JSON instead of text"))
    found.add_argument("--project", help=tr("Google Cloud project (default: the local stack's)"))
    found.add_argument("--bigtable_instance", default=DEFAULT_INSTANCE)
    found.add_argument("--bigtable_table", default=DEFAULT_TABLE)
    found.add_argument("--bigtable_app_profile", default=DEFAULT_APP_PROFILE)
    return found


def _do(client: Client, given: argparse.Namespace) -> None:
    if given.hold:
        registers.hold(client, _ids("hold", given.hold), Hold(given.reason, instants.now(), given.years))
    if given.release:
        registers.release(client, _ids("release", given.release))
    if given.lift:
        ids = _ids("lift", given.lift)
        print(say(LIFTED, number=sum(_lift(client, one) for one in ids), given=len(ids)))
    held, told, known = registers.holds(client), registers.reports(client), bars.read(client)
    if given.json:
        shown = {"holds": {name: one._asdict() for name, one in held.items()}, "erasures": told}
        sys.stdout.buffer.write(orjson.dumps({**shown, "bars": len(known.digests)}, option=orjson.OPT_INDENT_2) + b"\n")
        return
    for name, one in held.items():
        text = HELD_YEARS if one.years else HELD
        print(say(text, id=name, at=instants.text_of(one.at), reason=one.reason, years=one.years))
    print(say(BARS, number=len(known.digests)))
    for job, report in told.items():
        print(_report(job, report))


def _report(job: str, report: Mapping[str, Any]) -> str:
    found = report["found"]
    keys, letters = found.get("keys", 0), found.get("dead_letters_stored", 0)
    return say(REPORT, job=job, state=report["state"], at=report["at"], keys=keys, letters=letters)


def _ids(name: str, text: str) -> list[str]:
    from pipelines.selecting import listed  # it brings Beam with it

    return [name_of(one) for one in listed(name, text)]


def _lift(client: Client, one: str) -> int:
    """Takes away a tombstone, or bars of a subject; whether there was one."""
    try:
        return min(1, bars.lift(client, [subject_of(one)]))
    except ChoiceError:
        pass
    config, lifted = client.config, 0
    for table in (config.records_table, config.dead_letters_table):
        cells = wait_for(client.read_row(table, row_keys.row_key(one)))
        if tombstone_of(cells):
            if has_content(cells):
                raise ChoiceError(say(BEING_ERASED, key=one))
            wait_for(client.replace(table, row_keys.row_key(one), all_of((rows.STATE,)), ()))
            lifted = 1
    return lifted


def _fail(message: str) -> int:
    tell_error(message)
    return 2
