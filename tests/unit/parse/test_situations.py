"""What several inputs say together of one key, by situation: whose answer it is, what a code means, where it stood."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.unit.parse.families import BPE, CTE, MDFE, NF3E, NFCOM
from tests.unit.parse.samples import KEY, NFE_NS, all_of, event, event_return, key, nfe, processed, protocol
from transforms.history.fold import fold
from transforms.model import DeadLetter, Entry

OTHER = key(number=9)
AUTHORISED_AT, EVENT_AT = "2026-03-01T13:21:00Z", "2026-03-02T11:00:05Z"


class Case(NamedTuple):
    """Inputs, what the state of the key then is, and findings of any of its records."""

    situation: str
    inputs: list[str]
    key: str
    state: dict[str, object]
    findings: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def nfe_event(event_type: str = "110111", status: int = 135, sequence: int = 1, detail: str = "") -> str:
    request = event(event_type=event_type, detail=detail) if detail else event(event_type=event_type)
    answer = event_return(event_type=event_type, status=status)
    answer = answer.replace("<nSeqEvento>1", f"<nSeqEvento>{sequence}")
    return f'<procEventoNFe xmlns="{NFE_NS}" versao="1.00">{request}{answer}</procEventoNFe>'


def nfe_with(appended: str) -> str:
    return processed(nfe(), protocol()).replace("</nfeProc>", f"{appended}</nfeProc>")


_TEST = "<tpAmb>2</tpAmb>"
_LETTER = "<xCorrecao>one</xCorrecao>"
_QUERY = (
    f'<retConsSitNFe xmlns="{NFE_NS}" versao="4.00">{_TEST}<cStat>101</cStat><xMotivo>x</xMotivo><chNFe>{KEY}</chNFe>'
    "</retConsSitNFe>"
)
_TWO = f'<nfeProc xmlns="{NFE_NS}">{nfe()}{protocol()}{nfe(OTHER)}{protocol(OTHER)}</nfeProc>'

WHOSE = [
    Case(
        "the only protocol in a CT-e's envelope is another key's",
        [CTE.document(answered=key("57", number=7))], CTE.key, {"status": "unprotocoled"}, ("protocol_key_mismatch",),
    ),
    Case(
        "that other key is known by it",
        [CTE.document(answered=key("57", number=7))], key("57", number=7),
        {"status": "authorised", "known_by": "protocol"},
    ),
    Case(
        "a correction letter with the answer to the next one",
        [processed(), nfe_event("110110", sequence=2, detail=_LETTER)], KEY, {"corrections": 1},
        ("protocol_key_mismatch",), ("correction",),
    ),
    Case(
        "the protocol is of the test environment, the document of production",
        [processed(nfe().replace(_TEST, "<tpAmb>1</tpAmb>"))], KEY, {}, ("environment_mismatch",),
    ),
    Case(
        "so is the return of an event",
        [nfe_event().replace(_TEST, "<tpAmb>1</tpAmb>", 1)], KEY, {}, ("environment_mismatch",),
    ),
]  # fmt: skip

SAID = [
    Case(
        "a manifest's cancellation is rejected, as it is closed: not cancelled",
        [MDFE.document(), MDFE.event("110111", 609)], MDFE.key, {"status": "closed"}, absent=("status_at",),
    ),
    Case(
        "a manifest's closing is rejected, as it is cancelled: not closed",
        [MDFE.document(), MDFE.event("110112", 218)], MDFE.key, {"status": "cancelled"}, absent=("status_at",),
    ),
    Case(
        "a correction letter is rejected, as the CT-e is cancelled",
        [CTE.document(), CTE.event("110110", 218)], CTE.key, {"status": "cancelled"}, absent=("corrections",),
    ),
    Case(
        "a confirmation is rejected, as there is one already",
        [processed(), nfe_event("210200", 573)], KEY, {"manifestation": "confirmed"}, absent=("manifestation_at",),
    ),
    Case(
        "a confirmation is rejected, as the NF-e is cancelled: none",
        [processed(), nfe_event("210200", 218)], KEY, {"status": "cancelled"}, absent=("manifestation",),
    ),
    Case(
        "a query says that a manifest is closed",
        [MDFE.document(), MDFE.query(132)], MDFE.key, {"status": "closed"}, absent=("status_at",),
    ),
    Case(
        "a query says cancelled, around the event that tells when",
        [CTE.query(101, CTE.event("110111"))], CTE.key, {"status": "cancelled", "status_at": EVENT_AT},
    ),
    Case(
        "a CT-e's cancellation is registered with an alert",
        [CTE.document(), CTE.event("110111", 134)], CTE.key, {"status": "cancelled"},
    ),
]  # fmt: skip

WHEN = [
    Case(
        "a manifest's protocol was rewritten on closing",
        [MDFE.document(), MDFE.document(132), MDFE.event("110112")], MDFE.key,
        {"status": "closed", "status_at": EVENT_AT, "authorised_at": AUTHORISED_AT},
    ),
    Case(
        "a CT-e's protocol was rewritten on cancellation",
        [CTE.document(), CTE.document(101), CTE.event("110111")], CTE.key,
        {"status": "cancelled", "status_at": EVENT_AT, "authorised_at": AUTHORISED_AT},
    ),
    Case(
        "an NFCom's protocol says substituted",
        [NFCOM.document(), NFCOM.document(102)], NFCOM.key,
        {"status": "substituted", "authorised_at": AUTHORISED_AT}, absent=("status_at",),
    ),
    Case(
        "authorised late tells when",
        [CTE.document(150)], CTE.key, {"status": "authorised_late", "status_at": AUTHORISED_AT},
    ),
]  # fmt: skip

MEANS = [
    Case("a ticket is substituted", [BPE.document(), BPE.event("240140")], BPE.key, {"status": "substituted"}),
    Case("an electricity bill is adjusted", [NF3E.document(), NF3E.event("240150")], NF3E.key, {"status": "adjusted"}),
    Case("a CT-e is annulled by the same code", [CTE.document(), CTE.event("240150")], CTE.key, {"status": "annulled"}),
    Case("no bill is denied", [NFCOM.document(301)], NFCOM.key, {"status": "unprotocoled"}),
    Case(
        "a manifest is closed twice, by its issuer and by the office",
        [MDFE.document(), MDFE.event("110112"), MDFE.event("310112")], MDFE.key, {"status": "closed"},
    ),
    Case(
        "a deadline was released, which decides nothing",
        [NFCOM.document(), NFCOM.event("240170")], NFCOM.key, {"status": "authorised"},
    ),
]  # fmt: skip

WRITTEN = [
    Case(
        "in a wrapper that a library made up",
        [CTE.event("110111", wrapper="procCancCTe")], CTE.key, {"status": "cancelled"},
    ),
    Case(
        "appended to a CT-e, in an element that nobody knows",
        [CTE.document(appended=CTE.event("110111", wrapper="cancelamento"))], CTE.key, {"status": "cancelled"},
    ),
    Case(
        "appended to a ticket, in a list",
        [BPE.document(appended=f"<eventos>{BPE.event('110111')}</eventos>")], BPE.key,
        {"status": "cancelled", "authorised_at": AUTHORISED_AT},
    ),
    Case(
        "appended to a bill, as text",
        [NFCOM.document(appended=f"<x><![CDATA[{NFCOM.event('110111')}]]></x>")], NFCOM.key, {"status": "cancelled"},
    ),
    Case("the answer to a query, appended to an NF-e", [nfe_with(_QUERY)], KEY, {"status": "cancelled"}),
    Case("two NF-e in the envelope of one: the first", [_TWO], KEY, {"status": "authorised"}),
    Case(
        "two NF-e in the envelope of one: the second",
        [_TWO], OTHER, {"status": "authorised", "known_by": "document"},
    ),
    Case("something else that was appended", [nfe_with("<impresso>sim</impresso>")], KEY, {"status": "authorised"}),
]  # fmt: skip


@pytest.mark.parametrize("case", WHOSE + SAID + WHEN + MEANS + WRITTEN, ids=lambda case: case.situation)
def test_what_the_inputs_say_together(case: Case) -> None:
    found = [one for xml in case.inputs for one in all_of(xml)]
    assert not [one for one in found if isinstance(one, DeadLetter)]
    history: list[Entry] = [one.entry for one in found if one.entry.key == case.key]
    state = fold(history).state
    assert {name: state.get(name) for name in case.state} == case.state
    assert not set(case.absent) & state.keys()
    assert set(case.findings) <= {code for entry in history for code in entry.findings}
