"""All codes of parsing: why an input is dead, and what is odd in a record that was kept.

Codes are stable and hold no free text, so analysts group and count by them.
"""

from __future__ import annotations

from transforms.language import mark
from transforms.model import NO_LONGER_READ

STAGE = "parse"

EMPTY = "empty"
TOO_LARGE = "too_large"
NOT_XML = "not_xml"
TRUNCATED = "truncated"
WRONG_ENCODING = "wrong_encoding"
DTD_FORBIDDEN = "dtd_forbidden"
TOO_DEEP = "too_deep"
UNKNOWN_ROOT = "unknown_root"
MUNICIPAL_LAYOUT = "municipal_layout"
NO_ACCESS_KEY = "no_access_key"
NO_DOCUMENT = "no_document"
BAD_DOCZIP = "bad_doczip"
STRICT_FINDINGS = "strict_findings"
PARSER_ERROR = "parser_error"

DEAD_LETTER_CODES: dict[str, str] = {
    EMPTY: mark("no bytes, or nothing but white space"),
    TOO_LARGE: mark("larger than the limit, or than an envelope may unpack to"),
    NOT_XML: mark("not well-formed XML"),
    TRUNCATED: mark("well-formed as far as it goes, but it ends too early"),
    WRONG_ENCODING: mark("the bytes are not in the encoding they declare, or in one that is not read"),
    DTD_FORBIDDEN: mark("has a DOCTYPE; no fiscal document has one, and entities are how XML attacks"),
    TOO_DEEP: mark("elements, or envelopes, nested deeper than any document"),
    UNKNOWN_ROOT: mark("well-formed, but no document type that is known"),
    MUNICIPAL_LAYOUT: mark(
        "an NFS-e or RPS in a layout of municipalities, which has no national key; the message names it"
    ),
    NO_ACCESS_KEY: mark("a known document type with nothing to key it by"),
    NO_DOCUMENT: mark("a known envelope, request or response with no document in it"),
    BAD_DOCZIP: mark("a compressed entry of an envelope that is not base64 of gzip"),
    STRICT_FINDINGS: mark("would be a record with findings, and the strict option is on"),
    PARSER_ERROR: mark("the parser itself failed: a defect to report"),
}

KEY_CHECK_DIGIT = "key_check_digit"
KEY_UF_MISMATCH = "key_uf_mismatch"
KEY_MONTH_MISMATCH = "key_month_mismatch"
KEY_ISSUER_MISMATCH = "key_issuer_mismatch"
KEY_MODEL_MISMATCH = "key_model_mismatch"
KEY_SERIES_MISMATCH = "key_series_mismatch"
KEY_NUMBER_MISMATCH = "key_number_mismatch"
ID_MISSING = "id_missing"
ID_FORM = "id_form"
ID_KEY_MISMATCH = "id_key_mismatch"
PROTOCOL_KEY_MISMATCH = "protocol_key_mismatch"
ENVIRONMENT_MISMATCH = "environment_mismatch"
NAMESPACE_MISMATCH = "namespace_mismatch"
ENCODING_MISMATCH = "encoding_mismatch"
TRAILING_DATA = "trailing_data"
REPEATED_ELEMENT = "repeated_element"
DIGEST_MISMATCH = "digest_mismatch"
CERTIFICATE_UNREADABLE = "certificate_unreadable"
CERTIFICATE_NOT_VALID = "certificate_not_valid"
SIGNER_UNKNOWN = "signer_unknown"
SIGNER_MISMATCH = "signer_mismatch"
TAX_ID_FORM = "tax_id_form"
KEY_EMISSION_MISMATCH = "key_emission_mismatch"
KEY_CITY_MISMATCH = "key_city_mismatch"
INSTANT_WITHOUT_OFFSET = "instant_without_offset"
BAD_INSTANT = "bad_instant"
BAD_DATE = "bad_date"
BAD_DECIMAL = "bad_decimal"
BAD_INTEGER = "bad_integer"
MISSING_TOTAL = "missing_total"
MISSING_ISSUE_DATE = "missing_issue_date"
UNKNOWN_EVENT_TYPE = "unknown_event_type"

FINDINGS: dict[str, str] = {
    KEY_CHECK_DIGIT: "the check digit of the access key is wrong",
    KEY_UF_MISMATCH: "the key's state code is no state's, or differs from ide/cUF",
    KEY_MONTH_MISMATCH: "the key's year and month are no month, or differ from the date of issue",
    KEY_ISSUER_MISMATCH: "the key's CNPJ or CPF differs from the issuer's",
    KEY_MODEL_MISMATCH: "the key's model differs from ide/mod, or is not of the layout",
    KEY_SERIES_MISMATCH: "the key's series differs from ide/serie",
    KEY_NUMBER_MISMATCH: "the key's number differs from the document's",
    ID_MISSING: "no Id, or none of use: the key was taken from the protocol, or from the fields",
    ID_FORM: "the key was usable, but not written as it should be: prefix, letter case, white space",
    ID_KEY_MISMATCH: "the Id of an event or voided range names another key or range than its fields",
    PROTOCOL_KEY_MISMATCH: "the protocol is of another key than the document, or the return of another event",
    ENVIRONMENT_MISMATCH: "the protocol or return is of the other environment (tpAmb: production, test)",
    KEY_EMISSION_MISMATCH: "the key's kind of emission differs from ide/tpEmis",
    KEY_CITY_MISMATCH: "the municipality in the key of an NFS-e, or in the Id of a DPS, differs from cLocEmi",
    DIGEST_MISMATCH: "the protocol was given to other contents: its digVal is not the DigestValue of the signature",
    CERTIFICATE_UNREADABLE: "the certificate in the signature is damaged, or none",
    CERTIFICATE_NOT_VALID: "the certificate had ended before the issue, or began after the authorisation",
    SIGNER_UNKNOWN: "the certificate names no CNPJ or CPF, as those of ICP-Brasil do",
    SIGNER_MISMATCH: "signed by neither the issuer's company nor, an event, its author's",
    TAX_ID_FORM: "a CNPJ or CPF was written with punctuation or small letters, and was stored without",
    NAMESPACE_MISMATCH: "not in the namespace of its document type (absent, or another family's)",
    ENCODING_MISMATCH: "the bytes are not in the encoding declared, and were read in the one they are in",
    TRAILING_DATA: "something that is not markup follows the end of the document",
    REPEATED_ELEMENT: "an element that occurs once occurs again; the first was read, of protocols the document's own",
    INSTANT_WITHOUT_OFFSET: "an instant has no offset, or -00:00; none: the state's standard offset was taken",
    BAD_INSTANT: "an instant that is none; its field is absent",
    BAD_DATE: "a date that is none; its field is absent",
    BAD_DECIMAL: "an amount or quantity that is no decimal, or does not fit its column; its field is absent",
    BAD_INTEGER: "a whole number that is none; its field is absent",
    MISSING_TOTAL: "a document without its total",
    MISSING_ISSUE_DATE: "a document without its date of issue",
    UNKNOWN_EVENT_TYPE: "a tpEvento that the event table of its family does not list",
    NO_LONGER_READ: "stored by an earlier parser, and refused by a later one or read under another key; kept as it was",
}


class Unparsable(Exception):
    """An input that cannot become a record: one of DEAD_LETTER_CODES, and a message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
