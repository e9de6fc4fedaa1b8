"""Precision against cost as a picture: what each plan promises for its money, and what trying it out showed.

Heights are the standard error of the worst goal as a multiple of what was asked for: at one, every goal is
met. Plans differ by shape and dash as well as by colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sojourn.dissemination.charts import Chart, Inks, theme
from sojourn.dissemination.fonts import FONT_STACK

__all__ = ["PlanCurve", "precision_chart"]

_SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
_DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 3], [3, 6]]
MOST = len(_SHAPES)


@dataclass(frozen=True)
class PlanCurve:
    """One plan: its name, costs and multiples along its curve, where it stands, and what was shown.

    `shown` is the multiple that repetitions gave, at the cost that they had; none where it was not tried.
    """

    name: str
    curve: tuple[tuple[float, float], ...]
    promised: tuple[float, float]
    shown: tuple[float, float] | None = None


def precision_chart(plans: Sequence[PlanCurve]) -> Chart:
    """Draw plans: a curve for each, its own point on it, and a hollow point where it was tried out.

    Of more plans than can be told apart the first are drawn, and `shown` says how many.
    """
    drawn = list(plans)[:MOST]
    inks = theme("light")
    title = "What precision costs"
    specification = {
        "width": 560,
        "height": 320,
        "padding": 16,
        "title": {"text": title, "anchor": "start", "color": inks.text, "fontWeight": 600},
        "layer": _layers(drawn, inks),
        "config": {"font": FONT_STACK, "background": inks.ground, "view": {"stroke": None}},
    }
    return Chart(specification, title, _summary(drawn), len(drawn), len(plans))


def _layers(plans: Sequence[PlanCurve], inks: Inks) -> list[dict[str, Any]]:
    """The line of what was asked for, the curves, the promises, and what was shown."""
    line = [_row(plan, point) for plan in plans for point in plan.curve]
    points = [_row(plan, plan.promised) for plan in plans]
    tried = [_row(plan, plan.shown) for plan in plans if plan.shown is not None]
    axis = {"gridColor": inks.rule}
    x = {"field": "cost", "type": "quantitative", "title": "cost", "axis": {"format": ",~f", **axis}}
    y = {
        "field": "multiple",
        "type": "quantitative",
        "title": ["standard error of the worst goal,", "as a multiple of what was asked for"],
        "axis": axis,
    }
    names = [plan.name for plan in plans]
    legend = {"title": None, "orient": "bottom", "symbolSize": 80}
    series = {"field": "plan", "type": "nominal", "sort": names}

    def told_apart(by: Sequence[Any], shown: dict[str, Any] | None) -> dict[str, Any]:
        return {**series, "legend": shown, "scale": {"domain": names, "range": list(by)[: len(names)]}}

    place = {"x": x, "y": y, "color": told_apart(inks.series, legend)}
    point = {"type": "point", "opacity": 1}
    shape = told_apart(_SHAPES, legend)
    rule = {"type": "rule", "strokeDash": [3, 3], "color": inks.quiet}
    return [
        _layer([{"multiple": 1.0}], rule, {"y": y}),
        _layer(line, {"type": "line", "strokeWidth": 2}, {**place, "strokeDash": told_apart(_DASHES, None)}),
        _layer(points, {**point, "filled": True, "size": 90}, {**place, "shape": shape}),
        _layer(tried, {**point, "filled": False, "size": 220, "strokeWidth": 2}, {**place, "shape": shape}),
    ]


def _layer(rows: list[dict[str, Any]], mark: dict[str, Any], encoding: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"values": rows}, "mark": mark, "encoding": encoding}


def _row(plan: PlanCurve, point: tuple[float, float]) -> dict[str, Any]:
    return {"plan": plan.name, "cost": point[0], "multiple": point[1]}


def _summary(plans: Sequence[PlanCurve]) -> str:
    said = []
    for plan in plans:
        cost, multiple = plan.promised
        text = f"{plan.name} costs {cost:,.0f} and promises {multiple:.2f} times the error asked for"
        if plan.shown is not None:
            text += f"; tried out, it had {plan.shown[1]:.2f} times"
        said.append(text)
    return ". ".join(said) + ". Filled points are promises, large hollow ones what trying out showed."
