"""Stories of NF-e and NFC-e."""

from __future__ import annotations

from local.generate import broken, common_stories, containers, events, others, variants
from local.generate.document import Generated
from local.generate.events import Options as EventOptions
from local.generate.instants import LEGACY, draw
from local.generate.nfe import legacy_nfe, nfe
from local.generate.nfe_options import Options
from local.generate.place import Place
from local.generate.rng import Rng
from transforms.parse import codes


def bare(rng: Rng, place: Place) -> list[Generated]:
    """A document without its protocol, sometimes without a signature."""
    return [place.document(rng, signed=rng.chance(0.5)).bare()]


def two_versions(rng: Rng, place: Place) -> list[Generated]:
    """The same document with and without its protocol, in either order."""
    document = place.document(rng)
    pair = [document.bare(), document.processed()]
    return pair if rng.chance(0.5) else pair[::-1]


def without_protocol(rng: Rng, place: Place) -> list[Generated]:
    """An envelope that lacks its protocol."""
    document = place.document(rng)
    text = document.processed_text().replace(document.protocol_element(), "")
    return [document.processed()._replace(payload=text.encode(), form="bare")]


def late(rng: Rng, place: Place) -> list[Generated]:
    """A document authorised after the term (150)."""
    return [place.document(rng, status=150).processed()]


def denied(rng: Rng, place: Place) -> list[Generated]:
    """A document whose use was denied."""
    return [place.document(rng, status=rng.pick((110, 301, 302))).processed()]


def legacy(rng: Rng, place: Place) -> list[Generated]:
    """A document of layout 3.10."""
    issuer = place.issuer if not place.issuer.has_letters else place.world.sellers[0]
    # Numbers of that time are not those of the series today.
    options = Options(series=900 + place.series % 10, number=place.index + 1)
    return [legacy_nfe(rng, place.world, issuer, options, LEGACY).processed()]


def variant(rng: Rng, place: Place) -> list[Generated]:
    """A document as some other software would write it."""
    change = rng.pick(tuple(variants.VARIANTS.values()))
    return [change(place.document(rng).processed())]


def latin1(rng: Rng, place: Place) -> list[Generated]:
    """A document in ISO-8859-1."""
    return [variants.latin1(place.document(rng).processed())]


def bom(rng: Rng, place: Place) -> list[Generated]:
    """A document behind a byte order mark."""
    return [variants.with_bom(place.document(rng).processed())]


def prefixed(rng: Rng, place: Place) -> list[Generated]:
    """A document whose elements have a namespace prefix."""
    return [variants.prefixed(place.document(rng, signed=False).processed())]


def manifested(rng: Rng, place: Place) -> list[Generated]:
    """Summary, the recipient's awareness, the document, the recipient's conclusion; not always all of them."""
    document = place.document(rng, place.company(rng))
    aware = events.manifestation(rng, document, "210210")
    conclusion = rng.pick(("210200", "210200", "210200", "210240", "210220"))
    options = EventOptions(at=aware.registered.plus(rng.between(1, 90) * 86_400))
    end = events.manifestation(rng, document, conclusion, options)
    told = [others.document_summary(document), aware.processed(), document.processed(), end.processed()]
    return told[rng.below(2) : rng.between(3, 4)]


def summary(rng: Rng, place: Place) -> list[Generated]:
    """A document known by its summary alone, sometimes with the summary of its cancellation."""
    document = place.document(rng, place.company(rng))
    if rng.chance(0.7):
        return [others.document_summary(document)]
    return [others.document_summary(document), others.event_summary(events.cancellation(rng, document))]


def epec(rng: Rng, place: Place) -> list[Generated]:
    """The notice of an emission in contingency, then its document."""
    document = place.document(rng, place.company(rng), emission_type=4)
    return [events.epec(rng, document).processed(), document.processed()]


def unknown_event(rng: Rng, place: Place) -> list[Generated]:
    """A document with an event of a type that no table knows."""
    document = place.document(rng)
    odd = events.unknown_event(rng, document).processed()._replace(findings=(codes.UNKNOWN_EVENT_TYPE,))
    return [document.processed(), odd]


def query(rng: Rng, place: Place) -> list[Generated]:
    """A document without its protocol, and the protocol alone in the answer to a query."""
    document = place.document(rng)
    return [document.bare(), others.query_response(document)]


