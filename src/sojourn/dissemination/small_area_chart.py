"""Direct estimates of small areas beside those of a model, with intervals of 95 per cent, as a picture.

A few areas have a lane each, those that are known worst from their own sample at the top. Many areas are
points, direct against modelled: a model that only repeats the samples lies on the diagonal, one that is
biased lies off it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sojourn.dissemination.charts import Chart, Inks, theme
from sojourn.dissemination.fonts import FONT_STACK

__all__ = ["LANES", "POINTS", "AreaMark", "small_area_chart"]

LANES, POINTS = 40, 400


@dataclass(frozen=True)
class AreaMark:
    """What is drawn of an area; direct numbers are None without a sample."""

    area: str
    estimate: float
    low: float
    high: float
    direct: float | None
    direct_low: float | None
    direct_high: float | None
    is_synthetic: bool


def small_area_chart(marks: Sequence[AreaMark]) -> Chart:
    """Draw areas: lanes for at most 40, else at most 400 points, chosen evenly along the direct estimates."""
    inks = theme("light")
    title = "Direct and model estimates of areas, with intervals of 95 %"
    shown = _lanes_shown(marks) if len(marks) <= LANES else _points_shown(marks)
    times = _times(shown)
    scaled, by = [_scaled(mark, times) for mark in shown], "" if times == 1 else f" × {times:,.0f}"
    layers = _lanes(scaled, by, inks) if len(marks) <= LANES else _points(scaled, by, inks)
    specification = {
        "width": 460,
        "height": {"step": 24} if len(marks) <= LANES else 460,
        "padding": 16,
        "title": {"text": title, "anchor": "start", "color": inks.text, "fontWeight": 600},
        **layers,
        "config": {"font": FONT_STACK, "background": inks.ground, "view": {"stroke": None}},
    }
    return Chart(specification, title, _summary(marks, shown), len(shown), len(marks))


def _lanes_shown(marks: Sequence[AreaMark]) -> list[AreaMark]:
    """Areas without a sample first, then by how wide the direct interval is."""
    return sorted(marks, key=lambda mark: (mark.direct is not None, -_width(mark), mark.area))


def _points_shown(marks: Sequence[AreaMark]) -> list[AreaMark]:
    """Areas with a direct estimate, at most so many, evenly along it."""
    some = sorted(
        (mark for mark in marks if mark.direct is not None), key=lambda mark: (mark.direct, mark.area)
    )
    if len(some) <= POINTS:
        return some
    return [some[round(number * (len(some) - 1) / (POINTS - 1))] for number in range(POINTS)]


def _times(shown: Sequence[AreaMark]) -> float:
    """A power of ten that makes the axis longer than one: drawings keep one decimal of their labels."""
    ends = [end for mark in shown for end in (mark.low, mark.high, mark.direct) if end is not None]
    span = max(ends, default=1.0) - min(ends, default=0.0)
    return 10.0 ** max(0, math.ceil(-math.log10(span))) if span > 0 else 1.0


def _scaled(mark: AreaMark, times: float) -> AreaMark:
    """A mark in the units of the axis."""

    def scaled(value: float | None) -> float | None:
        return None if value is None else value * times

    return replace(
        mark,
        estimate=mark.estimate * times,
        low=mark.low * times,
        high=mark.high * times,
        direct=scaled(mark.direct),
        direct_low=scaled(mark.direct_low),
        direct_high=scaled(mark.direct_high),
    )


def _width(mark: AreaMark) -> float:
    if mark.direct_high is None or mark.direct_low is None:
        return 0.0
    return mark.direct_high - mark.direct_low


def _summary(marks: Sequence[AreaMark], shown: Sequence[AreaMark]) -> str:
    without = sum(mark.direct is None for mark in marks)
    compared = [mark for mark in marks if mark.direct is not None and mark.direct_low is not None]
    held = sum(
        mark.direct_low <= mark.estimate <= mark.direct_high
        for mark in compared
        if mark.direct_low is not None and mark.direct_high is not None
    )
    return (
        f"{len(shown)} of {len(marks)} areas are drawn; {without} have no direct estimate. The direct"
        f" interval holds the model estimate in {held} of {len(compared)} areas."
    )


def _kind(mark: AreaMark) -> str:
    return "synthetic" if mark.is_synthetic else "model"


def _colours(inks: Inks, *, has_direct: bool = True) -> dict[str, Any]:
    return {
        "field": "kind",
        "type": "nominal",
        "scale": {
            "domain": [*(["direct"] if has_direct else []), "model", "synthetic"],
            "range": [*([inks.quiet] if has_direct else []), inks.series[0], inks.series[1]],
        },
        "legend": {"title": None, "orient": "top"},
    }


def _lanes(shown: Sequence[AreaMark], by: str, inks: Inks) -> dict[str, Any]:
    axis = {"labelLimit": 200, "labelColor": inks.text, "ticks": False}
    y = {"field": "area", "type": "nominal", "sort": {"field": "place"}, "title": None, "axis": axis}
    return {
        "data": {"values": _lane_rows(shown)},
        "encoding": {"y": y},
        "layer": [*_lane(by, inks, is_direct=True), *_lane(by, inks, is_direct=False)],
    }


def _lane_rows(shown: Sequence[AreaMark]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for place, mark in enumerate(shown):
        lane = {"place": place, "area": mark.area}
        if mark.direct is not None:
            ends = {"low": mark.direct_low, "high": mark.direct_high}
            rows.append({**lane, "kind": "direct", "value": mark.direct, **ends})
        ends = {"low": mark.low, "high": mark.high}
        rows.append({**lane, "kind": _kind(mark), "value": mark.estimate, **ends})
    return rows


def _lane(by: str, inks: Inks, *, is_direct: bool) -> list[dict[str, Any]]:
    """An interval and its point, the direct one above."""
    only, shift = f"datum.kind {'===' if is_direct else '!=='} 'direct'", -4 if is_direct else 4
    x = {
        "type": "quantitative", "title": f"estimate{by}", "axis": {"gridColor": inks.rule},
        "scale": {"zero": False},
    }  # fmt: skip
    point = {"type": "point", "filled": not is_direct, "size": 40, "opacity": 1, "strokeWidth": 1.5}
    ends = {"x": {"field": "low", **x}, "x2": {"field": "high"}, "color": _colours(inks)}
    return [
        {
            "transform": [{"filter": f"{only} && isValid(datum.low)"}],
            "mark": {"type": "rule", "strokeWidth": 1.5 if is_direct else 2.5, "yOffset": shift},
            "encoding": ends,
        },
        {
            "transform": [{"filter": only}],
            "mark": {**point, "yOffset": shift},
            "encoding": {"x": {"field": "value", **x}, "color": _colours(inks)},
        },
    ]


def _points(shown: Sequence[AreaMark], by: str, inks: Inks) -> dict[str, Any]:
    rows = [
        {
            "direct": mark.direct, "estimate": mark.estimate, "low": mark.low, "high": mark.high,
            "from": mark.direct_low, "to": mark.direct_high, "kind": _kind(mark),
        }
        for mark in shown
    ]  # fmt: skip
    ends = [mark.direct for mark in shown if mark.direct is not None] + [mark.estimate for mark in shown]
    x, y = (
        {"type": "quantitative", "title": f"{name} estimate{by}", "axis": {"gridColor": inks.rule},
         "scale": {"zero": False}}
        for name in ("direct", "model")
    )  # fmt: skip
    colour = _colours(inks, has_direct=False)
    thin = {"type": "rule", "strokeWidth": 0.6, "opacity": 0.45}
    across = {"x": {"field": "from", **x}, "x2": {"field": "to"}, "y": {"field": "estimate", **y}}
    up = {"x": {"field": "direct", **x}, "y": {"field": "low", **y}, "y2": {"field": "high"}, "color": colour}
    here = {"x": {"field": "direct", **x}, "y": {"field": "estimate", **y}, "color": colour}
    diagonal = {
        "data": {"values": [{"at": min(ends, default=0.0)}, {"at": max(ends, default=0.0)}]},
        "mark": {"type": "line", "color": inks.quiet, "strokeDash": [4, 3]},
        "encoding": {"x": {"field": "at", **x}, "y": {"field": "at", **y}},
    }
    direct = {"transform": [{"filter": "isValid(datum.from)"}], "mark": {**thin, "color": inks.quiet}}
    point = {"type": "point", "filled": True, "size": 22, "opacity": 0.9}
    layers = [diagonal, {**direct, "encoding": across}, {"mark": thin, "encoding": up}]
    return {"data": {"values": rows}, "layer": [*layers, {"mark": point, "encoding": here}]}
