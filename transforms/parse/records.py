"""From what was read to key, form and fields, for each kind of record."""

from __future__ import annotations

import re

from transforms.access_key import UF_OF_CODE, split
from transforms.families import FAMILIES
from transforms.model import DOCUMENT, EVENT, VOIDED_RANGE, Entry
from transforms.parse import codes
from transforms.parse.checks import (
    check_document,
    check_key,
    fill_from_key,
    key_of_id,
    key_of_text,
    settle_instants,
)
from transforms.parse.codes import Unparsable
from transforms.parse.layout import BODY, EMBEDDED, FORMS, RETURN, Layout
from transforms.parse.registry import EVENT_LAYOUT_OF_FAMILY
from transforms.parse.signer import name_signer
from transforms.parse.values import Reading, Target, is_date
from transforms.parse.version import PARSER

UNKNOWN = "unknown"
_EMBEDDED = frozenset((EMBEDDED,))
_KEYS = tuple((family, f"_key_{family}") for family in FAMILIES)
_RETURN_KEYS = tuple((family, f"_return_key_{family}") for family in FAMILIES)
_REPEATED_BY_RETURNS = tuple(
    (name, f"_return_{name}") for name in ("event_type", "sequence", "environment", "organ", "description")
)
# Keys that a document refers to for a reason of its own are among all that it refers to.
_REFERENCES = ("replaced_keys", "annulled_keys", "complemented_keys", "adjusted_keys")
# tpEvento 6, key 44, nSeqEvento 2 or 3; the key alone before there were events. Of an NFS-e key 50, type 6, number 3.
_ID_OF_EVENT = re.compile(
    r"(?:ID(?:[0-9]{6})?([0-9]{6}[0-9A-Z]{12}[0-9]{26})(?:[0-9]{2,3})?"
    r"|(?:EVT|PRE)([0-9]{9}[0-9A-Z]{12}[0-9]{29})[0-9]{6}(?:[0-9]{3})?)\Z"
)


def entry_of(record_id: str, layout: Layout, reading: Reading, findings: tuple[str, ...]) -> Entry:
    """The entry made of what was read; raises ``Unparsable`` when there is nothing to key it by."""
    reading.findings.update(findings)
    if layout.needed and layout.needed not in reading.fields:
        raise Unparsable(codes.NO_DOCUMENT, f"{layout.name}: there is an Id and no document, as in a query for one")
    key, layout = _MAKE[layout.kind](layout, reading)
    if reading.namespaces != {layout.family.namespace}:
        reading.findings.add(codes.NAMESPACE_MISMATCH)
    if layout.finish is not None:
        layout.finish(reading.fields)
    form = FORMS[frozenset(reading.parts - _EMBEDDED)]
    return Entry(
        record_id=record_id,
        kind=layout.kind,
        key=key,
        layout=layout.name,
        form=form,
        fields=reading.fields,
        findings=tuple(sorted(reading.findings)),
        parser=PARSER,
    )


def _document(layout: Layout, reading: Reading) -> tuple[str, Layout]:
    fields, findings = reading.fields, reading.findings
    key = _document_key(layout, reading)
    parts = split(key)
    _settle_issue_date(reading, parts.uf)
    check_key(key, parts, layout, findings)
    check_document(parts, fields, findings)
    fill_from_key(parts, fields)
    if "issuer_id" not in fields:
        fields["issuer_id"] = parts.issuer_id
        fields["issuer_id_type"] = "CPF" if parts.issuer_is_person else "CNPJ"
    if "series" not in fields and parts.series:
        fields["series"] = int(parts.series)
    if "number" not in fields:
        fields["number"] = int(parts.number)
    name_signer(fields, findings, layout.family)
    environment = fields.pop("_protocol_environment", None)
    if environment is not None and fields.setdefault("environment", environment) != environment:
        findings.add(codes.ENVIRONMENT_MISMATCH)
    for column in _REFERENCES:
        if column in fields:
            fields.setdefault("referenced_keys", []).extend(fields[column])
    if BODY in reading.parts:
        if layout.has_total and "total" not in fields and "cargo_value" not in fields:
            findings.add(codes.MISSING_TOTAL)
        if "issued_on" not in fields:
            findings.add(codes.MISSING_ISSUE_DATE)
    return key, layout


