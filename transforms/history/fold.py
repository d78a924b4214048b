"""The state of a key: a pure function of the set of its records, whatever order they came in.

Every choice among records is a minimum or maximum over a total order that the records themselves carry (instants,
protocol numbers, record ids), so arrival order cannot matter. ``transforms/views/sql/state_from_records.sql`` says
the same in SQL, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from transforms.families import common, family_of, statuses
from transforms.families.family import Attribute, Family
from transforms.history import rules
from transforms.history.dimensions import dimensions_of
from transforms.model import DOCUMENT, EVENT, VOIDED_RANGE, Entry, Fields


class Folded(NamedTuple):
    """``state``: what the key's history says of it. ``dimensions``: what counting groups it by. ``headline``: the
    document that speaks for it, None for a key without one and for a voided range."""

    state: Fields
    dimensions: Fields
    headline: Entry | None = None


class _Evidence(NamedTuple):
    """One reason for a status; ordered so that the smallest is the one that counts."""

    without_instant: bool
    instant: str
    protocol: str
    record_id: str
    status: str


def fold(entries: Iterable[Entry]) -> Folded:
    """State and dimensions of one key from all its records (at least one).

    State keys: ``status`` and ``known_by`` always; ``status_at``, ``protocol_number``, ``authorised_at``,
    ``epec_at``, ``corrections``, ``correction``, ``corrected_at``, and for each attribute of the rules its value
    and ``<name>_at``, where the history has them.
    """
    history = sorted(entries, key=lambda e: e.record_id)
    key = history[0].key
    family = family_of(key)
    documents = _documents(history, family)
    events = _accepted_events(history, family)
    evidence = [
        *_document_evidence(documents, family),
        *_event_evidence(events, family),
        *_rejection_evidence(history, family),
    ]
    state = _status(evidence, bool(documents))
    state["known_by"] = _known_by(documents)
    _add_epec(state, events, family)
    _add_corrections(state, events, family)
    repeated = _repeated_events(history, family)
    for attribute in family.attributes:
        _add_attribute(state, events, repeated, attribute, family)
    first = documents[0] if documents else None
    dimensions = dimensions_of(key, first.fields if first else None, history, state)
    return Folded(state, dimensions, first if first and first.kind == DOCUMENT else None)


def headline(entries: Iterable[Entry]) -> Entry | None:
    """The record that speaks for a key, of all its records; None where only events of it are known."""
    history = list(entries)
    return next(iter(_documents(history, family_of(history[0].key))), None)


def _documents(history: Iterable[Entry], family: Family) -> list[Entry]:
    return sorted((e for e in history if e.kind != EVENT), key=lambda e: _headline_order(e, family))


def _headline_order(entry: Entry, family: Family) -> tuple[int, bool, str, str]:
    """Fullest form first, and of these what the tax office did not reject, for issuers send a rejected document again
    with other content; among equals the earliest protocol, records without one last, then the record id."""
    protocol_at = entry.fields.get("protocol_at")
    return (
        rules.FORM_RANK.get(entry.form, 9),
        family.is_rejection(entry.fields.get("protocol_status")),
        _moment(protocol_at) if protocol_at else "~",
        entry.record_id,
    )


def _known_by(documents: Sequence[Entry]) -> str:
    if not documents:
        return EVENT
    first = documents[0]
    if first.kind == VOIDED_RANGE:
        return VOIDED_RANGE
    return DOCUMENT if first.form in ("processed", "bare") else first.form


def _moment(instant: str) -> str:
    """Instant text that sorts as the instant does: without the Z, a fraction follows its whole second."""
    return instant.removesuffix("Z")


def _document_evidence(documents: Sequence[Entry], family: Family) -> Iterable[_Evidence]:
    """Of every document, summary, protocol and answer to a query, what it says of its key.

    An instant and a protocol number belong to the fact whose code they came with: the rule tells whether they did.
    """
    for entry in documents:
        fields = entry.fields
        if entry.kind == VOIDED_RANGE:
            status = rules.VOIDED_RANGE_STATUS.get(fields.get("return_status", 0))
            dated, instant = True, fields.get("registered_at")
        elif rule := family.rule_of_protocol.get(fields.get("protocol_status", 0)):
            status, dated, instant = rule.status, rule.dated, fields.get("protocol_at")
        elif rule := family.rule_of_protocol.get(fields.get("query_status", 0)):
            status, dated, instant = rule.status, False, None
        else:
            status = rules.SUMMARY_STATUS.get(fields.get("summary_status", 0)) or family.form_statuses.get(entry.form)
            # The instant of a cancelled summary is the authorisation's, not the cancellation's.
            dated, instant = status != statuses.CANCELLED, fields.get("protocol_at")
        if status is not None:
            protocol = fields.get("protocol_number")
            yield _evidence(instant, protocol, entry.record_id, status) if dated else _undated(entry.record_id, status)


def _event_evidence(events: Sequence[Entry], family: Family) -> Iterable[_Evidence]:
    for entry in events:
        found = family.statuses_of_event.get(entry.fields.get("event_type", ""))
        if found is not None:
            status = found[entry.fields.get("return_status") in common.LATE_RETURNS]
            yield _evidence(_instant_of(entry), entry.fields.get("protocol_number"), entry.record_id, status)


def _rejection_evidence(history: Sequence[Entry], family: Family) -> Iterable[_Evidence]:
    """From events rejected because they, or what decides about the key, were so already: the fact, not its instant."""
    for entry in history:
        if entry.kind != EVENT:
            continue
        code = entry.fields.get("return_status")
        told = family.told_by_rejection(code)
        found = family.statuses_of_event.get(entry.fields.get("event_type", ""))
        if told is not None:
            yield _undated(entry.record_id, told)
        elif found is not None and code in family.repeated_returns:
            yield _undated(entry.record_id, found[False])


def _evidence(instant: str | None, protocol: str | None, record_id: str, status: str) -> _Evidence:
    return _Evidence(instant is None, instant and _moment(instant) or "", protocol or "", record_id, status)


def _undated(record_id: str, status: str) -> _Evidence:
    return _evidence(None, None, record_id, status)


def _status(evidence: Sequence[_Evidence], has_document: bool) -> Fields:
    """The highest-ranking status that there is evidence for, and the earliest evidence for it."""
    state: Fields = {"status": statuses.UNPROTOCOLED if has_document else statuses.UNKNOWN}
    for status in statuses.PRECEDENCE:
        found = min((e for e in evidence if e.status == status), default=None)
        if found is not None:
            state["status"] = found.status
            if found.instant:
                state["status_at"] = found.instant + "Z"
            break
    authorised = (statuses.AUTHORISED, statuses.AUTHORISED_LATE)
    authorisation = min((e for e in evidence if e.status in authorised), default=None)
    if authorisation is not None:
        if authorisation.instant:
            state["authorised_at"] = authorisation.instant + "Z"
        if authorisation.protocol:
            state["protocol_number"] = authorisation.protocol
    return state


def _accepted_events(history: Sequence[Entry], family: Family) -> list[Entry]:
    """Registered events, oldest first. A summary of an event is only handed out once the event is registered."""
    accepted, registered = family.accepted_returns, family.registered_forms
    events = [
        e for e in history if e.kind == EVENT and (e.form in registered or e.fields.get("return_status") in accepted)
    ]
    return sorted(events, key=_event_order)


def _repeated_events(history: Sequence[Entry], family: Family) -> list[Entry]:
    """Events rejected because the same one was registered already, in the order of their rejection."""
    returned = family.repeated_returns
    return sorted(
        (e for e in history if e.kind == EVENT and e.fields.get("return_status") in returned), key=_event_order
    )


def _event_order(entry: Entry) -> tuple[str, str, str]:
    """By the instant of registration, then protocol: nSeqEvento counts per type, so it orders nothing else."""
    instant = _instant_of(entry)
    return _moment(instant) if instant else "", entry.fields.get("protocol_number", ""), entry.record_id


def _instant_of(entry: Entry) -> str | None:
    return entry.fields.get("registered_at") or entry.fields.get("occurred_at")


def _add_epec(state: Fields, events: Sequence[Entry], family: Family) -> None:
    for entry in events:
        if entry.fields.get("event_type") in family.epec_events and _instant_of(entry):
            state["epec_at"] = _instant_of(entry)
            return


def _add_corrections(state: Fields, events: Sequence[Entry], family: Family) -> None:
    """The last correction letter replaces the earlier ones; the same letter in other bytes is one letter.

    Its number identifies it: only the issuer writes letters, returns do not name the issuer, and neither returns nor
    summaries have the text, which is therefore taken from any record of the last letter.
    """
    letters = [e for e in events if e.fields.get("event_type") in family.correction_events]
    if not letters:
        return
    state["corrections"] = len({e.fields.get("sequence") for e in letters} - {None}) or 1
    last = letters[-1]
    texts = [
        e.fields["correction"]
        for e in letters
        if "correction" in e.fields and e.fields.get("sequence") == last.fields.get("sequence")
    ]
    if texts:
        state["correction"] = texts[-1]
    if _instant_of(last):
        state["corrected_at"] = _instant_of(last)


def _rule_type(entry: Entry, family: Family) -> str:
    """An event's type as rules name it; for an event that annuls another, with the other's type."""
    event_type: str = entry.fields.get("event_type", "")
    if event_type not in family.annulling_events:
        return event_type
    return f"{event_type}/{entry.fields.get('target_event_type', '')}"


def _add_attribute(
    state: Fields, events: Sequence[Entry], repeated: Sequence[Entry], attribute: Attribute, family: Family
) -> None:
    """By the last registered event of the group; by a rejected repetition, without an instant, where none is known."""
    for values in (attribute.values, attribute.weaker):
        for known, is_dated in ((events, True), (repeated, False)):
            deciding = [(e, rule_type) for e in known if (rule_type := _rule_type(e, family)) in values]
            if not deciding:
                continue
            last, rule_type = deciding[-1]
            value = values[rule_type]
            if value is not None:
                state[attribute.name] = value
                if is_dated and _instant_of(last):
                    state[f"{attribute.name}_at"] = _instant_of(last)
            return
