"""How many inputs of a job became what, from the counters of its pipeline, and the sums that must hold. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transforms.language import mark, say
from transforms.views.refused import ROW_REFUSED

DEAD_LETTER_PREFIX = "dead_letter_"


@dataclass(frozen=True)
class InputCounts:
    """How many inputs of one run became what.

    ``new`` counts the records that this run brought, ``resumed`` how many of those an earlier attempt of the same run
    had written already. ``dead_letters`` is by code. ``refused_rows`` are rows that BigQuery did not take: their
    records are safe, so they say nothing of an input. ``barred`` are those that
    tombstones and bars kept out: they were erased. Sizes are in bytes: ``xml_bytes`` as received,
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


def input_counts_of(counters: Mapping[str, int], sums: Mapping[str, int]) -> InputCounts:
    """Reads the counters of a pipeline; ``sums`` are those of its distributions."""
    by_code = {
        name.removeprefix(DEAD_LETTER_PREFIX): number
        for name, number in sorted(counters.items())
        if name.startswith(DEAD_LETTER_PREFIX) and number
    }
    refused = by_code.pop(ROW_REFUSED, 0)
    resumed = counters.get("records_resumed", 0)
    return InputCounts(
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


def problems(counts: InputCounts) -> list[str]:
    """Sums that do not hold: each is a defect of the pipeline, since no input may be lost or counted twice."""
    found = []
    if counts.inputs != counts.records + counts.dead + counts.barred:
        found.append(say(LOST, inputs=counts.inputs, records=counts.records, dead=counts.dead))
    if counts.new + counts.duplicates != counts.records:
        found.append(say(MISCOUNTED, records=counts.records, new=counts.new, duplicates=counts.duplicates))
    if counts.refused_rows:
        found.append(say(REFUSED, rows=counts.refused_rows, code=ROW_REFUSED))
    return found


def as_json(counts: InputCounts) -> dict[str, Any]:
    """The counts for programs."""
    return {
        "inputs": counts.inputs,
        "documents": counts.documents,
        "events": counts.events,
        "voided_ranges": counts.voided_ranges,
        "new": counts.new,
        "resumed": counts.resumed,
        "duplicates": counts.duplicates,
        "barred": counts.barred,
        "dead_letters": counts.dead_letters,
        "refused_rows": counts.refused_rows,
        "xml_bytes": counts.xml_bytes,
        "stored_bytes": counts.stored_bytes,
    }
