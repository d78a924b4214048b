"""Hypothesis strategies for the history of one key: documents, events and their contradictions."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from transforms import access_key
from transforms.families import FAMILIES, FAMILY_OF_MODEL, family_of
from transforms.families.family import Family
from transforms.history.rules import VOIDED_RANGE_STATUS
from transforms.model import DOCUMENT, EVENT, VOIDED_RANGE, Entry, Fields


def deciding_events(family: Family) -> list[str]:
    """Event types that the family's rules say something of."""
    attributes = {code for attribute in family.attributes for code in (*attribute.values, *attribute.weaker)}
    return sorted({*family.statuses_of_event, *family.correction_events, *family.epec_events, *attributes})


_START = datetime(2025, 3, 1, tzinfo=UTC)
_MODELS = sorted(FAMILY_OF_MODEL)
# Besides all that decide something: a type that decides nothing, and one that nobody knows.
_EVENT_TYPES = {name: [*deciding_events(family), "110300", "999999"] for name, family in FAMILIES.items()}
_CODES = sorted({code for family in FAMILIES.values() for code in family.rule_of_protocol})


def key_of(model: str = "55", number: int = 1) -> str:
    """A right access key of the given model and number; of a DPS, its Id."""
    if model == access_key.MODEL_OF_DPS:
        return f"DPS35503082{'11222333000181'}00001{number:015d}"
    if model == access_key.MODEL_OF_NFSE:
        body = f"355030822{'11222333000181'}{number:013d}2503{number % 10**9:09d}"
        return body + access_key.check_digit(body)
    body = f"352503{'11222333000181'}{model}001{number:09d}1{number % 10**8:08d}"
    return body + access_key.check_digit(body)


keys = st.builds(key_of, st.sampled_from(_MODELS), st.integers(1, 999_999))
instants = st.integers(0, 6).map(lambda h: (_START + timedelta(hours=h)).strftime("%Y-%m-%dT%H:%M:%SZ"))
protocols = st.integers(1, 4).map(lambda n: f"13525{n:010d}")
_record_ids = st.integers(0, 2**64 - 1).map(lambda n: f"{n:064x}")


def _some(**parts: st.SearchStrategy[object]) -> st.SearchStrategy[Fields]:
    """Any subset of the fields: real records lack any of them."""
    return st.fixed_dictionaries({}, optional=parts).map(dict)


def _document_fields(form: str) -> st.SearchStrategy[Fields]:
    identity = _some(
        issued_on=st.sampled_from(["2025-03-01", "2025-03-02"]),
        environment=st.sampled_from([1, 2]),
        uf=st.just("SP"),
        issuer_id=st.sampled_from(["11222333000181", "52998224725"]),
        recipient_id=st.sampled_from(["99888777000161", "52998224725"]),
        total=st.sampled_from(["0.00", "10.50", "1234567.89"]),
    )
    protocol = _some(protocol_status=st.sampled_from([*_CODES, 539]), protocol_at=instants, protocol_number=protocols)
    if form == "bare":
        return identity
    if form == "summary":
        summary = _some(summary_status=st.sampled_from([1, 2, 3]), protocol_at=instants, protocol_number=protocols)
        return st.builds(lambda a, b: a | b, identity, summary)
    if form == "query":
        return _some(environment=st.sampled_from([1, 2]), query_status=st.sampled_from([*_CODES, 217]))
    if form == "protocol":
        return protocol
    return st.builds(lambda a, b: a | b, identity, protocol)


@st.composite
def _entries(draw: st.DrawFn, key: str) -> Entry:
    family = family_of(key).name
    if draw(st.booleans()):
        form = draw(st.sampled_from(["processed", "bare", "summary", "protocol", "query"]))
        fields = {"model": access_key.model_of(key), **draw(_document_fields(form))}
        return Entry(draw(_record_ids), DOCUMENT, key, family, form, fields, ())
    form = draw(st.sampled_from(["processed", "bare", "summary", "return"]))
    event_type, _, annulled = draw(st.sampled_from(_EVENT_TYPES[family])).partition("/")
    fields = {
        "event_type": event_type,
        **({"target_event_type": annulled} if annulled else {}),
        **draw(
            _some(
                sequence=st.integers(1, 3),
                author_id=st.sampled_from(["11222333000181", "99888777000161"]),
                occurred_at=instants,
                registered_at=instants,
                protocol_number=protocols,
                environment=st.sampled_from([1, 2]),
                correction=st.sampled_from(["one", "two"]),
            )
        ),
    }
    if form in ("processed", "return"):
        fields["return_status"] = draw(st.sampled_from([101, 134, 135, 136, 151, 155, 573, 218, 420, 609, 489]))
    return Entry(draw(_record_ids), EVENT, key, f"{family}_event", form, fields, ())


@st.composite
def histories(draw: st.DrawFn, max_size: int = 6) -> list[Entry]:
    """Distinct records of one access key, in some order of arrival."""
    key = draw(keys)
    return draw(st.lists(_entries(key), min_size=1, max_size=max_size, unique_by=lambda e: e.record_id))


def of_every_rule() -> list[list[Entry]]:
    """A history for each rule of each family: each code of a protocol and of a query, each form, each event with each
    kind of return (beside an authorised document)."""
    found: list[list[Entry]] = []
    for family in FAMILIES.values():
        model = next(iter(family.models))
        key = key_of(model)
        known = {"model": model, "protocol_status": 100, "protocol_at": "2025-03-01T01:00:00Z", "protocol_number": "1"}
        document = Entry("0" * 64, DOCUMENT, key, family.name, "processed", known, ())
        for code in (*family.rule_of_protocol, 539):
            found.append([document._replace(fields={**known, "protocol_status": code})])
            found.append([document._replace(form="query", fields={"model": model, "query_status": code})])
        found.extend(
            [document._replace(form=form, fields={"model": model})] for form in ("bare", "summary", "protocol")
        )
        deciding = deciding_events(family)
        returns = (None, *family.accepted_returns[:1], *family.accepted_returns[-1:], *family.repeated_returns[:1], 489)
        cases = [*itertools.product(deciding, returns), *itertools.product(deciding[:1], family.rule_of_protocol)]
        found.extend([document, _event_of(key, family, *case)] for case in cases)
    found.extend([voided_range(code)] for code in (None, *VOIDED_RANGE_STATUS))
    return found


def _event_of(key: str, family: Family, event_type: str, code: int | None) -> Entry:
    """A processed event with a return of a code; without one, its summary."""
    type_, _, annulled = event_type.partition("/")
    fields: Fields = {
        "event_type": type_,
        "sequence": 1,
        "registered_at": "2025-03-01T02:00:00Z",
        "correction": "one",
        **({"target_event_type": annulled} if annulled else {}),
        **({"return_status": code} if code else {}),
    }
    form = "processed" if code or "processed" in family.registered_forms else "summary"
    return Entry("1" * 64, EVENT, key, f"{family.name}_event", form, fields, ())


def voided_range(status: int | None, record_id: str = "f" * 64) -> Entry:
    """A voided range of numbers with the given return, or none."""
    fields: Fields = {"model": "55", "uf": "SP", "issuer_id": "11222333000181", "year": 2025, "series": 1}
    if status is not None:
        fields |= {"return_status": status, "registered_at": "2025-03-01T10:00:00Z"}
    key = "ID35251122233300018155001000000010000000020"
    return Entry(record_id, VOIDED_RANGE, key, "inutilizacao", "bare" if status is None else "processed", fields, ())
