"""Maps of one slice of a selection: areas shaded for shares and rates, circles for counts.

Shading a large empty country for a count misleads, so counts are circles whose area is the figure. A map
shows one period and one code of every other dimension; which ones stands beside it. An area whose figure is
withheld or missing has a mark: it is not one from which nobody came.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from sojourn.dissemination.charts import Chart, Inks, theme, unit_title
from sojourn.dissemination.descriptions import Dimension, TableDescription, text_in
from sojourn.dissemination.flags import flag_symbol
from sojourn.dissemination.fonts import FONT_STACK
from sojourn.dissemination.grid import Grid, grid
from sojourn.dissemination.selection import TIME, Cells, Selection
from sojourn.dissemination.shapes import Shapes
from sojourn.dissemination.wording import Wording

__all__ = ["areas_off_map", "has_marks", "is_shaded", "map_dimension", "map_selection", "world_map"]

_SHADED = frozenset({"share", "rate", "mean", "ratio", "index"})


def map_dimension(description: TableDescription) -> Dimension | None:
    """The dimension whose areas can be found on a map of the world."""
    fitting = (
        it for it in description.dimensions if it.role == "area" and any(code.m49 for code in it.codes)
    )
    return next(fitting, None)


def map_selection(description: TableDescription, selection: Selection, by: Dimension) -> Selection:
    """The slice of a selection that a map shows: the latest period; of the rest the total, or the first."""
    chosen = selection.with_codes(TIME, selection.periods[-1:])
    for dimension in description.dimensions:
        if dimension.id != by.id:
            codes = chosen.codes[dimension.id]
            one = dimension.total if dimension.total in codes else codes[0]
            chosen = chosen.with_codes(dimension.id, (str(one),))
    areas = [code for code in chosen.codes[by.id] if code != by.total]
    return chosen.with_codes(by.id, areas)


def is_shaded(description: TableDescription) -> bool:
    """Whether the figures are of a kind that areas may be shaded by."""
    return description.statistic in _SHADED


def areas_off_map(
    cells: Cells, sliced: Selection, by: Dimension, shapes: Shapes, words: Wording
) -> tuple[str, ...]:
    """The names of areas that have a figure but no place on the map."""
    return tuple(_placed(grid(cells, sliced), by, shapes, words).off_map)


def has_marks(cells: Cells, sliced: Selection, by: Dimension, shapes: Shapes, words: Wording) -> bool:
    """Whether a mark stands on the map in place of a figure."""
    return bool(_placed(grid(cells, sliced), by, shapes, words).marks)


def world_map(
    cells: Cells,
    sliced: Selection,
    by: Dimension,
    shapes: Shapes,
    words: Wording,
    *,
    title: str,
    summary: str,
    inks: Inks | None = None,
    is_narrow: bool = False,
) -> Chart:
    """Draw the slice that `map_selection` gives."""
    colours = inks or theme("light")
    description = cells.description
    placed = _placed(grid(cells, sliced), by, shapes, words)
    shown = placed.shown
    layers = [_land(shapes, colours)]
    largest = 600 if is_narrow else 1600
    if shown:
        layers.append(
            _shading(shown, shapes, colours) if is_shaded(description) else _circles(shown, colours, largest)
        )
    if placed.marks:
        layers.append(_marks(placed.marks, colours))
    specification: dict[str, Any] = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": 300 if is_narrow else 720,
        "height": 165 if is_narrow else 370,
        "padding": 2,
        "background": colours.ground,
        "projection": {"type": "equalEarth"},
        "title": unit_title(description, words, colours),
        "layer": layers,
        "config": {
            "font": FONT_STACK,
            "view": {"stroke": None},
            "legend": {"labelColor": colours.text, "labelFontSize": 12, "orient": "bottom", "title": None},
        },
    }
    return Chart(specification, title, summary, len(shown), len(shown) + len(placed.off_map))


@dataclass(frozen=True)
class _Placed:
    """Areas with a figure, areas with a mark in place of one, and the names of areas without a place."""

    shown: list[dict[str, Any]]
    marks: list[dict[str, Any]]
    off_map: list[str]


def _placed(laid_out: Grid, by: Dimension, shapes: Shapes, words: Wording) -> _Placed:
    numbers = {code.id: code.m49 for code in by.codes}
    names = {code.id: text_in(code.name, words.language)[0] for code in by.codes}
    column = laid_out.row_dimensions.index(by.id) if by.id in laid_out.row_dimensions else None
    areas = (
        [dict(laid_out.fixed).get(by.id, "")] if column is None else [row[column] for row in laid_out.rows]
    )
    found = _Placed([], [], [])
    values, statuses, free = (
        laid_out.numbers("OBS_VALUE")[:, -1],
        laid_out.texts("OBS_STATUS")[:, -1],
        laid_out.texts("CONF_STATUS")[:, -1],
    )
    for area, value, status, confidentiality in zip(areas, values, statuses, free, strict=False):
        middle = shapes.middles.get(numbers.get(area) or "")
        mark = flag_symbol(str(status), str(confidentiality)) if math.isnan(value) else ""
        if math.isnan(value) and not mark:
            continue
        if middle is None:
            if not mark:
                found.off_map.append(names.get(area, area))
            continue
        place = {"m49": numbers[area], "name": names[area], "lon": middle[0], "lat": middle[1]}
        if mark:
            found.marks.append({**place, "mark": mark})
        else:
            found.shown.append({**place, "value": float(value)})
    return found


def _topology(shapes: Shapes) -> dict[str, Any]:
    return {"values": shapes.topology, "format": {"type": "topojson", "feature": "countries"}}


def _land(shapes: Shapes, inks: Inks) -> dict[str, Any]:
    mark = {"type": "geoshape", "fill": inks.land, "stroke": inks.ground, "strokeWidth": 0.5}
    return {"data": _topology(shapes), "mark": mark}


def _shading(shown: list[dict[str, Any]], shapes: Shapes, inks: Inks) -> dict[str, Any]:
    values = np.array([mark["value"] for mark in shown])
    steps = min(len(inks.steps), len(set(values.tolist())))
    scale = {"type": "quantize" if steps > 1 else "linear", "range": list(inks.steps[-steps:]), "nice": True}
    return {
        "data": _topology(shapes),
        "transform": [
            {"lookup": "id", "from": {"data": {"values": shown}, "key": "m49", "fields": ["value"]}},
            {"filter": "isValid(datum.value)"},
        ],
        "mark": {"type": "geoshape", "stroke": inks.ground, "strokeWidth": 0.5},
        "encoding": {
            "color": {"field": "value", "type": "quantitative", "scale": scale, "legend": {"format": ",~f"}}
        },
    }


def _marks(marks: list[dict[str, Any]], inks: Inks) -> dict[str, Any]:
    return {
        "data": {"values": marks},
        "mark": {"type": "text", "fontSize": 9, "color": inks.quiet},
        "encoding": {
            "longitude": {"field": "lon", "type": "quantitative"},
            "latitude": {"field": "lat", "type": "quantitative"},
            "text": {"field": "mark"},
        },
    }


def _circles(shown: list[dict[str, Any]], inks: Inks, largest: int) -> dict[str, Any]:
    size = {
        "field": "value",
        "type": "quantitative",
        "scale": {"zero": True, "range": [0, largest]},
        "legend": {
            "format": ",~f",
            "symbolFillColor": inks.series[0],
            "symbolOpacity": 0.7,
            "symbolStrokeColor": inks.ground,
        },
    }
    return {
        "data": {"values": sorted(shown, key=lambda mark: -mark["value"])},
        "mark": {
            "type": "circle",
            "color": inks.series[0],
            "opacity": 0.75,
            "stroke": inks.ground,
            "strokeWidth": 0.75,
        },
        "encoding": {
            "longitude": {"field": "lon", "type": "quantitative"},
            "latitude": {"field": "lat", "type": "quantitative"},
            "size": size,
        },
    }
