"""What templates of views are filled with: the rules of the fold, of keys and of SPED as SQL literals. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from transforms import access_key
from transforms.families import DEFAULT, FAMILIES, FAMILY_OF_MODEL, booking, common, cte, nfe, statuses
from transforms.families.family import Attribute, Family
from transforms.history import rules
from transforms.history.dimensions import COUNTED_BY, DIMENSIONS
from transforms.views import key_sql

_COUNT_KEY = ", ".join(("dimension", "value", *COUNTED_BY))
# Of two attempts of bounded jobs at one partial the later job's is right, and the later one of one job; of two sums of
# a slot of the change log, the one of more contributions.
_FIRST_OF_PARTIAL = f"""ROW_NUMBER() OVER (
  PARTITION BY partition_month, partial, {_COUNT_KEY}
  ORDER BY job_started_at DESC, version DESC, computed_at DESC
) = 1"""


@cache
def rule_values() -> dict[str, str]:
    """By the name that a template has for it: SQL of constants and of tables of literals, of rules of the fold."""
    families = FAMILIES.values()
    return {
        "families": _table(("model", "family"), ((model, family.name) for model, family in FAMILY_OF_MODEL.items())),
        "default_family": DEFAULT.name,
        "model_of_document": key_sql.model("document.access_key"),
        "model_of_event": key_sql.model("event.access_key"),
        "model_of_documents": key_sql.model("documents.access_key"),
        "model_in_key": key_sql.model("access_key"),
        "series_of_key": key_sql.part("latest.access_key", "series"),
        "number_of_key": key_sql.part("latest.access_key", "number"),
        "issuer_in_key": key_sql.part("access_key", "issuer"),
        "place_in_key": key_sql.part("access_key", "place"),
        "issuer_in_dps": key_sql.part("dps_id", "issuer"),
        "place_in_dps": key_sql.part("dps_id", "place"),
        "length_of_dps": str(access_key.DPS.length),
        "model_of_dps": access_key.MODEL_OF_DPS,
        "issuer_in_own_key": key_sql.part("own_key", "issuer"),
        "series_in_own_key": key_sql.part("own_key", "series"),
        "number_in_own_key": key_sql.part("own_key", "number"),
        "count_key": _COUNT_KEY,
        "first_of_partial": _FIRST_OF_PARTIAL,
        "dimensions_before": ", ".join(f"{name}_before AS {name}" for name in DIMENSIONS),
        "dimensions_after": ", ".join(f"{name}_after" for name in DIMENSIONS),
        "form_ranks": _table(("form", "rank"), rules.FORM_RANK.items()),
        "protocol_statuses": _table(
            ("family", "code", "status", "dated", "rejection"),
            (
                (f.name, code, rule.status, int(rule.dated), int(rule.is_rejection))
                for f in families
                for code, rule in f.rule_of_protocol.items()
            ),
        ),
        "summary_statuses": _table(("code", "status"), rules.SUMMARY_STATUS.items()),
        "voided_statuses": _table(("code", "status"), rules.VOIDED_RANGE_STATUS.items()),
        "accepted_returns": _table(("family", "code"), _pairs("accepted_returns")),
        "repeated_returns": _table(("family", "code"), _pairs("repeated_returns")),
        "registered_forms": _table(("family", "form"), _pairs("registered_forms")),
        "annulling_events": _table(("family", "event_type"), _pairs("annulling_events")),
        "form_statuses": _table(
            ("family", "form", "status"), ((f.name, *found) for f in families for found in f.form_statuses.items())
        ),
        "late_returns": _table(("code",), ((code,) for code in common.LATE_RETURNS)),
        "deciding_events": _table(
            ("family", "event_type", "status", "late_status"),
            ((f.name, event_type, *found) for f in families for event_type, found in f.statuses_of_event.items()),
        ),
        "status_ranks": _table(("status", "rank"), ((status, rank) for rank, status in enumerate(statuses.PRECEDENCE))),
        "correction_events": _table(("family", "event_type"), _pairs("correction_events")),
        "epec_events": _table(("family", "event_type"), _pairs("epec_events")),
        "attribute_rules": _table(
            ("family", "name", "event_type", "value", "weakness"),
            (row for f in families for attribute in f.attributes for row in _attribute_rows(f, attribute)),
        ),
        "attribute_columns": _attribute_columns("attributes_of_key.{0}, attributes_of_key.{0}_at"),
        "attribute_values": _attribute_columns(
            "MAX(IF(name = '{0}', value, NULL)) AS {0}, MAX(IF(name = '{0}', instant, NULL)) AS {0}_at"
        ),
        "stored_attributes": _attribute_columns(
            "JSON_VALUE(latest.state_after.{0}) AS {0}, "
            "SAFE_CAST(JSON_VALUE(latest.state_after.{0}_at) AS TIMESTAMP) AS {0}_at"
        ),
        "manifestation_days": str(nfe.MANIFESTATION_DAYS),
        "inconclusive_manifestations": _list(nfe.MANIFESTATION.weaker.values()),
        "confirmed": nfe.MANIFESTATION.values["210200"] or "",
        "in_force": _list(statuses.IN_FORCE),
        "annulment_purpose": str(cte.ANNULMENT_PURPOSE),
        "freight_models": _list(FAMILIES["cte"].models),
        **{status: status for status in statuses.STATUSES},
        **_booking_values(),
    }


def _booking_values() -> dict[str, str]:
    """What the views for SPED are filled with."""
    return {
        "sped_registers": _table(
            ("model", "name", "buyer", "digits"),
            ((model, one.name, one.buyer, one.digits) for one in booking.REGISTERS for model in one.models),
        ),
        "sped_situations": _table(
            ("model", "status", "code", "issuer", "buyer"),
            (
                (model, status, one.code, one.issuer, one.buyer)
                for one in booking.SITUATIONS
                for model in one.models
                for status in one.statuses
            ),
        ),
        "sped_complements": _table(("model", "purpose"), booking.COMPLEMENTS),
        "regular": booking.REGULAR,
        "complementary": booking.COMPLEMENTARY,
        "special": booking.SPECIAL,
        "voided_situation": booking.VOIDED,
        "booked_in_force": _list(booking.IN_FORCE),
        "discontinued": _list(booking.DISCONTINUED),
        "optional_from": booking.OPTIONAL_FROM.isoformat(),
        "discontinued_from": booking.DISCONTINUED_FROM.isoformat(),
        "office_model": booking.OFFICE_MODEL,
        "office_series": " AND ".join(map(str, booking.OFFICE_SERIES)),
        "not_received": _list(booking.NOT_RECEIVED),
        "entry": str(booking.ENTRY),
        "most_voided": str(booking.MOST_VOIDED),
        "voided_models": _list(booking.VOIDED_MODELS),
        "must": booking.MUST,
        "may": booking.MAY,
        "must_not": booking.MUST_NOT,
    }


def _attribute_columns(template: str) -> str:
    """The template once for each attribute that a family's states may have."""
    names = [attribute.name for family in FAMILIES.values() for attribute in family.attributes]
    return ",\n".join(template.format(name) for name in sorted(names))