def substituted(rng: Rng, place: Place) -> list[Generated]:
    """An NFC-e cancelled because another replaced it."""
    series, number = place.aside()
    first = place.document(rng)
    second = place.document(rng, series=series, number=number, issued=first.issued.plus(900))
    options = EventOptions(at=second.protocol.at.plus(300))
    event = events.substitution(rng, first, second.key, options)
    return [first.processed(), second.processed(), event.processed()]


def offline(rng: Rng, place: Place) -> list[Generated]:
    """An NFC-e issued while there was no connection."""
    return [place.document(rng, emission_type=9).processed()]


def batch(rng: Rng, place: Place) -> list[Generated]:
    """Documents as they were sent together, sometimes in a SOAP envelope."""
    documents = []
    for n in range(rng.between(2, 4)):
        series, number = place.aside(n)
        documents.append(place.document(rng, series=series, number=number))
    return [containers.batch(rng, documents, soap=rng.chance(0.3))]


def sent_events(rng: Rng, place: Place) -> list[Generated]:
    """A document, then a correction and a cancellation as they were sent, or what was answered to them, or both."""
    document = place.document(rng)
    letter = events.correction(rng, document)
    options = EventOptions(at=letter.registered.plus(7_200))
    sent = [letter, events.cancellation(rng, document, options)]
    told = [containers.event_batch(rng, sent), containers.event_answers(rng, sent)]
    return [document.processed(), *told[rng.below(2) : rng.between(1, 2)]] if rng.chance(0.5) else told


def distribution(rng: Rng, place: Place) -> list[Generated]:
    """What one company received from its suppliers, in one distribution response."""
    buyer = place.company(rng)
    entries: list[Generated] = []
    latest = None
    for _ in range(rng.between(1, 4)):
        supplier = rng.pick(place.world.suppliers)
        document = nfe(rng, place.world, supplier, buyer, Options(series=rng.between(1, 9)))
        latest = document if latest is None or document.issued.wall > latest.issued.wall else latest
        entries.append(others.document_summary(document))
        if rng.chance(0.6):
            entries.append(document.processed())
        if rng.chance(0.3):
            entries.append(others.event_summary(events.cancellation(rng, document)))
        if rng.chance(0.3):
            entries.append(events.manifestation(rng, document, "210210").processed())
    at = (latest.issued if latest else draw(rng, place.issuer.uf)).plus(30 * 86_400)
    return [containers.distribution(rng, entries, at, soap=rng.chance(0.3))]


def voided(rng: Rng, place: Place) -> list[Generated]:
    """A voided number of the series, or a voided range elsewhere; persons cannot void."""
    if place.issuer.id_type != "CNPJ":
        return common_stories.authorised(rng, place)
    model = "65" if place.group == "nfce" else "55"
    if rng.chance(0.6):
        options = others.VoidOptions(model, place.series, place.number, place.number)
    else:
        series, first = place.aside()
        options = others.VoidOptions(model, series, first, first + rng.between(1, 7))
    return [others.voided_range(rng, place.issuer, options)]


def void_rejected(rng: Rng, place: Place) -> list[Generated]:
    """A request to void that was rejected."""
    if place.issuer.id_type != "CNPJ":
        return common_stories.authorised(rng, place)
    series, first = place.aside()
    options = others.VoidOptions("55", series, first, first + 3, status=241)
    return [others.voided_range(rng, place.issuer, options)]


def wrong_digit(rng: Rng, place: Place) -> list[Generated]:
    """A document whose key has a wrong check digit."""
    document = broken.wrong_check_digit(rng, place.document(rng))
    return [document.processed()._replace(findings=(codes.KEY_CHECK_DIGIT,))]


def other_issuer(rng: Rng, place: Place) -> list[Generated]:
    """A document whose issuer is not the one in its key, and who did not sign it."""
    document = broken.other_issuer(rng, place.document(rng))
    return [document.processed()._replace(findings=(codes.KEY_ISSUER_MISMATCH, codes.SIGNER_MISMATCH))]


def no_offset(rng: Rng, place: Place) -> list[Generated]:
    """A document whose issue instant has no offset."""
    document = broken.without_offset(place.document(rng))
    return [document.processed()._replace(findings=(codes.INSTANT_WITHOUT_OFFSET,))]