def _document_key(layout: Layout, reading: Reading) -> str:
    """The key in ``Id``, or the protocol's where ``Id`` has none.

    ``Id`` wins where they disagree: it is what the issuer signed and printed, and a protocol that was glued to
    another document is the usual mistake; the finding tells.
    """
    fields, findings = reading.fields, reading.findings
    written = fields.pop("_id", None)
    named = fields.pop("_protocol_key", None)
    key, exact = key_of_id(written, layout.id_prefixes, layout.keys) if written else (None, False)
    protocol_key, protocol_exact = key_of_text(named, layout.keys) if named else (None, False)
    if key is None:
        if protocol_key is None:
            raise Unparsable(codes.NO_ACCESS_KEY, _no_key(layout, written, named))
        key, exact = protocol_key, protocol_exact
        if BODY in reading.parts:
            findings.add(codes.ID_MISSING)
    elif named and protocol_key != key:
        findings.add(codes.PROTOCOL_KEY_MISMATCH)
    if not exact:
        findings.add(codes.ID_FORM)
    return key


def _no_key(layout: Layout, written: str | None, named: str | None) -> str:
    told = [f"Id is {written[:80]!r}" if written else "there is no Id"]
    element = layout.family.key_element
    told.append(f"{element} is {named[:80]!r}" if named else f"there is no {element}")
    return f"{layout.name}: no access key: {', '.join(told)}"


def _settle_issue_date(reading: Reading, uf: str | None) -> None:
    """Instants, and the date of issue as written: of ``dhEmi``, or ``dEmi``, which is a date and no instant."""
    fields = reading.fields
    settle_instants(reading.instants, uf, fields, reading.findings)
    written = fields.pop("_issue_date", None)
    text = reading.instants.get("issued_at", written)
    if text is None:
        return
    fields["issued_at_text"] = text
    if text is not written and "issued_at" not in fields:
        return
    if is_date(text[:10]):
        fields["issued_on"] = text[:10]


def _event(layout: Layout, reading: Reading) -> tuple[str, Layout]:
    fields, findings = reading.fields, reading.findings
    keys = {family: fields.pop(column) for family, column in _KEYS if column in fields}
    return_keys = {family: fields.pop(column) for family, column in _RETURN_KEYS if column in fields}
    if {fields.get("environment"), fields.get("_return_environment")} == {1, 2}:
        findings.add(codes.ENVIRONMENT_MISMATCH)
    _take_from_return(fields)
    key, family = _event_key(layout, reading, keys, return_keys)
    if layout.family.name != family:
        layout = EVENT_LAYOUT_OF_FAMILY[family]
    fields.update(layout.constants)
    parts = split(key)
    check_key(key, parts, layout, findings)
    fill_from_key(parts, fields)
    fields["issuer_id"] = parts.issuer_id
    settle_instants(reading.instants, parts.uf, fields, findings)
    if "occurred_at" in reading.instants:
        fields["occurred_at_text"] = reading.instants["occurred_at"]
    name = layout.family.event_names.get(fields.get("event_type", ""), UNKNOWN)
    fields["event_name"] = name
    name_signer(fields, findings, layout.family)
    if name == UNKNOWN:
        findings.add(codes.UNKNOWN_EVENT_TYPE)
    return key, layout


def _take_from_return(fields: Target) -> None:
    """What a return repeats of its request fills the gaps of the request; alone, it is all there is."""
    for name, column in _REPEATED_BY_RETURNS:
        value = fields.pop(column, None)
        if value is not None:
            fields.setdefault(name, value)


