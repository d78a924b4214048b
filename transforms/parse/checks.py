"""The key of a record, and where the record disagrees with it. A disagreement is a finding, never a refusal."""

from __future__ import annotations

from operator import mul

from transforms.access_key import SEFAZ, UF_OF_CODE, AccessKey, KeyKind, has_right_check_digit
from transforms.families import ID_PREFIXES
from transforms.parse import codes
from transforms.parse.layout import Layout
from transforms.parse.values import Target, utc_instant

_PREFIXES = frozenset(("", "id", *(prefix.lower() for prefix in ID_PREFIXES)))
# check_digit of transforms.access_key for the usual kind, in one pass over the bytes: the sum of (code - 48) * weight.
_WEIGHTS = tuple(2 + (42 - i) % 8 for i in range(43))
_OFFSET = 48 * sum(_WEIGHTS)


def key_of_id(text: str, prefixes: tuple[str, ...], kind: KeyKind = SEFAZ) -> tuple[str | None, bool]:
    """The access key of a kind in an ``Id``, None when there is none, and whether it is written as it should be.

    White space, lower case, and a missing or wrong prefix are tolerated: they do not affect the key.
    """
    length = kind.length
    if len(text) == length + len(prefixes[0]) and text.startswith(prefixes):
        key = text[-length:]
        if kind.form.match(key):
            return key, True
    compact = "".join(text.split())
    key = compact[-length:].upper()
    prefix = compact[:-length]
    if not kind.form.match(key) or prefix.lower() not in _PREFIXES:
        return None, False
    return key, prefix in prefixes and compact == text and compact.endswith(key)


def key_of_text(text: str, kind: KeyKind = SEFAZ) -> tuple[str | None, bool]:
    """The access key in an element such as ``chNFe``, and whether it is written as it should be."""
    return (text, True) if kind.form.match(text) else key_of_id(text, ("",), kind)


def _has_right_check_digit(key: str) -> bool:
    if len(key) != SEFAZ.length:
        return has_right_check_digit(key)
    remainder = (sum(map(mul, key.encode(), _WEIGHTS)) - _OFFSET) % 11
    return ord(key[43]) - 48 == (0 if remainder < 2 else 11 - remainder)


def check_key(key: str, parts: AccessKey, layout: Layout, findings: set[str]) -> None:
    """Findings about a key by itself, or about a key of this layout."""
    if not _has_right_check_digit(key):
        findings.add(codes.KEY_CHECK_DIGIT)
    if parts.uf_code not in UF_OF_CODE:
        findings.add(codes.KEY_UF_MISMATCH)
    if parts.year_month and not "01" <= parts.year_month[2:] <= "12":
        findings.add(codes.KEY_MONTH_MISMATCH)
    if layout.models and parts.model not in layout.models:
        findings.add(codes.KEY_MODEL_MISMATCH)


def check_document(parts: AccessKey, fields: Target, findings: set[str]) -> None:
    """Where the key and the fields that it encodes disagree. Fields that are absent agree with everything."""
    uf_code = fields.pop("_uf_code", None)
    if uf_code is not None and uf_code != parts.uf_code:
        findings.add(codes.KEY_UF_MISMATCH)
    if fields.get("model", parts.model) != parts.model:
        findings.add(codes.KEY_MODEL_MISMATCH)
    if parts.series and "series" in fields and fields["series"] != int(parts.series):
        findings.add(codes.KEY_SERIES_MISMATCH)
    if "number" in fields and fields["number"] != int(parts.number):
        findings.add(codes.KEY_NUMBER_MISMATCH)
    # Until layout 2.00 the key had no kind of emission in it.
    emission_type = fields.get("emission_type")
    is_in_key = parts.emission_type and not (parts.model == "55" and fields.get("layout_version", "").startswith("1."))
    if emission_type is not None and is_in_key and str(emission_type) != parts.emission_type:
        findings.add(codes.KEY_EMISSION_MISMATCH)
    city = fields.pop("_city", None)
    if city is not None and not parts.place.startswith(city):
        findings.add(codes.KEY_CITY_MISMATCH)
    digest = fields.pop("_digest", None)
    if digest is not None and fields.get("protocol_digest", digest) != digest:
        findings.add(codes.DIGEST_MISMATCH)
    issued_on = fields.get("issued_on")
    if issued_on is not None and parts.year_month and issued_on[2:4] + issued_on[5:7] != parts.year_month:
        findings.add(codes.KEY_MONTH_MISMATCH)
    issuer = fields.get("issuer_id")
    office = fields.pop("_office_id", None)
    if issuer is not None and parts.issuer not in (issuer.upper(), issuer.zfill(14), office):
        findings.add(codes.KEY_ISSUER_MISMATCH)


def fill_from_key(parts: AccessKey, fields: Target) -> None:
    """Fills fields that can be read from any key. Values that the document gives itself are kept, except the state."""
    fields.setdefault("model", parts.model)
    month = parts.month
    if month is not None:
        fields["key_month"] = month
    uf = UF_OF_CODE.get(parts.uf_code)
    if uf is not None:
        fields["uf"] = uf


def settle_instants(instants: dict[str, str], uf: str | None, fields: Target, findings: set[str]) -> None:
    """Converts instants to UTC text; ones without an offset are in the local time of the state ``uf``."""
    for column, text in instants.items():
        result = utc_instant(text, uf)
        if result is None:
            findings.add(codes.BAD_INSTANT)
            continue
        fields[column] = result[0]
        if not result[1]:
            findings.add(codes.INSTANT_WITHOUT_OFFSET)
