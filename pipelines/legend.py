"""What histories say, in words: what a tax office answered, what a record changed, and when. Pure.

Codes stay beside the words, since they are what people look up. Their meaning: MOC of the NF-e, table of cStat, and the
manuals of CT-e and MDF-e, which share the codes below.
"""

from __future__ import annotations

from datetime import UTC, datetime

# Codes of answers that are not rejections.
ANSWERS = {
    100: "authorised",
    101: "cancelled",
    102: "numbers voided",
    110: "denied",
    132: "closed",
    134: "event registered, with an alert",
    135: "event registered",
    136: "event registered, document unknown to the office",
    150: "authorised late",
    151: "cancelled late",
    155: "cancelled late",
    205: "denied",
    301: "denied: issuer irregular",
    302: "denied: recipient irregular",
    303: "denied: recipient may not trade here",
    305: "denied: recipient blocked",
    306: "denied: recipient not entitled",
}
ANSWER = "{code} {words}"
REJECTED = "rejected"
FIRST = "record {number} to come: {after}"
CHANGED = "record {number} to come: {before} -> {after}"
UNCHANGED = "record {number} to come: still {after}"
BESIDE = "{utc} ({local})"
READING = (
    "In the order of what happened. The number tells in which order records came, and behind it is the state as it was "
    "known then: what came later may have happened before."
)


def answer(code: int | str | None) -> str:
    """A code (cStat) with what it means; empty where there is none. Unknown codes are told bare, but rejections."""
    if code in (None, ""):
        return ""
    number = int(code or 0)
    words = ANSWERS.get(number) or (REJECTED if number > 200 else "")
    return ANSWER.format(code=number, words=words) if words else str(number)


def change(number: int, before: str | None, after: str) -> str:
    """What a record changed when it came, as the ``number``-th of its key."""
    text = FIRST if before is None else UNCHANGED if before == after else CHANGED
    return text.format(number=number, before=before, after=after)


def moment(instant: datetime) -> str:
    """An instant in UTC, and beside it by the clock of this machine, with its offset, where that differs."""
    local = instant.astimezone()
    utc = f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    return BESIDE.format(utc=utc, local=_local(local, instant)) if local.utcoffset() else utc


def moment_of_text(text: str) -> str:
    """A document's own instant, which has its offset, and beside it UTC; as it is where it is no instant."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    if not instant.utcoffset():
        return text
    return f"{text} ({instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z)"


def _local(local: datetime, instant: datetime) -> str:
    day = "" if local.date() == instant.astimezone(UTC).date() else f"{local:%Y-%m-%d} "
    offset = f"{local:%z}"
    return f"{day}{local:%H:%M:%S} {offset[:3]}:{offset[3:5]}"
