"""Charts drawn on the server: lines over time, bars for one period, from the same grid as the table.

Figures that ask for caution are hollow; a withheld figure is a mark on the axis, never a zero; a break
is a dashed rule; intervals of 95 per cent stand wherever there is a standard error. Series differ by
shape and dash as well as by colour. The axis of lengths starts at zero. For readers who go from right
to left the drawing does too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import vl_convert

from sojourn.dissemination.descriptions import TableDescription, text_in
from sojourn.dissemination.flags import flag_symbol, is_hollow
from sojourn.dissemination.fonts import FONT_STACK, register_fonts
from sojourn.dissemination.grid import Grid
from sojourn.dissemination.selection import TIME, label_of
from sojourn.dissemination.sentences import NORMAL_95, row_label
from sojourn.dissemination.wording import Wording

__all__ = ["BARS", "LINES", "Chart", "Inks", "chart", "svg_of", "theme"]

LINES, BARS = 8, 24
VEGA_LITE = "6.4"
_SHAPES = [
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-right",
    "triangle-left",
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
    width: int = 640,
) -> Chart:
    """Draw a grid. Where it has more rows than can be told apart, the largest are drawn, and `shown` says how many."""
    over_time = laid_out.column_dimension == TIME and len(laid_out.columns) > 1
    limit = LINES if over_time else BARS
    rows = _largest_rows(laid_out, limit)
    points = _points(description, laid_out, rows, words)
    labels = [row_label(description, laid_out, row, words) for row in rows]
    if over_time:
        specification = _lines(points, labels, laid_out, words, inks)
        specification["height"] = 300
    else:
        specification = _bars(points, labels, laid_out, description, words, inks)
    unit = text_in(description.unit.name, words.language)[0]
    specification |= {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": width,
        "padding": 4,
        "background": inks.ground,
        "title": {"text": unit, "anchor": "end" if words.is_rtl else "start", "fontSize": 12,
                  "fontWeight": "normal", "color": inks.quiet, "offset": 10},
        "config": _configuration(inks),
    }  # fmt: skip
    return Chart(specification, title, summary, len(rows), len(laid_out.rows))


def _largest_rows(laid_out: Grid, limit: int) -> list[int]:
    if len(laid_out.rows) <= limit:
        return list(range(len(laid_out.rows)))
    values = laid_out.numbers("OBS_VALUE")
    latest = np.nan_to_num(values[:, -1], nan=-math.inf)
    return sorted(int(row) for row in np.argsort(-latest, kind="stable")[:limit])


def _points(
    description: TableDescription, laid_out: Grid, rows: Iterable[int], words: Wording
) -> list[dict[str, Any]]:
    """What is drawn: a few hundred marks at most."""
    values, errors = laid_out.numbers("OBS_VALUE"), laid_out.numbers("SE")
    statuses, free = laid_out.texts("OBS_STATUS"), laid_out.texts("CONF_STATUS")
    across = [
        label_of(description, laid_out.column_dimension, it, words.language)[0] for it in laid_out.columns
    ]
    points = []
    for row in rows:
        label = row_label(description, laid_out, row, words)
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


def _lines(
    points: list[dict[str, Any]], labels: list[str], laid_out: Grid, words: Wording, inks: Inks
) -> dict[str, Any]:
    series = {"field": "row", "type": "nominal", "sort": labels, "scale": {"domain": labels}}
    legend = {"orient": "bottom", "columns": 2, "title": None, "labelLimit": 260, "symbolSize": 80}
    colour = {**series, "scale": {"domain": labels, "range": list(inks.series)}, "legend": legend}
    shape = {**series, "scale": {"domain": labels, "range": _SHAPES}, "legend": legend}
    dash = {**series, "scale": {"domain": labels, "range": _DASHES}, "legend": None}
    x = {
        "field": "across",
        "type": "ordinal",
        "sort": list(laid_out.columns),
        "scale": {"reverse": words.is_rtl, "padding": 0.3},
        "axis": {
            "title": None,
            "labelAngle": 0,
            "labelOverlap": True,
            "domainColor": inks.quiet,
            "ticks": False,
        },
    }
    y = _length_axis("y", words)
    solid = {"filter": "datum.value !== null && !datum.hollow"}
    hollow = {"filter": "datum.value !== null && datum.hollow"}
    return {
        "data": {"values": points},
        "layer": [
            {"transform": [{"filter": "datum.break"}], "mark": {"type": "rule", "strokeDash": [3, 3], "color": inks.quiet},
             "encoding": {"x": x}},
            {"mark": {"type": "line", "strokeWidth": 2.25, "invalid": "break-paths-show-domains"},
             "encoding": {"x": x, "y": y, "color": colour, "strokeDash": dash}},
            {"transform": [{"filter": "isValid(datum.low)"}], "mark": {"type": "rule", "strokeWidth": 1.25},
             "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colour}},
            {"transform": [solid], "mark": {"type": "point", "filled": True, "size": 46, "opacity": 1},
             "encoding": {"x": x, "y": y, "color": colour, "shape": shape}},
            {"transform": [hollow], "mark": {"type": "point", "filled": True, "size": 50, "opacity": 1,
                                            "fill": inks.ground, "strokeWidth": 1.75},
             "encoding": {"x": x, "y": y, "stroke": colour, "shape": shape}},
            {"transform": [{"filter": "datum.value === null"}],
             "mark": {"type": "text", "dy": -8, "fontSize": 11},
             "encoding": {"x": x, "y": {"datum": 0}, "text": {"field": "mark"}, "color": colour}},
        ],
    }  # fmt: skip


def _bars(
    points: list[dict[str, Any]],
    labels: list[str],
    laid_out: Grid,
    description: TableDescription,
    words: Wording,
    inks: Inks,
) -> dict[str, Any]:
    names = [
        label_of(description, laid_out.column_dimension, it, words.language)[0] for it in laid_out.columns
    ]
    step = 26 if len(names) == 1 else 14 * len(names) + 10
    side = "right" if words.is_rtl else "left"
    y: dict[str, Any] = {
        "field": "row",
        "type": "nominal",
        "sort": labels,
        "axis": {
            "title": None,
            "orient": side,
            "labelLimit": 230,
            "ticks": False,
            "domain": False,
            "labelPadding": 8,
        },
    }
    if len(names) > 1:
        y |= {"scale": {"paddingInner": 0.28}}
    offset = {"yOffset": {"field": "across", "sort": names}} if len(names) > 1 else {}
    legend = {"orient": "bottom", "title": None, "columns": 4} if len(names) > 1 else None
    colour = {"field": "across", "type": "nominal", "sort": names, "legend": legend,
              "scale": {"domain": names, "range": list(inks.series)}}  # fmt: skip
    x = _length_axis("x", words)
    return {
        "height": {"step": step},
        "data": {"values": points},
        "layer": [
            {"transform": [{"filter": "datum.value !== null && !datum.hollow"}],
             "mark": {"type": "bar", "height": {"band": 0.78}}, "encoding": {"x": x, "y": y, "color": colour, **offset}},
            {"transform": [{"filter": "datum.value !== null && datum.hollow"}],
             "mark": {"type": "bar", "height": {"band": 0.78}, "fill": inks.ground, "strokeWidth": 1.5},
             "encoding": {"x": x, "y": y, "stroke": colour, **offset}},
            {"transform": [{"filter": "isValid(datum.low)"}], "mark": {"type": "rule", "strokeWidth": 1.5, "color": inks.text},
             "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y, **offset}},
            {"transform": [{"filter": "datum.value === null"}],
             "mark": {"type": "text", "align": "right" if words.is_rtl else "left", "dx": -6 if words.is_rtl else 6,
                      "color": inks.text, "fontSize": 11},
             "encoding": {"x": {"datum": 0}, "y": y, "text": {"field": "mark"}, **offset}},
        ],
    }  # fmt: skip


def _length_axis(direction: str, words: Wording) -> dict[str, Any]:
    mirrored = words.is_rtl
    axis: dict[str, Any] = {"title": None, "tickCount": 5, "domain": False, "ticks": False, "format": ","}
    if direction == "y":
        axis["orient"] = "right" if mirrored else "left"
    scale: dict[str, Any] = {"zero": True, "nice": True}
    if direction == "x":
        scale["reverse"] = mirrored
    return {"field": "value", "type": "quantitative", "scale": scale, "axis": axis}


def _configuration(inks: Inks) -> dict[str, Any]:
    return {
        "font": FONT_STACK,
        "view": {"stroke": None},
        "axis": {
            "labelColor": inks.text,
            "gridColor": inks.rule,
            "labelFontSize": 12,
            "domainColor": inks.quiet,
        },
        "legend": {"labelColor": inks.text, "labelFontSize": 12},
    }


def svg_of(drawing: Chart, words: Wording) -> bytes:
    """The drawing as SVG with a title and a description for screen readers; nothing is fetched."""
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
    head = f'<title id="t">{escape(drawing.title)}</title><desc id="d">{escape(drawing.summary)}</desc>'
    opening = f'<svg role="img" aria-labelledby="t d" lang="{words.language}" '
    return re.sub(r"^<svg ([^>]*)>", lambda found: f"{opening}{found[1]}>{head}", silent, count=1).encode()