def _attribute_rows(family: Family, attribute: Attribute) -> Iterable[tuple[str, str, str, str | None, int]]:
    groups: tuple[Mapping[str, str | None], ...] = (attribute.values, attribute.weaker)
    for weakness, values in enumerate(groups):
        for event_type, value in values.items():
            yield family.name, attribute.name, event_type, value, weakness


def _pairs(attribute: str) -> Iterable[tuple[str, object]]:
    """Name of each family, with each value of a tuple that it has."""
    return ((family.name, value) for family in FAMILIES.values() for value in getattr(family, attribute))


def _table(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """A table of literals as a subquery, its columns named by the first row."""
    selects: list[str] = []
    for row in rows:
        names = [f" AS {column}" if not selects else "" for column in columns]
        selects.append("SELECT " + ", ".join(_literal(v) + name for v, name in zip(row, names, strict=True)))
    return f"({' UNION ALL '.join(selects)})"


def _list(values: Iterable[str]) -> str:
    return ", ".join(_literal(value) for value in values)


def _literal(value: object) -> str:
    if value is None:
        return "CAST(NULL AS STRING)"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str) or not value.replace("_", "").replace("/", "").isalnum() or not value.isascii():
        raise ValueError(f"{value!r} is not a plain literal")
    return f"'{value}'"
