"""What histories say, in words: what a tax office answered, what a record changed, and when. Pure.

Codes are shown with the words, since people look them up. Their meaning: MOC of the NF-e, table of cStat, and the
manuals of CT-e and MDF-e, which share the codes below.
"""

from __future__ import annotations

from datetime import UTC, datetime

from transforms import language
from transforms.language import mark, say, tr

# Codes of answers that are not rejections.
ANSWERS = {
    100: mark("authorised"),
    101: mark("cancelled"),
    102: mark("numbers voided"),
    110: mark("denied"),
    132: mark("closed"),
    134: mark("event registered, with an alert"),
    135: mark("event registered"),
    136: mark("event registered, document unknown to the office"),
    150: mark("authorised late"),
    151: mark("cancelled late"),
    155: mark("cancelled late"),
    205: mark("denied"),
    301: mark("denied: issuer irregular"),
    302: mark("denied: recipient irregular"),
    303: mark("denied: recipient may not trade here"),
    305: mark("denied: recipient blocked"),
    306: mark("denied: recipient not entitled"),
}
ANSWER = "{code} {words}"
REJECTED = mark("rejected")
FIRST = mark("record {number} to come: {after}")
CHANGED = mark("record {number} to come: {before} -> {after}")
UNCHANGED = mark("record {number} to come: still {after}")
BESIDE = "{utc} ({local})"
READING = mark(
    "In the order of what happened. The number tells in which order records came, and behind it is the state as it was "
    "known then: what came later may have happened before."
)


def answer(code: int | str | None) -> str:
    """A code (cStat) with its meaning; empty if there is none. An unknown code is shown alone, or as a rejection."""
    if code in (None, ""):
        return ""
    number = int(code or 0)
    words = ANSWERS.get(number) or (REJECTED if number > 200 else "")
    return ANSWER.format(code=number, words=tr(words)) if words else str(number)


def change(number: int, before: str | None, after: str) -> str:
    """What a record changed when it came, as the ``number``-th of its key."""
    text = FIRST if before is None else UNCHANGED if before == after else CHANGED
    return say(text, number=number, before=before, after=after)


def moment(instant: datetime) -> str:
    """An instant in UTC, followed by the local time of this machine with its offset, if that differs."""
    local = instant.astimezone()
    utc = _utc(instant)
    return BESIDE.format(utc=utc, local=_local(local, instant)) if local.utcoffset() else utc


def moment_of_text(text: str) -> str:
    """A document's own instant, with its offset, followed by UTC; unchanged if it is not an instant."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    if not instant.utcoffset():
        return text
    return f"{text} ({_utc(instant)})"


def _utc(instant: datetime) -> str:
    moment = instant.astimezone(UTC)
    return f"{language.day(moment.date())} {moment:%H:%M:%S}Z"


def _local(local: datetime, instant: datetime) -> str:
    day = "" if local.date() == instant.astimezone(UTC).date() else f"{language.day(local.date())} "
    offset = f"{local:%z}"
    return f"{day}{local:%H:%M:%S} {offset[:3]}:{offset[3:5]}"
