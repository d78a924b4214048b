"""The page of a board: what arrives now, and what is counted. Pure, but for the drawing of charts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from markupsafe import Markup

from pipelines.pages.cells import Cell, Column, Kind, cell
from pipelines.pages.columns import DEAD, DUPLICATE, FRESH, RECEIVED
from pipelines.pages.page import Draw, Figures, answered, digest, render
from pipelines.pages.section import Rows, Section, Timeline
from pipelines.pages.sections import DOCUMENTS_GROUP
from pipelines.standing import Standing
from transforms import language
from transforms.language import mark, say, tr

MINUTE = Column("minute", mark("minute"), Kind.MINUTE)
ARRIVED = Section(
    "minutes",
    mark("What arrives"),
    mark("Inputs by minute of their commit, in UTC, in the last half hour."),
    "SELECT TIMESTAMP_TRUNC(applied_at, MINUTE) AS minute, COUNT(*) AS received, COUNTIF(outcome = 'new') AS fresh, "
    "COUNTIF(outcome = 'duplicate') AS duplicate, COUNTIF(outcome = 'dead') AS dead FROM unique_arrivals "
    "WHERE applied_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 MINUTE) GROUP BY minute ORDER BY minute DESC",
    (MINUTE, RECEIVED, FRESH, DUPLICATE, DEAD),
    (Timeline(mark("Inputs"), MINUTE, (FRESH, DUPLICATE, DEAD)),),
    wide=True,
)
SECTIONS = (ARRIVED, *(one for one in DOCUMENTS_GROUP.sections if one.name in ("models", "statuses")))
# Asks again, and puts the answer in the place of the last; what was open stays open.
SCRIPT = """
const main = document.querySelector('main'), note = document.querySelector('#note');
let tag = '';
async function look() {
  try {
    const answer = await fetch('now', {headers: tag ? {'If-None-Match': tag} : {}, cache: 'no-store'});
    if (answer.status === 200) {
      const open = [...document.querySelectorAll('details[open]')].map(one => one.closest('section').id);
      main.innerHTML = await answer.text();
      open.forEach(id => document.querySelector('#' + id + ' details')?.setAttribute('open', ''));
      tag = answer.headers.get('ETag');
    }
    note.hidden = answer.ok || answer.status === 304;
  } catch { note.hidden = false; }
}
setInterval(look, Number(document.body.dataset.every) * 1000);
"""


class Seen(NamedTuple):
    """What was seen at one look. ``rate``: inputs a second. ``problem``: why it is not of now, empty where it is."""

    at: datetime
    standing: Standing
    rate: float
    rows: Mapping[str, Rows]
    problem: str = ""


def headline(seen: Seen) -> list[Figures]:
    """The numbers on top."""
    standing = seen.standing
    lag = standing.lag
    told = say("99%: {seconds:,.1f} s", seconds=lag[1]) if lag else tr("nothing in the last half minute")
    parts = ", ".join(f"{language.number(count)} {tr(outcome)}" for outcome, count in sorted(standing.outcomes.items()))
    return [
        Figures("counted", tr("Documents counted"), cell(Kind.NUMBER, sum(standing.documents().values())), ""),
        Figures("arrived", tr("Arrived since this board began"), cell(Kind.NUMBER, standing.arrived), parts),
        Figures("rate", tr("Inputs a second"), _rate(seen.rate), tr("in the last 15 seconds")),
        Figures("lag", tr("Lag, half"), cell(Kind.SECONDS, lag[0] if lag else None), told),
    ]


def _rate(rate: float) -> Cell:
    return Cell(say("{rate:,.1f}", rate=rate), f"{rate:.1f}", Kind.SECONDS.value)


def now(seen: Seen, draw: Draw, widths: tuple[int, int, int]) -> str:
    """What changes, as it stands inside of the page."""
    sections = [answered(section, seen.rows.get(section.name, ()), draw, widths) for section in SECTIONS]
    return render("now.html", headline=headline(seen), sections=sections, problem=seen.problem)


def whole(inner: str, place: str, every: float) -> str:
    """The page around it. ``every``: seconds between two looks."""
    return render(
        "board.html",
        title=tr("Board"),
        made=say("{place}, looked at every {seconds:g} s", place=place, seconds=every),
        lost=tr("The board does not answer: has acervo board been stopped?"),
        inner=Markup(inner),
        every=every,
        script=Markup(SCRIPT),
    )


def policy(style: str) -> str:
    """What the page may do: its own style and script, and asking the server that it came from."""
    allowed = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(SCRIPT)}'; connect-src 'self'",
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    return "; ".join(allowed)
