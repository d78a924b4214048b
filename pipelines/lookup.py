"""Everything known of one access key: its XMLs, their lineage, the changes they made and the folded state.

python -m pipelines.lookup <access key> [--json] [--html FILE] [--xml N --output FILE]
python -m pipelines.lookup --origin <origin> [--json]      what became of an input
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("lookup"))

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from pipelines import discover, extras, legend
from pipelines.defaults import DEFAULT_APP_PROFILE, DEFAULT_DATASET, DEFAULT_INSTANCE, DEFAULT_TABLE
from pipelines.guard import guarded
from pipelines.prose import tell, tell_error
from transforms import access_key, instants
from transforms.families import ID_PREFIXES
from transforms.language import mark, say, tr
from transforms.model import Change
from transforms.truth.config import TruthConfig
from transforms.truth.dead_letters import BEGUN, DONE, FAILED, StoredDeadLetter
from transforms.truth.read import History, HistoryReader, StoredRecord
from transforms.truth.reparse import differing, readings_of

_DEAD_LETTER_ID_LENGTH = 64
STATE = mark("{key}  {status}  (records: {records})")
ERASED = mark("{key} was erased at {at} by job {job}: nothing of it is kept.")
ARRIVED = mark("   {outcome}, received {at}, from {origin}")
BY = mark("      run {run}, job {job}, applied {at}")
READ_AGAIN = mark("    read again by parser {parser}, as of revision {revision}")
READING = mark("{cause} at {at}, job {job}, {change}; parser {parser} had read otherwise: {fields}")
RECORD_READ = mark("   record {id}, read by parser {parser}")
# Codes of what an office answered, and instants of the state, which are in UTC.
_ANSWERS = ("protocol_status", "return_status", "summary_status", "query_status")


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 found, 1 not found, 2 cannot look."""
    arguments = parser().parse_args(argv)
    project = discover.project_of(arguments.project)
    if (arguments.key is None) == (arguments.origin is None):
        return _fail(tr("give a key, or an origin with --origin"))
    if unreachable := discover.unreachable():
        return _fail(unreachable)
    try:
        status = _look_up(project, arguments) if arguments.origin is None else _trace(project, arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parser() -> argparse.ArgumentParser:
    """The options of this command."""
    found = argparse.ArgumentParser(prog="acervo lookup", description=tr("History of one access key."))
    key = tr("access key (44 characters, of an NFS-e 50), Id of a DPS or voided range, or id of a dead letter")
    found.add_argument("key", nargs="?", help=key)
    found.add_argument(
        "--origin",
        help=tr("an input instead, as arrivals name it: a file, file#entry, pubsub:..., kafka:..., sqs:..."),
    )
    found.add_argument("--json", action="store_true", help=tr("print JSON instead of text"))
    found.add_argument("--html", type=Path, metavar="FILE", help=tr("write a page of the key instead, in HTML"))
    found.add_argument("--xml", type=int, metavar="N", help=tr("write the XML of the key's N-th record, byte for byte"))
    found.add_argument("--output", type=Path, help=tr("file for --xml (default: standard output)"))
    found.add_argument("--project", help=tr("Google Cloud project (default: the local stack's)"))
    found.add_argument("--bigtable_instance", default=DEFAULT_INSTANCE)
    found.add_argument("--bigtable_table", default=DEFAULT_TABLE)
    found.add_argument("--bigtable_app_profile", default=DEFAULT_APP_PROFILE)
    found.add_argument("--dataset", default=DEFAULT_DATASET, help=tr("BigQuery dataset, for --origin"))
    return found


def _trace(project: str, arguments: argparse.Namespace) -> int:
    from pipelines import trace  # a key is looked up without BigQuery

    # As origins are written: bytes of a file's name that are no UTF-8 as escapes.
    origin = os.fsencode(arguments.origin).decode("utf-8", "backslashreplace")
    return trace.show(trace.arrivals(project, arguments.dataset, origin), origin, arguments.json)


def _look_up(project: str, arguments: argparse.Namespace) -> int:
    config = TruthConfig(project, arguments.bigtable_instance, arguments.bigtable_table, arguments.bigtable_app_profile)
    reader = HistoryReader(config)
    try:
        return _tell(reader, arguments)
    finally:
        reader.close()


def _tell(reader: HistoryReader, arguments: argparse.Namespace) -> int:
    key = normalised(arguments.key)
    history = reader.history(key)
    if history is None and len(key) == _DEAD_LETTER_ID_LENGTH:
        return _dead_letter(reader.dead_letter(key.lower()), arguments)
    stone = None if history else reader.tombstone(key)
    if stone is not None:
        tell(say(ERASED, key=key, at=instants.text_of(stone.at), job=stone.job), sys.stderr)
        return 1
    if history is None:
        tell(say("nothing is stored under {key}.", key=key) + _hint(key), sys.stderr)
        return 1
    if arguments.html is not None:
        extras.needed("jinja2")
        from pipelines.pages import key as pages

        return pages.write(history, arguments.html)
    if arguments.xml is not None:
        return _write_xml(reader, history, arguments.xml, arguments.output)
    requests = list(_requests(reader, history))
    if arguments.json:
        values = as_json(history) | ({"requests": [as_json(request) for request in requests]} if requests else {})
        sys.stdout.buffer.write(orjson.dumps(values, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        print(tr("\n\nmade from the DPS\n").join(as_text(one) for one in (history, *requests)))
    return 0


def _requests(reader: HistoryReader, history: History) -> Iterator[History]:
    """Histories of the DPS that an NFS-e was made from, where they came alone too."""
    for dps_id in sorted({one.entry.fields["dps_id"] for one in history.records if "dps_id" in one.entry.fields}):
        found = reader.history(dps_id)
        if found is not None:
            yield found


def normalised(text: str) -> str:
    """A key as people paste it: spaces, dots and dashes out, ``NFe`` and the like before it off, letters large."""
    key = "".join(c for c in text if c.isalnum())
    for prefix in ("", *ID_PREFIXES):
        bare = key[len(prefix) :].upper()
        if key.upper().startswith(prefix.upper()) and access_key.is_access_key(bare):
            return bare
    return key


def _hint(key: str) -> str:
    if len(key) == _DEAD_LETTER_ID_LENGTH or key.startswith("ID"):
        return ""
    if not access_key.is_access_key(key):
        return say(
            " It is not an access key: those have 44 digits, an NFS-e's 50 (letters only in the CNPJ), and this has "
            "{number} characters.",
            number=len(key),
        )
    if not access_key.has_right_check_digit(key):
        return tr(" Its check digit is wrong: is it mistyped?")
    return ""


def _write_xml(reader: HistoryReader, history: History, number: int, output: Path | None) -> int:
    if not 1 <= number <= len(history.records):
        return _fail(say("--xml {number}: the key has records 1 to {last}", number=number, last=len(history.records)))
    return _write(reader.xml(history.key, history.records[number - 1].entry.record_id), output)


def _write(xml: bytes, output: Path | None) -> int:
    if output is None:
        sys.stdout.buffer.write(xml)
        return 0
    try:
        output.write_bytes(xml)
    except OSError as error:
        return _fail(say("--output {output} cannot be written: {reason}", output=output, reason=error.strerror))
    return 0


def as_json(history: History) -> dict[str, Any]:
    """The history as JSON values, records in the order in which they were applied."""
    return {
        "key": history.key,
        "revision": history.revision,
        "state": history.state,
        "read_by": history.read_by._asdict(),
        "records": [_record_json(record) for record in history.records],
    }


def _record_json(record: StoredRecord) -> dict[str, Any]:
    values = record.entry._asdict()
    del values["key"]
    return values | {
        "xml_bytes": record.xml_bytes,
        "change": record.change._asdict(),
        "arrivals": [arrival._asdict() for arrival in record.arrivals],
        "readings": [reading._asdict() for reading in record.readings],
    }


def as_text(history: History) -> str:
    """The history for people: the state, then each record with its change and its arrivals."""
    state = dict(history.state)
    lines = [say(STATE, key=history.key, status=state.pop("status"), records=len(history.records))]
    if (by := history.read_by).parser:
        lines.append(say(READ_AGAIN, parser=by.parser, revision=by.revision))
    lines += [f"    {name}: {_told_of_state(name, value)}" for name, value in sorted(state.items())]
    for number, record in enumerate(history.records, 1):
        lines += ["", *_record_lines(number, record)]
    return "\n".join(lines)


_SHOWN = (
    "issued_at_text", "total", "issuer_id", "issuer_name", "recipient_id", "recipient_name", "protocol_status",
    "protocol_number", "summary_status", "event_type", "sequence", "occurred_at_text", "return_status", "reason",
    "correction",
)  # fmt: skip


def _record_lines(number: int, record: StoredRecord) -> list[str]:
    entry = record.entry
    name = entry.fields.get("event_name", entry.layout)
    what = f"{number}. {entry.kind} {name} ({entry.form})"
    lines = [say("{what}, {size:,} bytes", what=what, size=record.xml_bytes)]
    lines.append(f"   {_change_text(record.change)}")
    by = entry.parser
    lines.append(say(RECORD_READ, id=entry.record_id, parser=by) if by else say("   record {id}", id=entry.record_id))
    shown = [f"{field}: {_told(field, entry.fields[field])}" for field in _SHOWN if field in entry.fields]
    if shown:
        lines.append("   " + "; ".join(shown))
    if entry.findings:
        lines.append(say("   findings: {codes}", codes=", ".join(entry.findings)))
    lines += [f"   {line}" for line in _reading_lines(record)]
    for arrival in record.arrivals:
        lines.append(say(ARRIVED, at=_moment(arrival.received_at), outcome=arrival.outcome, origin=arrival.origin))
        lines.append(say(BY, run=arrival.run, job=arrival.job, at=_moment(arrival.applied_at)))
    return lines


def _reading_lines(record: StoredRecord) -> list[str]:
    """Each reparse that read the record otherwise, and what it said before."""
    lines = []
    now = record.entry
    for reading, before in readings_of(record):
        told = say(
            READING,
            cause=reading.cause,
            at=_moment(reading.applied_at),
            job=reading.job,
            change=_change_text(reading),
            parser=before.parser or "?",
            fields=", ".join(differing(before, now)),
        )
        lines.append(told)
        now = before
    return lines[::-1]


def _told(field: str, value: Any) -> str:
    """A value with what it means: what an office answered, and when an instant with an offset is in UTC."""
    if field in _ANSWERS:
        return legend.answer(value)
    return legend.moment_of_text(value) if field.endswith("_at_text") else str(value)


def _told_of_state(name: str, value: Any) -> str:
    try:
        return legend.moment(datetime.fromisoformat(value)) if name.endswith("_at") else str(value)
    except (TypeError, ValueError):
        return str(value)


def _change_text(change: Change) -> str:
    return legend.change(change.revision, change.before["status"] if change.before else None, change.after["status"])


def _moment(micros: int) -> str:
    return legend.moment(instants.datetime_of(micros))


_REDRIVEN = {
    BEGUN: mark("begun"),
    DONE: mark("became a record, or other dead letters"),
    FAILED: mark("dead again"),
}


def _dead_letter(found: StoredDeadLetter | None, arguments: argparse.Namespace) -> int:
    if found is None:
        tell(say("no dead letter has the id {id}", id=arguments.key), sys.stderr)
        return 1
    letter = found.letter
    if arguments.html is not None:
        return _fail(tr("--html: a key has a page, a dead letter has none"))
    if arguments.xml is not None:
        return _write(letter.payload, arguments.output)
    values = {name: value for name, value in letter._asdict().items() if name != "payload"}
    values |= {"dead_letter_id": found.dead_letter_id, "arrivals": [a._asdict() for a in found.arrivals]}
    if found.redrive is not None:
        values["redrive"] = found.redrive._asdict()
    if arguments.json:
        sys.stdout.buffer.write(orjson.dumps(values, option=orjson.OPT_INDENT_2) + b"\n")
        return 0
    print(say("dead letter {id}  {code} ({stage})", id=found.dead_letter_id, code=letter.code, stage=letter.stage))
    received = _moment(letter.received_at)
    print(f"    {letter.message}")
    print(say("    {origin}, {size:,} bytes, received {at}", origin=letter.origin, size=letter.size, at=received))
    for arrival in found.arrivals:
        print(say("    run {run}, job {job}", run=arrival.run, job=arrival.job))
    if found.redrive is not None:
        at, told = _moment(found.redrive.at), tr(_REDRIVEN[found.redrive.state])
        print(say("    redrive of {at}, job {job}: {told}", at=at, job=found.redrive.job, told=told))
    return 0


def _fail(message: str) -> int:
    tell_error(message)
    return 2
