"""Events in elements that libraries made up."""

from __future__ import annotations

import pytest

from tests.unit.parse.samples import (
    KEY,
    MDFE_KEY,
    MDFE_NS,
    all_of,
    event,
    event_return,
    nfe,
    parsed,
    processed,
    protocol,
)  # fmt: skip


def mdfe_event() -> str:
    return event(MDFE_KEY, "110112", key_element="chMDFe", element="eventoMDFe", namespace=MDFE_NS)


def mdfe_return() -> str:
    return event_return(MDFE_KEY, "110112", key_element="chMDFe", suffix="MDFe")


@pytest.mark.parametrize("wrapper", ["procEncMDFe", "procCancMDFe", "procEventoMDFe", "MDFeEncerrado", "proc"])
def test_a_request_and_its_return_are_one_event_in_whatever_they_stand(wrapper: str) -> None:
    record = parsed(f'<{wrapper} versao="1.00" xmlns="{MDFE_NS}">{mdfe_event()}{mdfe_return()}</{wrapper}>')
    assert (record.form, record.key, record.fields["return_status"]) == ("processed", MDFE_KEY, 135)
    assert (record.layout, record.findings) == ("mdfe_event", ())


def test_the_wrapper_of_early_cancellations_may_hold_an_event() -> None:
    record = parsed(f"<procCancNFe>{event()}{event_return()}</procCancNFe>")
    assert (record.form, record.layout, record.key) == ("processed", "nfe_event", KEY)


def test_two_requests_are_two_events() -> None:
    found = all_of(f"<lote>{event()}{event(event_type='110110')}</lote>")
    assert [record.entry.form for record in found] == ["bare", "bare"]


def test_an_answer_appended_in_such_a_wrapper_is_an_event_of_its_own() -> None:
    appended = f"<procEncMDFe>{mdfe_return()}</procEncMDFe></nfeProc>"
    document = processed(nfe(), protocol()).replace("</nfeProc>", appended)
    expected = [("document", "processed"), ("event", "return")]
    assert [(found.entry.kind, found.entry.form) for found in all_of(document)] == expected


def test_an_event_of_an_nfe_may_name_the_cte_that_it_is_about() -> None:
    cte = "<chCTe>" + MDFE_KEY[:20] + "57" + MDFE_KEY[22:] + "</chCTe>"
    answer = event_return(event_type="610130").replace("<tpEvento>", f"{cte}<tpEvento>")
    record = parsed(f"<procEventoNFe>{event(event_type='610130')}{answer}</procEventoNFe>")
    assert (record.key, record.layout) == (KEY, "nfe_event")
    assert "protocol_key_mismatch" not in record.findings
