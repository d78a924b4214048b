"""The picture of ``local.bench.alternatives`` for the README: a panel for each question, a bar for each program.

python -m local.bench.pictured
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import altair as alt
import vl_convert

from local.bench.results import newest

PATH = Path(__file__).parents[2] / "docs" / "pictures" / "alternatives.svg"
NAMES = {"acervo": "Acervo", "beam_parts": "Beam's own parts", "script": "a plain script"}
_WIDTH, _BAR, _COLUMNS = 250, 24, 3
_BLUE, _ORANGE = "#0072b2", "#d55e00"


class Panel(NamedTuple):
    """One question, and its number for a program; ``is_fault``: the best number is none."""

    title: str
    value: Callable[[dict[str, Any]], float]
    is_fault: bool = False


def _panels(keys: int) -> tuple[Panel, ...]:
    return (
        Panel("documents a second", lambda way: way["per_second"]),
        Panel("CPU of a document, µs", lambda way: way["cpu_micros"]),
        Panel("memory at its peak, MiB", lambda way: way["peak_bytes"] / (1 << 20)),
        Panel("keys lost or with a wrong status", lambda way: way["keys_missing"] + way["statuses_wrong"], True),
        Panel("doubled when loaded again", lambda way: max(0, way["documents_twice"] - keys), True),
        Panel("doubled after a kill and a new start", lambda way: max(0, way["documents_killed"] - keys), True),
    )


def drawn(found: dict[str, Any]) -> str:
    """The picture of a result as SVG."""
    panels = [_panel(panel, found["ways"]) for panel in _panels(found["keys"])]
    title = f"The same {found['documents']:,} files in a random order"
    chart = alt.concat(*panels, columns=_COLUMNS, spacing=28, title=alt.TitleParams(title, anchor="start", dy=-8))
    styled = chart.configure(background="white", font="sans-serif", padding=16, view=alt.ViewConfig(stroke=None))
    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return vl_convert.vegalite_to_svg(styled.to_dict(), vl_version=version)


def _panel(panel: Panel, ways: dict[str, dict[str, Any]]) -> Any:
    values: list[dict[str, Any]] = [
        {"name": NAMES[name], "value": round(panel.value(way), 1), "text": f"{panel.value(way):,.0f}"}
        for name, way in ways.items()
    ]
    base = alt.Chart(alt.InlineData(values=values), width=_WIDTH, height=alt.Step(_BAR), title=panel.title)
    top = max(value["value"] for value in values) or 1
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, top * 1.25]))
    y = alt.Y("name:N", sort=None, axis=alt.Axis(title=None, domain=False, ticks=False))
    bars = base.mark_bar(height=14, color=_ORANGE if panel.is_fault else _BLUE).encode(x=x, y=y)
    return bars + base.mark_text(align="left", dx=5).encode(x=x, y=y, text="text:N")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    described = (__doc__ or "").split("\n")[0]
    argparse.ArgumentParser(prog="python -m local.bench.pictured", description=described).parse_args(argv)
    found = newest("alternatives")
    if found is None:
        raise SystemExit("nothing to draw: run python -m local.bench.alternatives first")
    PATH.write_text(drawn(found), encoding="utf-8")
    print(f"{PATH.name}: {PATH.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
