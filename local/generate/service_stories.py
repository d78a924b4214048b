"""Stories of NFS-e and DPS, and of CF-e of SAT devices."""

from __future__ import annotations

from local.generate import cfe as sat
from local.generate import nfse
from local.generate.document import Generated
from local.generate.place import Place
from local.generate.rng import Rng


def _service(rng: Rng, place: Place, **chosen: object) -> nfse.Nfse:
    options = nfse.Options(series=place.series, number=place.number)
    if chosen:
        series, number = place.aside()
        options = nfse.Options(series=series, number=number, **chosen)  # type: ignore[arg-type]
    return nfse.nfse(rng, place.world, place.issuer, None, options)


def authorised(rng: Rng, place: Place) -> list[Generated]:
    """An NFS-e."""
    return [_service(rng, place).processed()]


def asked_for(rng: Rng, place: Place) -> list[Generated]:
    """A DPS as it was sent, mostly with the NFS-e that was made from it."""
    document = _service(rng, place)
    return [document.request(), document.processed()][: 2 if rng.chance(0.8) else 1]


def cancelled(rng: Rng, place: Place) -> list[Generated]:
    """An NFS-e and its cancellation, by the issuer, or by the office in one of two ways."""
    document = _service(rng, place)
    event_type = rng.pick(("101101", "101101", "101101", "105104", "305101"))
    return [document.processed(), nfse.event(rng, document, event_type)]


def only_requested(rng: Rng, place: Place) -> list[Generated]:
    """An NFS-e, and the request of its cancellation that nobody registered."""
    document = _service(rng, place)
    return [document.processed(), nfse.event_request(rng, document, "101101")]


def substituted(rng: Rng, place: Place) -> list[Generated]:
    """An NFS-e, the one that replaces it, and the event that says so."""
    first = _service(rng, place)
    second = _service(rng, place, issued=first.issued.plus(86_400), replaced=first.key)
    event = nfse.event(rng, first, "105102", second.processed_at, second.key)
    return [first.processed(), second.processed(), event]


def answered(rng: Rng, place: Place) -> list[Generated]:
    """An NFS-e with what the parties and the office said of it: up to four events that end nothing."""
    document = _service(rng, place)
    kept = [one for one in nfse.EVENT_TYPES if one not in ("101101", "105102", "105104", "305101")]
    told = [document.processed()]
    for n in range(rng.between(1, 4)):
        event_type = kept.pop(rng.below(len(kept)))
        told.append(nfse.event(rng, document, event_type, document.processed_at.plus((n + 1) * 86_400)))
    return told


def distribution(rng: Rng, place: Place) -> list[Generated]:
    """What the national environment hands out: NFS-e and events in one answer."""
    document = _service(rng, place)
    entries = [document.processed()]
    if rng.chance(0.6):
        entries.append(nfse.event(rng, document, "203202"))
    return [nfse.distribution(rng, entries, document.processed_at.plus(86_400))]


def sold(rng: Rng, place: Place) -> list[Generated]:
    """A CF-e."""
    return [sat.cfe(rng, place.world, place.issuer, place.series, place.number).processed()]


def sale_cancelled(rng: Rng, place: Place) -> list[Generated]:
    """A CF-e and its cancellation."""
    sale = sat.cfe(rng, place.world, place.issuer, place.series, place.number)
    _, number = place.aside()
    return [sale.processed(), sat.cancellation(rng, sale, 500_000 + number)]
