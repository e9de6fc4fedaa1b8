"""Charts drawn on the server: lines over time, bars for one period, from the same grid as the table.

Figures that ask for caution are hollow; a withheld figure is a mark on the axis, never a zero; a break
is a dashed rule; intervals of 95 per cent stand wherever there is a standard error. Series differ by
shape and dash as well as by colour. The axis of lengths starts at zero. For readers who go from right
to left the drawing does too.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import vl_convert

from sojourn.dissemination.descriptions import TableDescription, text_in
from sojourn.dissemination.flags import flag_symbol, is_hollow
from sojourn.dissemination.fonts import FONT_STACK, register_fonts
from sojourn.dissemination.grid import Grid
from sojourn.dissemination.patterns import with_patterns
from sojourn.dissemination.selection import TIME, label_of
from sojourn.dissemination.sentences import NORMAL_95, row_label
from sojourn.dissemination.wording import Wording, wording

__all__ = ["BARS", "LINES", "Chart", "Inks", "chart", "start_drawing", "svg_of", "theme", "unit_title"]

LINES, BARS = 8, 24
VEGA_LITE = "6.4"
_SHAPES = [
    *("circle", "square", "triangle-up", "diamond"),
    *("cross", "triangle-down", "triangle-right", "triangle-left"),
]
_DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]


@dataclass(frozen=True)
class Inks:
    """The colours of a drawing on light or dark ground; series can be told apart without red and green."""

    ground: str
    text: str
    quiet: str
    rule: str
    land: str
    series: tuple[str, ...]
    steps: tuple[str, ...]


_LIGHT = Inks(
    ground="#ffffff", text="#1d2a2f", quiet="#54646b", rule="#dde3e3", land="#e6e9e6",
    series=("#0a5a73", "#c2500a", "#5a3e8c", "#8a6a00", "#a83a6e", "#2f7d5b", "#3c4a50", "#7a3b1c"),
    steps=("#d3e6ea", "#9cc7d0", "#5a9fb0", "#23748b", "#064257"),
)  # fmt: skip
_DARK = Inks(
    ground="#161f23", text="#e8eeee", quiet="#a9b8bc", rule="#33444a", land="#2b383d",
    series=("#6cc3dc", "#f2a163", "#bda6ee", "#dcbf5a", "#ee94bd", "#7fd0aa", "#c4d0d3", "#e0a183"),
    steps=("#1f3f49", "#2c6272", "#45899c", "#74b6c6", "#bfe6ee"),
)  # fmt: skip


def theme(name: str) -> Inks:
    """The colours of the `dark` theme, or the light ones."""
    return _DARK if name == "dark" else _LIGHT


@dataclass(frozen=True)
class Chart:
    """A drawing, and what it says in words for those who do not see it."""

    specification: dict[str, Any]
    title: str
    summary: str
    shown: int
    of: int


def chart(
    description: TableDescription,
    laid_out: Grid,
    words: Wording,
    *,
    title: str,
    summary: str,
    inks: Inks = _LIGHT,
    is_narrow: bool = False,
) -> Chart:
    """Draw a grid.

    Where it has more rows than can be told apart, the largest are drawn, and `shown` says how many.
    """
    over_time = laid_out.column_dimension == TIME and len(laid_out.columns) > 1
    rows = _largest_rows(laid_out, LINES if over_time else BARS)
    labels = _labels(description, laid_out, rows, words)
    points = _points(description, laid_out, rows, labels, words)
    if over_time:
        specification = _lines(points, labels, laid_out, words, inks)
        specification["height"] = 240 if is_narrow else 300
    else:
        specification = _bars(points, labels, _column_names(description, laid_out, words), words, inks)
    specification |= {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": 250 if is_narrow else 640,
        "padding": 4,
        "background": inks.ground,
        "title": unit_title(description, words, inks),
        "config": _configuration(inks, words, is_narrow),
    }
    return Chart(specification, title, summary, len(rows), len(laid_out.rows))


def unit_title(description: TableDescription, words: Wording, inks: Inks) -> dict[str, Any]:
    """The unit of the figures where a drawing begins to be read."""
    return {
        "text": text_in(description.unit.name, words.language)[0],
        "anchor": "end" if words.is_rtl else "start",
        "fontSize": 12,
        "fontWeight": "normal",
        "color": inks.quiet,
        "offset": 10,
    }


def _labels(description: TableDescription, laid_out: Grid, rows: list[int], words: Wording) -> list[str]:
    """The names of rows; two rows of one name are told apart by their codes."""
    names = [row_label(description, laid_out, row, words) for row in rows]
    return [
        name if names.count(name) == 1 else f"{name} ({', '.join(laid_out.rows[row])})"
        for name, row in zip(names, rows, strict=True)
    ]


def _largest_rows(laid_out: Grid, limit: int) -> list[int]:
    if len(laid_out.rows) <= limit:
        return list(range(len(laid_out.rows)))
    values = laid_out.numbers("OBS_VALUE")
    latest = np.nan_to_num(values[:, -1], nan=-math.inf)
    return sorted(int(row) for row in np.argsort(-latest, kind="stable")[:limit])


def _points(
    description: TableDescription, laid_out: Grid, rows: list[int], labels: list[str], words: Wording
) -> list[dict[str, Any]]:
    """What is drawn: a few hundred marks at most."""
    values, errors = laid_out.numbers("OBS_VALUE"), laid_out.numbers("SE")
    statuses, free = laid_out.texts("OBS_STATUS"), laid_out.texts("CONF_STATUS")
    across = [
        label_of(description, laid_out.column_dimension, it, words.language)[0] for it in laid_out.columns
    ]
    points = []
    for row, label in zip(rows, labels, strict=True):
        for column, name in enumerate(across):
            if laid_out.at[row, column] < 0:
                continue
            value, error = float(values[row, column]), float(errors[row, column])
            point: dict[str, Any] = {
                "row": label,
                "across": name,
                "value": None if math.isnan(value) else value,
            }
            point["hollow"] = is_hollow(str(statuses[row, column]))
            point["break"] = statuses[row, column] == "B"
            point["mark"] = flag_symbol(str(statuses[row, column]), str(free[row, column]))
            if not math.isnan(error) and not math.isnan(value):
                point["low"], point["high"] = value - NORMAL_95 * error, value + NORMAL_95 * error
            points.append(point)
    return points


def _column_names(description: TableDescription, laid_out: Grid, words: Wording) -> list[str]:
    dimension, language = laid_out.column_dimension, words.language
    return [label_of(description, dimension, code, language)[0] for code in laid_out.columns]


_SOLID = "datum.value !== null && !datum.hollow"
_HOLLOW = "datum.value !== null && datum.hollow"
_NO_VALUE = "datum.value === null"
_HAS_INTERVAL = "isValid(datum.low)"


def _layer(mark: dict[str, Any], encoding: dict[str, Any], only: str | None = None) -> dict[str, Any]:
    chosen: dict[str, Any] = {} if only is None else {"transform": [{"filter": only}]}
    return {**chosen, "mark": mark, "encoding": encoding}


def _lines(
    points: list[dict[str, Any]], labels: list[str], laid_out: Grid, words: Wording, inks: Inks
) -> dict[str, Any]:
    legend = {"orient": "bottom", "title": None, "symbolSize": 80}
    series = {"field": "row", "type": "nominal", "sort": labels, "legend": legend}
    colour = {**series, "scale": {"domain": labels, "range": list(inks.series)}}
    shape = {**series, "scale": {"domain": labels, "range": _SHAPES}}
    dash = {**series, "scale": {"domain": labels, "range": _DASHES}, "legend": None}
    axis = {"title": None, "labelAngle": 0, "labelOverlap": True, "domainColor": inks.quiet, "ticks": False}
    x = {
        "field": "across",
        "type": "ordinal",
        "sort": list(laid_out.columns),
        "scale": {"reverse": words.is_rtl, "padding": 0.3},
        "axis": axis,
    }
    y = _length_axis("y", words)
    point = {"type": "point", "filled": True, "opacity": 1}
    line = {"type": "line", "strokeWidth": 2.25, "invalid": "break-paths-show-domains"}
    span = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colour}
    withheld = {"x": x, "y": {"datum": 0}, "text": {"field": "mark"}, "color": colour}
    hollow = {**point, "size": 50, "fill": inks.ground, "strokeWidth": 1.75}
    layers = [
        _layer({"type": "rule", "strokeDash": [3, 3], "color": inks.quiet}, {"x": x}, "datum.break"),
        _layer(line, {"x": x, "y": y, "color": colour, "strokeDash": dash}),
        _layer({"type": "rule", "strokeWidth": 1.25}, span, _HAS_INTERVAL),
        _layer({**point, "size": 46}, {"x": x, "y": y, "color": colour, "shape": shape}, _SOLID),
        _layer(hollow, {"x": x, "y": y, "stroke": colour, "shape": shape}, _HOLLOW),
        _layer({"type": "text", "dy": -8, "fontSize": 11}, withheld, _NO_VALUE),
    ]
    return {"data": {"values": points}, "layer": layers}


def _bars(
    points: list[dict[str, Any]], labels: list[str], names: list[str], words: Wording, inks: Inks
) -> dict[str, Any]:
    side, away = ("right", -6) if words.is_rtl else ("left", 6)
    axis = {"title": None, "orient": side, "ticks": False, "domain": False, "labelPadding": 8}
    y: dict[str, Any] = {"field": "row", "type": "nominal", "sort": labels, "axis": axis}
    is_grouped = len(names) > 1
    # The gap between bars of a group is the scale's: a bar thinner than its place would leave its middle.
    place = {"field": "across", "sort": names, "scale": {"paddingInner": 0.22, "paddingOuter": 0.11}}
    beside = {"yOffset": place} if is_grouped else {}
    if is_grouped:
        y["scale"] = {"paddingInner": 0.28}
    colour = {
        "field": "across",
        "type": "nominal",
        "sort": names,
        "legend": {"orient": "bottom", "title": None} if is_grouped else None,
        "scale": {"domain": names, "range": list(inks.series)},
    }
    x = _length_axis("x", words)
    bar: dict[str, Any] = {"type": "bar"} if is_grouped else {"type": "bar", "height": {"band": 0.78}}
    span = {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y, **beside}
    withheld = {"x": {"datum": 0}, "y": y, "text": {"field": "mark"}, **beside}
    hollow = {**bar, "fill": inks.ground, "strokeWidth": 1.5}
    text = {"type": "text", "align": side, "dx": away, "color": inks.text, "fontSize": 11}
    layers = [
        _layer(bar, {"x": x, "y": y, "color": colour, **beside}, _SOLID),
        _layer(hollow, {"x": x, "y": y, "stroke": colour, **beside}, _HOLLOW),
        _layer({"type": "rule", "strokeWidth": 1.5, "color": inks.text}, span, _HAS_INTERVAL),
        _layer(text, withheld, _NO_VALUE),
    ]
    step = 14 * len(names) + 10 if is_grouped else 26
    return {"height": {"step": step}, "data": {"values": points}, "layer": layers}


def _length_axis(direction: str, words: Wording) -> dict[str, Any]:
    mirrored = words.is_rtl
    axis: dict[str, Any] = {"title": None, "tickCount": 5, "domain": False, "ticks": False, "format": ",~f"}
    if direction == "y":
        axis["orient"] = "right" if mirrored else "left"
    scale: dict[str, Any] = {"zero": True, "nice": True}
    if direction == "x":
        scale["reverse"] = mirrored
    return {"field": "value", "type": "quantitative", "scale": scale, "axis": axis}


def _configuration(inks: Inks, words: Wording, is_narrow: bool) -> dict[str, Any]:
    at_end = {"layout": {"bottom": {"anchor": "end"}}} if words.is_rtl else {}
    columns = {"columns": 1, "labelLimit": 230} if is_narrow else {"columns": 2, "labelLimit": 290}
    return {
        "font": FONT_STACK,
        "view": {"stroke": None},
        "axis": {
            "labelColor": inks.text,
            "gridColor": inks.rule,
            "labelFontSize": 12,
            "domainColor": inks.quiet,
        },
        "legend": {"labelColor": inks.text, "labelFontSize": 12, **columns, **at_end},
        "axisY": {"labelLimit": 105 if is_narrow else 230},
    }


def start_drawing() -> None:
    """Start the drawing engine, so that the first drawing is quick."""
    empty = {"data": {"values": []}, "mark": "point"}
    svg_of(Chart(empty, "", "", 0, 0), wording("en"))


def svg_of(drawing: Chart, words: Wording, *, name: str = "", inks: Inks = _LIGHT) -> bytes:
    """The drawing as SVG with a title and a description for screen readers; nothing is fetched.

    Drawings that stand in one page each have a `name`, which keeps their identifiers apart, and take their
    fonts from the page.
    """
    register_fonts()
    symbols = words.locale.number_symbols["latn"]
    number_format = {
        "decimal": symbols["decimal"],
        "thousands": symbols["group"],
        "grouping": [3],
        "currency": ["", ""],
    }
    drawn = vl_convert.vegalite_to_svg(
        drawing.specification, vl_version=VEGA_LITE, format_locale=number_format, allowed_base_urls=[]
    )
    shortened = re.sub(r"(\d+\.\d)\d+", r"\1", drawn)
    # The marks' own labels repeat the table below the drawing in a worse order.
    silent = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", shortened)
    apart = _embedded(silent, name) if name else silent
    filled = with_patterns(apart, ground=inks.ground, line=inks.text, name=name)
    title, summary = escape(drawing.title), escape(drawing.summary)
    head = f'<title id="t{name}">{title}</title><desc id="d{name}">{summary}</desc>'
    # Vega has placed each text from its left; a page that is read from the right must not turn that around.
    opening = f'<svg role="img" direction="ltr" aria-labelledby="t{name} d{name}" lang="{words.language}" '
    return re.sub(r"^<svg ([^>]*)>", lambda found: f"{opening}{found[1]}>{head}", filled, count=1).encode()


_NEEDLESS = re.compile(r' (?:font-family|class|pointer-events|xmlns:xlink)="[^"]*"| opacity="1"')


def _embedded(svg: str, name: str) -> str:
    """A drawing for the middle of a page: its identifiers are its own, what the page knows is left out."""
    return re.sub(r'(id="|url\(#)', rf"\g<1>{name}", _NEEDLESS.sub("", svg))
