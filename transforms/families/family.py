"""A family of documents: everything that reading, folding and showing its documents needs.

A family is the documents that share a namespace, a key element (``chNFe``), a protocol and a table of events. One file
of this package describes one family; its document types are the layouts in ``transforms/parse/layouts``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from transforms.access_key import SEFAZ, KeyKind

_NAMESPACES = "http://www.portalfiscal.inf.br/"


class StatusRule(NamedTuple):
    """Result codes (``cStat``) of a protocol that give its key a status, and where that is said.

    ``dated``: whether the protocol's instant and number are those of the fact. They are the authorisation's where a
    stored protocol was rewritten on cancellation, or an office answers with the present status of a document.
    ``is_rejection``: the document, or an event of it, was rejected because its key had that status already.
    """

    codes: tuple[int, ...]
    status: str
    source: str
    dated: bool = True
    is_rejection: bool = False


class EventRule(NamedTuple):
    """Registered event types (``tpEvento``) that give a key a status; ``late_status`` after a late return."""

    event_types: tuple[str, ...]
    status: str
    late_status: str
    source: str


class Attribute(NamedTuple):
    """A part of the state that the last registered event of a group decides.

    ``values`` maps an event type to the value it gives; None clears it. ``weaker`` types count only when no type of
    ``values`` was registered.
    """

    name: str
    values: Mapping[str, str | None]
    weaker: Mapping[str, str]
    source: str


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of documents. Rules are data with their source named; codes mean what they mean here, nowhere else."""

    name: str
    """Short name, as records and the names of layouts have it: ``nfe``."""

    models: Mapping[str, str]
    """Model (two digits, as in the access key) -> its name for people."""

    tag: str
    """What SEFAZ's tags of the family end with: ``NFe`` of ``chNFe``, ``protNFe``, ``retConsSitNFe``."""

    event_element: str
    """Start tag of an event's request."""

    event_envelopes: tuple[str, ...]
    """Elements that hold an event's request and return."""

    event_names: Mapping[str, str]
    """``tpEvento`` -> the stable name of the event."""

    envelopes: tuple[str, ...]
    """Messages of its services, which hold documents or answer for them without being one."""

    id_prefixes: tuple[str, ...] = ()
    """What stands before the key in ``Id``, the usual one first; unless given, the names of the models (``CT-e OS``:
    ``CTeOS``)."""

    own_namespace: str | None = None
    """Namespace of its documents where it is not SEFAZ's for its name; empty: they are in none."""

    keys: KeyKind = SEFAZ
    """The kind of its access keys."""

    event_summaries: tuple[str, ...] = ()
    voided_number: str | None = None
    """Start of the elements of a voided range's numbers (``nNF`` of ``nNFIni``); None: numbers cannot be voided."""

    has_services: bool = True
    """Whether it has the messages that SEFAZ's families share: events with returns, and queries (``retConsSit``)."""

    has_early_cancellation: bool = False
    """Whether cancellations had a message of their own (``cancNFe``) before they were events."""

    protocol_rules: tuple[StatusRule, ...]
    accepted_returns: tuple[int, ...]
    """``cStat`` of a return that registers an event."""

    registered_forms: tuple[str, ...] = ("summary",)
    """Forms of an event that it only has once it is registered, whatever its return says."""

    form_statuses: Mapping[str, str] = field(default_factory=dict)
    """Form of a document -> the status that having it proves, where documents have no protocol."""

    annulling_events: tuple[str, ...] = ()
    """Events that annul another one: rules name them with what they annul, ``205208/203206``."""

    repeated_returns: tuple[int, ...] = ()
    """``cStat`` of a return that rejects an event because the same one was registered already."""

    signed_by_issuer: bool = True
    """Whether its documents are signed by their issuer, and by nobody else."""

    events_of_parties: tuple[str, ...] = ("11", "21")
    """How the types of events begin that issuer or recipient sign themselves. MOC: the first digits tell the author."""

    event_rules: tuple[EventRule, ...]
    correction_events: tuple[str, ...] = ()
    epec_events: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = field(default=())

    def __post_init__(self) -> None:
        named = tuple("".join(filter(str.isalnum, name)) for name in self.models.values())
        object.__setattr__(self, "id_prefixes", self.id_prefixes or named)

    @property
    def namespace(self) -> str:
        """Namespace of its documents."""
        return self.own_namespace if self.own_namespace is not None else _NAMESPACES + self.name

    @property
    def key_element(self) -> str:
        """The element that carries the key in protocols, events and summaries: ``chNFe``."""
        return f"ch{self.tag}"

    @cached_property
    def rule_of_protocol(self) -> Mapping[int, StatusRule]:
        """``cStat`` of a protocol, or of the answer to a query -> its rule."""
        return {code: rule for rule in self.protocol_rules for code in rule.codes}

    def told_by_rejection(self, code: int | None) -> str | None:
        """The status that a document has already, where an event of it was rejected for that."""
        rule = self.rule_of_protocol.get(code or 0)
        return rule.status if rule is not None and rule.is_rejection else None

    def is_rejection(self, code: int | None) -> bool:
        """Whether a protocol with this ``cStat``, or with none, did not accept its document."""
        rule = self.rule_of_protocol.get(code or 0)
        return rule is None or rule.is_rejection

    @cached_property
    def statuses_of_event(self) -> Mapping[str, tuple[str, str]]:
        """``tpEvento`` -> status, and status after a late return."""
        return {e: (rule.status, rule.late_status) for rule in self.event_rules for e in rule.event_types}
