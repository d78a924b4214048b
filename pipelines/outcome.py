"""What became of the inputs of a job, from the counters of its pipeline, and the sums that must hold. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transforms.language import mark, say
from transforms.views.refused import ROW_REFUSED

DEAD_LETTER_PREFIX = "dead_letter_"


@dataclass(frozen=True)
class Outcome:
    """What became of the inputs of one run.

    ``new`` counts the records that this run brought, ``resumed`` how many of those an earlier attempt of the same run
    had written already. ``dead_letters`` is by code. ``refused_rows`` are rows that BigQuery did not take: their
    records are safe, so they are no outcome of an input. ``barred`` are those that tombstones and bars kept out: they
    were erased. Sizes are in bytes: ``xml_bytes`` as received,
    ``stored_bytes`` what storing the new records took.
    """

    inputs: int
    documents: int
    events: int
    voided_ranges: int
    new: int
    resumed: int
    duplicates: int
    dead_letters: dict[str, int]
    refused_rows: int
    xml_bytes: int
    stored_bytes: int
    barred: int = 0

    @property
    def records(self) -> int:
        """Inputs that became a record, of any kind."""
        return self.documents + self.events + self.voided_ranges

    @property
    def dead(self) -> int:
        """Inputs that became a dead letter."""
        return sum(self.dead_letters.values())


def outcome_of(counters: Mapping[str, int], sums: Mapping[str, int]) -> Outcome:
    """Reads the counters of a pipeline; ``sums`` are those of its distributions."""
    by_code = {
        name.removeprefix(DEAD_LETTER_PREFIX): number
        for name, number in sorted(counters.items())
        if name.startswith(DEAD_LETTER_PREFIX) and number
    }
    refused = by_code.pop(ROW_REFUSED, 0)
    resumed = counters.get("records_resumed", 0)
    return Outcome(
        inputs=counters.get("inputs", 0),
        documents=counters.get("documents", 0),
        events=counters.get("events", 0),
        voided_ranges=counters.get("voided_ranges", 0),
        new=counters.get("records_new", 0) + resumed,
        resumed=resumed,
        duplicates=counters.get("records_duplicate", 0),
        dead_letters=by_code,
        refused_rows=refused,
        xml_bytes=sums.get("xml_bytes", 0),
        stored_bytes=sums.get("stored_bytes", 0),
        barred=counters.get("records_barred", 0) + counters.get("dead_letters_barred", 0),
    )


LOST = mark("{inputs:,} inputs were read, but {records:,} became records and {dead:,} dead letters")
MISCOUNTED = mark("{records:,} records were parsed, but {new:,} were new and {duplicates:,} duplicates")
REFUSED = mark("{rows:,} rows were refused by BigQuery; see the dead letters ({code})")


def problems(outcome: Outcome) -> list[str]:
    """Sums that do not hold: each is a defect of the pipeline, since no input may be lost or counted twice."""
    found = []
    if outcome.inputs != outcome.records + outcome.dead + outcome.barred:
        found.append(say(LOST, inputs=outcome.inputs, records=outcome.records, dead=outcome.dead))
    if outcome.new + outcome.duplicates != outcome.records:
        found.append(say(MISCOUNTED, records=outcome.records, new=outcome.new, duplicates=outcome.duplicates))
    if outcome.refused_rows:
        found.append(say(REFUSED, rows=outcome.refused_rows, code=ROW_REFUSED))
    return found


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome for programs."""
    return {
        "inputs": outcome.inputs,
        "documents": outcome.documents,
        "events": outcome.events,
        "voided_ranges": outcome.voided_ranges,
        "new": outcome.new,
        "resumed": outcome.resumed,
        "duplicates": outcome.duplicates,
        "barred": outcome.barred,
        "dead_letters": outcome.dead_letters,
        "refused_rows": outcome.refused_rows,
        "xml_bytes": outcome.xml_bytes,
        "stored_bytes": outcome.stored_bytes,
    }
