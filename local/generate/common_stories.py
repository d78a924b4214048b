"""Stories that documents of every family have, and those of transport documents alone."""

from __future__ import annotations

from local.generate import events, transport_events
from local.generate.document import Document, Generated
from local.generate.events import Options as EventOptions
from local.generate.place import Place
from local.generate.rng import Rng


def authorised(rng: Rng, place: Place) -> list[Generated]:
    """A document with its protocol, and nothing more."""
    return [place.document(rng).processed()]


def cancelled(rng: Rng, place: Place) -> list[Generated]:
    """A document, then its cancellation."""
    document = place.document(rng)
    return [document.processed(), cancel(rng, document).processed()]


def cancelled_before(rng: Rng, place: Place) -> list[Generated]:
    """A cancellation that arrives before its document."""
    return cancelled(rng, place)[::-1]


def cancelled_late(rng: Rng, place: Place) -> list[Generated]:
    """A document cancelled after the term, which the return says (155)."""
    document = place.document(rng)
    options = EventOptions(at=document.protocol.at.plus(rng.between(2, 25) * 86_400), status=155)
    return [document.processed(), cancel(rng, document, options).processed()]


def orphan(rng: Rng, place: Place) -> list[Generated]:
    """A cancellation whose document never arrives."""
    return [cancel(rng, place.document(rng)).processed()]


def rejected(rng: Rng, place: Place) -> list[Generated]:
    """A document and a rejected cancellation: it stays authorised."""
    document = place.document(rng)
    options = EventOptions(at=document.protocol.at.plus(rng.between(3, 30) * 86_400), status=501)
    return [document.processed(), cancel(rng, document, options).processed()]


def bare_event(rng: Rng, place: Place) -> list[Generated]:
    """A document and the request of its cancellation, without the return."""
    document = place.document(rng)
    return [document.processed(), cancel(rng, document).bare()]


def corrected(rng: Rng, place: Place) -> list[Generated]:
    """A document with one to four correction letters, in order or backwards."""
    document = place.document(rng)
    correct = events.correction if place.group == "nfe" else transport_events.correction
    letters = [
        correct(rng, document, EventOptions(at=document.protocol.at.plus(n * 40_000), sequence=n))
        for n in range(1, rng.between(1, 4) + 1)
    ]
    told = [document.processed(), *(letter.processed() for letter in letters)]
    return told if rng.chance(0.7) else told[::-1]


def cancel(rng: Rng, document: Document, options: EventOptions | None = None) -> events.Event:
    """The cancellation of a document of any family."""
    if document.layout == "nfe":
        return events.cancellation(rng, document, options)
    return transport_events.cancellation(rng, document, options)


def delivered(rng: Rng, place: Place) -> list[Generated]:
    """A CT-e and the proof of its delivery."""
    document = place.document(rng)
    return [document.processed(), transport_events.delivery(rng, document).processed()]


def delivery_cancelled(rng: Rng, place: Place) -> list[Generated]:
    """A CT-e, the proof of its delivery, and its cancellation."""
    document = place.document(rng)
    proof = transport_events.delivery(rng, document)
    taken_back = transport_events.delivery_cancellation(rng, document, proof)
    return [document.processed(), proof.processed(), taken_back.processed()]


def disagreed(rng: Rng, place: Place) -> list[Generated]:
    """A CT-e, and the disagreement of who pays it."""
    document = place.document(rng, place.company(rng))
    return [document.processed(), transport_events.disagreement(rng, document).processed()]


def closed(rng: Rng, place: Place) -> list[Generated]:
    """An MDF-e and its closing, in either order."""
    document = place.document(rng)
    told = [document.processed(), transport_events.closing(rng, document).processed()]
    return told if rng.chance(0.9) else told[::-1]


def driver(rng: Rng, place: Place) -> list[Generated]:
    """An MDF-e with another driver, then closed."""
    document = place.document(rng)
    change = transport_events.driver(rng, document)
    return [document.processed(), change.processed(), transport_events.closing(rng, document).processed()]
