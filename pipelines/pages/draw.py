"""Figures of sections as SVG: described with Altair, drawn by Vega in this process.

Colours are variables of the page's style, so that one drawing is right by day, by night and on paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import altair as alt
import vl_convert
from lxml import etree
from markupsafe import Markup

from pipelines.pages.cells import Column, Kind, cell
from pipelines.pages.section import Figure, Lines, Ranking, Rows, Tiles, Timeline
from pipelines.pages.texts import visible
from transforms import language
from transforms.language import tr

# Widths in CSS pixels: of a figure over the whole page, over half of it, and on a phone.
WIDE, HALF, NARROW = 850, 400, 300
HEIGHT, BAR, TILE_GAP = 170, 26, 4
LABEL_ROOM = {WIDE: 260, HALF: 170, NARROW: 120}
SHADES = 6
COLOURS = tuple(f"var(--c{number})" for number in (1, 2, 3))
FONT = "system-ui, sans-serif"
_SVG = "{http://www.w3.org/2000/svg}"
_DECIMALS = re.compile(r"(\.\d)\d+")
_NO_USE = ("pointer-events", "aria-roledescription")
_D3 = {language.ENGLISH: "en-US", language.PORTUGUESE: "pt-BR"}
# Row and column of each UF on the grid, near to where it is on the map.
PLACES = {
    "RR": (0, 1), "AP": (0, 4), "AM": (1, 0), "PA": (1, 3), "MA": (1, 4), "CE": (1, 5), "RN": (1, 6),
    "AC": (2, 0), "RO": (2, 1), "TO": (2, 3), "PI": (2, 4), "PB": (2, 5), "PE": (2, 6),
    "MT": (3, 1), "GO": (3, 2), "DF": (3, 3), "BA": (3, 4), "SE": (3, 5), "AL": (3, 6),
    "MS": (4, 1), "MG": (4, 3), "ES": (4, 4), "SP": (5, 2), "RJ": (5, 3),
    "PR": (6, 2), "SC": (7, 2), "RS": (8, 2),
}  # fmt: skip


def svg(figure: Figure, rows: Rows, width: int) -> Markup:
    """A figure of some rows, so many pixels wide."""
    if isinstance(figure, Timeline | Lines):
        chart = _along_time(figure, rows, width)
    elif isinstance(figure, Ranking):
        chart = _ranking(figure, rows, width)
    else:
        chart = _tiles(figure, rows, width)
    return _drawn(chart, tr(figure.title))


def _drawn(chart: Any, title: str) -> Markup:
    spec = _styled(chart).to_dict()
    locale: Any = _D3[language.spoken()]
    text = vl_convert.vegalite_to_svg(spec, vl_version=_version(), format_locale=locale, time_format_locale=locale)
    return Markup(_inline(text, title))


def _version() -> str:
    """The version of Vega-Lite that Altair describes, as the library that draws names it."""
    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def _styled(chart: Any) -> Any:
    axis: dict[str, Any] = {
        "labelColor": "var(--soft)", "labelFontSize": 11, "domainColor": "var(--line)", "tickColor": "var(--line)",
        "gridColor": "var(--line)", "title": None, "labelPadding": 5,
    }  # fmt: skip
    legend = {"labelColor": "var(--soft)", "labelFontSize": 12, "orient": "top", "title": None, "symbolType": "square"}
    return chart.configure(
        background="transparent", font=FONT, padding=0, axis=axis, legend=legend, view=alt.ViewConfig(stroke=None)
    )


def _inline(text: str, title: str) -> str:
    """A drawing for a page: it scales, names itself, and says of each mark what it shows when pointed at."""
    root = etree.fromstring(text.encode())
    for name in ("width", "height"):
        root.attrib.pop(name)
    root.set("role", "img")
    root.set("aria-label", visible(title))
    root.set("class", "vega")
    for mark in root.iter(f"{_SVG}path", f"{_SVG}line"):
        described = mark.get("aria-roledescription") in ("bar", "rect", "point", "circle", "rect mark")
        if described and (label := mark.get("aria-label")):
            etree.SubElement(mark, f"{_SVG}title").text = label
    _trim(root)
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")


def _trim(root: Any) -> None:
    """Takes out what is drawn of nothing, and decimals that no screen shows: half of the bytes."""
    for part in list(root.iter(f"{_SVG}path")):
        if part.get("aria-hidden") == "true" and (part.get("d") in ("", "M0,0h0v0h0Z") or part.get("fill") is None):
            part.getparent().remove(part)
    for part in root.iter():
        for name in _NO_USE:
            part.attrib.pop(name, None)
        for name in ("d", "transform"):
            if (value := part.get(name)) is not None:
                part.set(name, _DECIMALS.sub(r"\1", value))


def _data(values: Iterable[Mapping[str, Any]]) -> Any:
    return alt.InlineData(values=[dict(one) for one in values])


def _size(value: Any) -> float:
    return float(value or 0)


# Thousands and millions of an axis in few characters; d3's G is a billion.
_SHORT = "replace(replace(format(datum.value, '~s'), 'G', 'B'), '-', '−')"


def _value_axis(column: Column, count: int = 4, **more: Any) -> Any:
    return alt.Axis(
        tickCount=count,
        labelExpr=_SHORT,
        domain=False,
        ticks=False,
        tickMinStep=0 if _fine(column) else 1,
        minExtent=32,
        maxExtent=60,
        **more,
    )


def _fine(column: Column) -> bool:
    return column.kind in (Kind.MONEY, Kind.SECONDS)


LEAST_UNITS = 23
_LENGTHS = {
    Kind.MONTH: timedelta(days=31),
    Kind.DAY: timedelta(days=1),
    Kind.HOUR: timedelta(hours=1),
    Kind.MINUTE: timedelta(minutes=1),
}
_UNITS: Mapping[Kind, Any] = {
    Kind.MONTH: "utcyearmonth",
    Kind.DAY: "utcyearmonthdate",
    Kind.HOUR: "utcyearmonthdatehours",
    Kind.MINUTE: "utcyearmonthdatehoursminutes",
}


def _time_format(kind: Kind) -> str:
    portuguese = language.spoken() == language.PORTUGUESE
    if kind is Kind.MONTH:
        return "%m/%Y" if portuguese else "%Y-%m"
    if kind is Kind.MINUTE:
        return "%H:%M"
    day = "%d/%m" if portuguese else "%m-%d"
    return day if kind is Kind.DAY else f"{day} %Hh"


def _along_time(figure: Timeline | Lines, rows: Rows, width: int) -> Any:
    values = [
        {
            "x": _time(row[figure.x.name]),
            "y": _size(row[column.name]),
            "series": tr(column.title),
            "order": order,
            "label": _label(cell(figure.x.kind, row[figure.x.name]).text, column, row[column.name]),
        }
        for row in rows
        for order, column in enumerate(figure.series)
        if row[figure.x.name] is not None
    ]
    names = [tr(column.title) for column in figure.series]
    scale = alt.Scale(domain=names, range=list(COLOURS[: len(names)]))
    axis = alt.Axis(format=_time_format(figure.x.kind), tickCount=width // 80, grid=False, labelOverlap="greedy")
    base = alt.Chart(_data(values), width=width - 45, height=HEIGHT)
    encoded = {
        "x": alt.X("x:T", timeUnit=_UNITS[figure.x.kind], scale=_time_scale(figure.x, rows), axis=axis),
        "y": alt.Y("y:Q", axis=_value_axis(figure.series[0])),
        "color": alt.Color("series:N", scale=scale, sort=None, legend=alt.Legend() if len(names) > 1 else None),
        "description": alt.Description("label:N"),
    }
    if isinstance(figure, Lines):
        return base.mark_line(point=alt.OverlayMarkDef(size=40, filled=True), strokeWidth=2).encode(**encoded)
    return base.mark_bar(binSpacing=1).encode(**encoded, order=alt.Order("order:Q"))


def _time_scale(x: Column, rows: Rows) -> Any:
    """From the first to behind the last; where that is short, a bar is no wider than a part of the whole."""
    found = [row[x.name] for row in rows if row[x.name] is not None]
    unit = _LENGTHS[x.kind]
    first, last = min(min(found), max(found) - LEAST_UNITS * unit), max(found) + unit
    # A month is as long as the longest: what is behind the last one is only white.
    return alt.Scale(type="utc", domain=[{"expr": f"utc({_parts(first)})"}, {"expr": f"utc({_parts(last)})"}])


def _parts(value: date) -> str:
    hour, minute = (value.hour, value.minute) if isinstance(value, datetime) else (0, 0)
    return f"{value.year}, {value.month - 1}, {value.day}, {hour}, {minute}"


def _time(value: date) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _label(name: str, column: Column, value: Any) -> str:
    return visible(f"{name}: {cell(column.kind, value).text} {'' if _fine(column) else tr(column.title)}".rstrip())


def _ranking(figure: Ranking, rows: Rows, width: int) -> Any:
    values: list[dict[str, Any]] = []
    for order, row in enumerate(rows):
        name = visible(_name(figure, row))
        # A place in front keeps rows of one name apart; it is cut off where the name is shown.
        values.append(
            {
                "key": f"{order:03}{name}",
                "x": _size(row[figure.value.name]),
                "text": cell(figure.value.kind, row[figure.value.name]).text,
                "label": _label(name, figure.value, row[figure.value.name]),
            }
        )
    room = LABEL_ROOM[width]
    base = alt.Chart(_data(values), width=width - room - 10, height=alt.Step(BAR))
    axis = alt.Axis(
        labelExpr="slice(datum.label, 3)", labelLimit=room - room // 5, domain=False, ticks=False,
        labelFontSize=12, labelColor="var(--ink)", minExtent=room - 10, maxExtent=room - 10,
    )  # fmt: skip
    top = max((value["x"] for value in values), default=0.0)
    # Behind the longest bar there is room for its number.
    longest = max((len(value["text"]) for value in values), default=0) * 7 + 14
    scale = alt.Scale(domain=[0, (top or 1) * (width - room) / max(width - room - longest, 60)])
    y = alt.Y("key:N", sort=None, axis=axis)
    x = alt.X("x:Q", scale=scale, axis=None, stack=False)
    bars = base.mark_bar(color=COLOURS[0], height=15, cornerRadiusEnd=2).encode(
        x=x, y=y, description=alt.Description("label:N")
    )
    texts = base.mark_text(align="left", dx=6, fontSize=12, color="var(--ink)", aria=False).encode(
        x=x, y=y, text=alt.Text("text:N")
    )
    return bars + texts


def _name(figure: Ranking, row: Mapping[str, Any]) -> str:
    also = row[figure.also.name] if figure.also else None
    return str(also or cell(figure.name.kind, row[figure.name.name]).text)


def _tiles(figure: Tiles, rows: Rows, width: int) -> Any:
    found = {row[figure.uf.name]: row[figure.value.name] for row in rows}
    shades = shades_of({uf: int(found.get(uf) or 0) for uf in PLACES})
    size = min((width - 6 * TILE_GAP) // 7, 56)
    values = [
        {
            "row": row, "column": column, "uf": uf, "shade": shades[uf],
            "text": cell(Kind.NUMBER, found.get(uf)).text,
            "label": _label(uf, figure.value, found.get(uf) or 0),
        }
        for uf, (row, column) in PLACES.items()
    ]  # fmt: skip
    base = alt.Chart(_data(values), width=7 * (size + TILE_GAP), height=9 * (size + TILE_GAP) * 0.82)
    x = alt.X("column:O", axis=None, scale=alt.Scale(paddingInner=TILE_GAP / size, paddingOuter=0))
    y = alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=TILE_GAP / size, paddingOuter=0))
    fill, ink = (
        alt.Color(
            "shade:O",
            scale=alt.Scale(domain=list(range(SHADES)), range=[f"var(--{name}{n})" for n in range(SHADES)]),
            legend=None,
        )
        for name in ("t", "i")
    )
    tiles = base.mark_rect(cornerRadius=3).encode(x=x, y=y, color=fill, description=alt.Description("label:N"))
    looks: tuple[tuple[str, int, int, Any], ...] = (("uf", -7, 12, "bold"), ("text", 8, 10, "normal"))
    codes, numbers = (
        base.mark_text(dy=dy, fontSize=size_, fontWeight=weight, aria=False).encode(
            x=x, y=y, text=alt.Text(f"{name}:N"), color=ink
        )
        for name, dy, size_, weight in looks
    )
    return alt.layer(tiles, codes, numbers).resolve_scale(color="independent")


def shades_of(values: Mapping[str, int]) -> dict[str, int]:
    """A shade for each value: 0 for none, else by rank, so that one large state does not make all others pale."""
    ranked = sorted({value for value in values.values() if value > 0})
    return {
        name: 1 + ranked.index(value) * (SHADES - 1) // len(ranked) if value > 0 else 0
        for name, value in values.items()
    }