def _event_key(layout: Layout, reading: Reading, keys: dict[str, str], return_keys: dict[str, str]) -> tuple[str, str]:
    """Key and family of an event: of the element that names the key; else of the return's, else from ``Id``."""
    findings = reading.findings
    written = reading.fields.pop("_id", None)
    for source in (keys, return_keys):
        # An event of an NF-e may name, in addition to its own key, the CT-e or MDF-e that it is about.
        for family in sorted(source, key=lambda name: name != layout.family.name):
            text = source[family]
            key, exact = key_of_text(text, FAMILIES[family].keys)
            if key is None:
                continue
            if not exact:
                findings.add(codes.ID_FORM)
            if source is keys:
                if written and key not in written:
                    findings.add(codes.ID_KEY_MISMATCH)
                if return_keys.get(family, text) != text or family not in return_keys and return_keys:
                    findings.add(codes.PROTOCOL_KEY_MISMATCH)
            elif keys or written:
                findings.add(codes.ID_MISSING)
            return key, family
    match = _ID_OF_EVENT.match(written or "")
    if match:
        findings.add(codes.ID_MISSING)
        return match[1] or match[2], layout.family.name
    raise Unparsable(codes.NO_ACCESS_KEY, _no_event_key(layout, reading.fields, written))


def _no_event_key(layout: Layout, fields: Target, written: str | None) -> str:
    message = f"{layout.name}: no access key in the event"
    if written:
        message += f", nor in its Id {written[:80]!r}"
    if "return_status" in fields:
        message += f"; it answers {fields['return_status']} {fields.get('return_reason', '')}".rstrip()
    return message


def _voided_range(layout: Layout, reading: Reading) -> tuple[str, Layout]:
    fields, findings = reading.fields, reading.findings
    written = fields.pop("_id", None)
    asked = _range_id(fields, "", "_")
    answered = _range_id(fields, "_return_", "_return_")
    for name in ("uf_code", "year", "issuer_id", "model", "series", "first_number", "last_number", "environment"):
        value = fields.pop(f"_return_{name}", None)
        if value is not None:
            fields.setdefault(f"_{name}" if name in ("uf_code", "year") else name, value)
    key = asked or answered or _range_id(fields, "", "_")
    if key is None:
        raise Unparsable(codes.NO_ACCESS_KEY, _no_range(layout, fields, written))
    if asked and answered and asked != answered:
        findings.add(codes.PROTOCOL_KEY_MISMATCH)
        _forget_answer(reading)
    if written and written not in (key, key[:4] + key[6:]):
        findings.add(codes.ID_KEY_MISMATCH)
    uf = UF_OF_CODE.get(key[2:4])
    if uf is not None:
        fields["uf"] = uf
    fields["year"] = 2000 + int(key[4:6])
    for name in ("_uf_code", "_year"):
        fields.pop(name, None)
    settle_instants(reading.instants, uf, fields, findings)
    return key, layout


def _forget_answer(reading: Reading) -> None:
    """Drops a tax office's answer about another range, which says nothing about this one."""
    reading.parts.discard(RETURN)
    reading.instants.pop("registered_at", None)
    for name in ("return_status", "return_reason", "protocol_number"):
        reading.fields.pop(name, None)


def _range_id(fields: Target, prefix: str, hidden: str) -> str | None:
    """``ID`` + cUF + year 2 + CNPJ 14 + mod + serie 3 + first 9 + last 9, made of the fields.

    Composed and not read, so that one range has one key: older Ids have no year, and a return's Id is its protocol.
    """
    uf_code, year = fields.get(hidden + "uf_code", ""), fields.get(hidden + "year", "")
    issuer, model = fields.get(prefix + "issuer_id", ""), fields.get(prefix + "model", "")
    numbers = [fields.get(prefix + name) for name in ("series", "first_number", "last_number")]
    if None in numbers or not issuer:
        return None
    key = f"ID{uf_code}{year[-2:]}{issuer.upper().zfill(14)}{model}{numbers[0]:03d}{numbers[1]:09d}{numbers[2]:09d}"
    digits = uf_code + year + model
    return key if len(key) == 43 and digits.isdigit() and digits.isascii() and key.isalnum() else None


def _no_range(layout: Layout, fields: Target, written: str | None) -> str:
    message = f"{layout.name}: the range is not told in full (cUF, ano, CNPJ, mod, serie, first and last number)"
    if written:
        message += f"; Id is {written[:80]!r}"
    if "return_status" in fields:
        message += f"; it answers {fields['return_status']} {fields.get('return_reason', '')}".rstrip()
    return message


_MAKE = {DOCUMENT: _document, EVENT: _event, VOIDED_RANGE: _voided_range}
