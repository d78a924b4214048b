"""Whose a signing certificate is, and from when to when it is valid. The signature itself is not checked."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from asn1crypto import x509

# DOC-ICP-04: other names of a holder. A company's certificate has its CNPJ; a person's his date of birth (8 digits)
# and then his CPF (11), among other numbers.
_CNPJ = "2.16.76.1.3.3"
_PERSON = "2.16.76.1.3.1"
_CPF_OF_PERSON = slice(8, 19)
_FORMS = {"CNPJ": re.compile(r"[0-9A-Z]{12}[0-9]{2}\Z"), "CPF": re.compile(r"[0-9]{11}\Z")}
# The common name as certificates of the tax authority's chain write it: NAME:CNPJ, NAME:CPF.
_IN_COMMON_NAME = re.compile(r":\s*([0-9A-Za-z]{12}[0-9]{2}|[0-9]{11})\s*\Z")

# A certificate takes half a millisecond to read and signs thousands of documents: those last met are kept, some 3 kB
# of text each.
_KEPT = 4096

# How far the clocks of issuer and tax office may differ. MOC: 703.
_CLOCKS = timedelta(minutes=5)


class Certificate(NamedTuple):
    """A certificate's holder (CNPJ or CPF, and which of them), empty where it names none, and its validity.

    Instants are UTC text, as those of records are. ``signs_from`` and ``signs_until`` are the ends of its validity with
    what clocks may differ: text, so that a document's instants are compared without being taken apart.
    """

    holder_id: str
    holder_id_type: str
    valid_until: str
    signs_from: str
    signs_until: str


@lru_cache(maxsize=_KEPT)
def certificate_of(text: str) -> Certificate | None:
    """The certificate in the text of an ``X509Certificate`` (base64 of DER); None where it cannot be read."""
    try:
        found = x509.Certificate.load(base64.b64decode("".join(text.split()), validate=True), strict=True)
        validity = found["tbs_certificate"]["validity"]
        names = found.subject_alt_name_value
        named = _holder_by_other_names(names) or _holder_by_common_name(found.subject.native.get("common_name"))
        holder = named or ("", "")
        begins, ends = validity["not_before"].native, validity["not_after"].native
        # The year 9999 stands for no end.
        latest = ends + _CLOCKS if ends.year < 9999 else ends
        return Certificate(*holder, _instant(ends), _instant(begins - _CLOCKS), _instant(latest))
    except Exception:  # whatever the decoder makes of bytes that are none
        return None


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _holder_by_other_names(names: x509.GeneralNames | None) -> tuple[str, str] | None:
    others = {
        name.chosen["type_id"].native: _text(name.chosen["value"].native)
        for name in names or ()
        if name.name == "other_name"
    }
    return _checked(others.get(_CNPJ, ""), "CNPJ") or _checked(others.get(_PERSON, "")[_CPF_OF_PERSON], "CPF")


def _text(value: object) -> str:
    """The value of another name, which is an octet string or one of the types of text."""
    return value.decode("latin-1") if isinstance(value, bytes) else value if isinstance(value, str) else ""


def _checked(text: str, id_type: str) -> tuple[str, str] | None:
    written = text.strip().upper()
    return (written, id_type) if _FORMS[id_type].match(written) and written.strip("0") else None


def _holder_by_common_name(common_name: object) -> tuple[str, str] | None:
    name = common_name[-1] if isinstance(common_name, list) and common_name else common_name
    match = _IN_COMMON_NAME.search(name) if isinstance(name, str) else None
    return _checked(match[1], "CPF" if len(match[1]) == 11 else "CNPJ") if match else None
