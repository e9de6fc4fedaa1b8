"""Pictures of a quality report: what was intended against what came of it, and shares along a scale.

Their input is numbers that have been counted already; an empty number is few people, and is drawn as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sojourn.dissemination.charts import Chart, Inks, theme
from sojourn.dissemination.fonts import FONT_STACK
from sojourn.dissemination.legends import Entry, Ground, layer, legend
from sojourn.dissemination.wording import Wording

__all__ = ["Line", "MatrixCell", "bars_of_shares", "lines_of_shares", "matrix_chart"]

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_CELL = 46


@dataclass(frozen=True)
class MatrixCell:
    """One cell: its names, its count and its share of the row; None where few people are behind it."""

    row: str
    column: str
    count: int | None
    share: float | None
    instead: str = ""


@dataclass(frozen=True)
class Line:
    """A share along the categories of a chart, from 0 to 1; None is a gap. A target is a dashed rule."""

    name: str
    shares: Sequence[float | None]
    target: float | None = None


def matrix_chart(
    cells: Sequence[MatrixCell],
    words: Wording,
    *,
    title: str,
    summary: str,
    inks: Inks | None = None,
    is_narrow: bool = False,
) -> Chart:
    """Draw a matrix, a row for each intention and a column for each outcome, darker with the share."""
    chosen = inks or theme("light")
    rows, columns = (
        list(dict.fromkeys(it.row for it in cells)),
        list(dict.fromkeys(it.column for it in cells)),
    )
    axis = {"title": None, "domain": False, "ticks": False, "labelColor": chosen.text, "labelFontSize": 12}
    x = {
        "field": "column", "type": "nominal", "sort": columns,
        "scale": {"reverse": words.is_rtl, "padding": 0.04},
        "axis": {**axis, "orient": "top", "labelAngle": 0, "labelLimit": 86 if is_narrow else 180},
    }  # fmt: skip
    y = {
        "field": "row", "type": "nominal", "sort": rows, "scale": {"padding": 0.06},
        "axis": {**axis, "orient": "right" if words.is_rtl else "left", "labelLimit": 220},
    }  # fmt: skip
    specification = {
        "$schema": _SCHEMA,
        "width": (88 if is_narrow else 150) * len(columns),
        "height": _CELL * len(rows),
        "padding": 4,
        "background": chosen.ground,
        "data": {"values": [_drawn(it, words) for it in cells]},
        "encoding": {"x": x, "y": y},
        "layer": _matrix_layers(chosen),
        "config": {"font": FONT_STACK, "view": {"stroke": None}},
    }
    return Chart(specification, title, summary, len(rows), len(rows))


def _matrix_layers(inks: Inks) -> list[dict[str, Any]]:
    """An outline for every cell, a colour where the share is known, and the texts above each other."""
    steps = {"type": "threshold", "domain": [0.1, 0.3, 0.55, 0.8], "range": list(inks.steps)}
    colour = {"field": "share", "type": "quantitative", "scale": steps, "legend": None}
    ink = {"condition": {"test": "datum.is_dark", "value": inks.ground}, "value": inks.text}
    known = {"mark": {"type": "rect"}, "encoding": {"color": colour}}
    texts = [
        {
            "mark": {"type": "text", "fontSize": 12.5, "dy": dy},
            "encoding": {"text": {"field": name}, "color": ink},
        }
        for name, dy in (("count", -7), ("per_cent", 9), ("instead", 0))
    ]
    outline = {"mark": {"type": "rect", "fill": inks.ground, "stroke": inks.rule}}
    return [outline, {**known, "transform": [{"filter": "isValid(datum.share)"}]}, *texts]


def _drawn(cell: MatrixCell, words: Wording) -> dict[str, Any]:
    """What is drawn of a cell: its count above its share, or what stands instead of both."""
    place = {"row": cell.row, "column": cell.column}
    if cell.count is None or cell.share is None:
        return {
            **place,
            "share": None,
            "is_dark": False,
            "count": "",
            "per_cent": "",
            "instead": cell.instead,
        }
    return {
        **place,
        "share": cell.share,
        "is_dark": cell.share >= 0.55,
        "count": words.number(cell.count),
        "per_cent": f"{words.number(100 * cell.share, 1)} %",
        "instead": "",
    }


def lines_of_shares(
    categories: Sequence[str],
    lines: Sequence[Line],
    words: Wording,
    *,
    title: str,
    summary: str,
    inks: Inks | None = None,
    is_narrow: bool = False,
) -> Chart:
    """Draw shares along time in per cent, each line with a dash of its own; what is not known has a mark."""
    ground = Ground(260 if is_narrow else 620, words, inks or theme("light"))
    looks = [
        {"color": colour, "dash": dash}
        for colour, dash in zip(ground.inks.series, ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3]), strict=False)
    ]
    x = _along(ground, categories)
    layers, entries = [], []
    for line, look in zip(lines, looks, strict=False):
        rows = [
            {"across": name, "share": None if share is None else 100 * share}
            for name, share in zip(categories, line.shares, strict=True)
        ]
        mark = {"color": look["color"], "strokeDash": look["dash"], "strokeWidth": 2}
        drawn = {"type": "line", "invalid": "break-paths-show-domains", **mark}
        layers.append(layer(drawn, {"x": x, "y": _per_cent(ground)}, rows))
        entries.append(Entry(line.name, {"type": "rule", **mark}))
        if line.target is not None:
            target = {"type": "rule", "color": look["color"], "strokeWidth": 1, "strokeDash": [2, 4]}
            layers.append(layer(target, {"y": {"datum": 100 * line.target}}))
            name = words("quality.chart.target", name=line.name, share=words.number(100 * line.target, 1))
            entries.append(Entry(name, target))
    unknown = [
        {"across": name}
        for place, name in enumerate(categories)
        if any(line.shares[place] is None for line in lines)
    ]
    if unknown:
        mark = {"type": "point", "shape": "circle", "size": 14, "color": ground.inks.quiet}
        layers.append(layer(mark, {"x": x, "y": {"datum": 0}}, unknown))
        entries.append(Entry(words("quality.chart.not_shown"), mark))
    return Chart(_drawing(ground, layers, entries, 200), title, summary, len(lines), len(lines))


def bars_of_shares(
    categories: Sequence[str],
    shares: Sequence[float | None],
    words: Wording,
    *,
    title: str,
    summary: str,
    inks: Inks | None = None,
    is_narrow: bool = False,
) -> Chart:
    """Draw a share for each category as bars in per cent; a share that is not known has no bar but a mark."""
    ground = Ground(260 if is_narrow else 620, words, inks or theme("light"))
    rows = [
        {"across": name, "share": None if share is None else 100 * share}
        for name, share in zip(categories, shares, strict=True)
    ]
    known, unknown = (
        [row for row in rows if (row["share"] is None) is is_unknown] for is_unknown in (False, True)
    )
    x = _along(ground, categories)
    layers = [
        layer({"type": "bar", "color": ground.inks.series[0]}, {"x": x, "y": _per_cent(ground)}, known),
        layer(
            {"type": "text", "text": "…", "dy": -6, "color": ground.inks.quiet},
            {"x": x, "y": {"datum": 0}},
            unknown,
        ),
    ]
    return Chart(_drawing(ground, layers, [], 180), title, summary, len(rows), len(rows))


def _along(ground: Ground, categories: Sequence[str]) -> dict[str, Any]:
    longest = max((len(name) for name in categories), default=1)
    room = max(1, ground.width // (7 * longest + 10))
    shown = list(categories)[:: max(1, -(-len(categories) // room))]
    axis = {
        "title": None, "labelAngle": 0, "ticks": False, "values": shown, "labelColor": ground.inks.text,
        "labelFontSize": 12, "domainColor": ground.inks.quiet, "labelPadding": 12,
    }  # fmt: skip
    scale = {"reverse": ground.words.is_rtl, "paddingInner": 0.25}
    return {"field": "across", "type": "ordinal", "sort": list(categories), "scale": scale, "axis": axis}


def _per_cent(ground: Ground) -> dict[str, Any]:
    axis = {
        "title": None, "tickCount": 5, "domain": False, "ticks": False, "format": ",~f", "labelFontSize": 12,
        "labelExpr": "datum.label + ' %'", "labelColor": ground.inks.text, "gridColor": ground.inks.rule,
        "orient": "right" if ground.words.is_rtl else "left",
    }  # fmt: skip
    return {"field": "share", "type": "quantitative", "scale": {"zero": True, "nice": True}, "axis": axis}


def _drawing(
    ground: Ground, layers: list[dict[str, Any]], entries: list[Entry], height: int
) -> dict[str, Any]:
    return {
        "$schema": _SCHEMA,
        "width": ground.width,
        "height": height,
        "padding": 4,
        "background": ground.inks.ground,
        "layer": [*layers, *legend(ground, entries, height + 48)],
        "config": {"font": FONT_STACK, "view": {"stroke": None}},
    }
