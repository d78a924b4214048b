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
from pathlib import Path

import orjson

from pipelines import discover, extras
from pipelines.defaults import DEFAULT_APP_PROFILE, DEFAULT_DATASET, DEFAULT_INSTANCE, DEFAULT_TABLE
from pipelines.guard import guarded
from pipelines.history_text import as_json, as_text, moment
from pipelines.prose import tell, tell_error
from transforms import access_key, instants
from transforms.families import ID_PREFIXES
from transforms.language import mark, say, tr
from transforms.truth.config import TruthConfig
from transforms.truth.dead_letters import BEGUN, DONE, FAILED, StoredDeadLetter
from transforms.truth.read import History, HistoryReader

_DEAD_LETTER_ID_LENGTH = 64
ERASED = mark("{key} was erased at {at} by job {job}: nothing of it is kept.")


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
    received = moment(letter.received_at)
    print(f"    {letter.message}")
    print(say("    {origin}, {size:,} bytes, received {at}", origin=letter.origin, size=letter.size, at=received))
    for arrival in found.arrivals:
        print(say("    run {run}, job {job}", run=arrival.run, job=arrival.job))
    if found.redrive is not None:
        at, told = moment(found.redrive.at), tr(_REDRIVEN[found.redrive.state])
        print(say("    redrive of {at}, job {job}: {told}", at=at, job=found.redrive.job, told=told))
    return 0


def _fail(message: str) -> int:
    tell_error(message)
    return 2
