"""Precision against cost as a picture: what each plan promises for its money, and what trying it out showed.

Heights are the standard error of the worst goal as a multiple of what was asked for: at one, every goal is
met. Plans differ by shape and dash as well as by colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sojourn.dissemination.charts import Chart, theme
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


def precision_chart(plans: Sequence[PlanCurve], currency: str = "") -> Chart:
    """Draw plans: a curve for each, its own point on it, and a hollow point where it was tried out."""
    drawn = list(plans)[:MOST]
    inks = theme("light")
    names = [plan.name for plan in drawn]
    line = [{"plan": p.name, "cost": cost, "multiple": multiple} for p in drawn for cost, multiple in p.curve]
    points = [{"plan": plan.name, "cost": plan.promised[0], "multiple": plan.promised[1]} for plan in drawn]
    tried = [
        {"plan": plan.name, "cost": plan.shown[0], "multiple": plan.shown[1]}
        for plan in drawn
        if plan.shown is not None
    ]
    unit = f" ({currency})" if currency else ""
    x = {
        "field": "cost", "type": "quantitative", "title": f"cost{unit}", "scale": {"zero": False},
        "axis": {"format": ",~f", "gridColor": inks.rule},
    }  # fmt: skip
    y = {
        "field": "multiple", "type": "quantitative", "scale": {"zero": True},
        "title": "standard error of the worst goal, as a multiple of what was asked for",
        "axis": {"gridColor": inks.rule, "titleLimit": 420},
    }  # fmt: skip
    legend = {"title": None, "orient": "bottom", "symbolSize": 80}
    series = {"field": "plan", "type": "nominal", "sort": names}
    colour = {
        **series,
        "legend": legend,
        "scale": {"domain": names, "range": list(inks.series)[: len(names)]},
    }
    shape = {**series, "legend": legend, "scale": {"domain": names, "range": _SHAPES[: len(names)]}}
    dash = {**series, "legend": None, "scale": {"domain": names, "range": _DASHES[: len(names)]}}
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": [{"asked": 1.0}]},
            "mark": {"type": "rule", "strokeDash": [3, 3], "color": inks.quiet},
            "encoding": {"y": {"field": "asked", "type": "quantitative"}},
        },
        {
            "data": {"values": line},
            "mark": {"type": "line", "strokeWidth": 2},
            "encoding": {"x": x, "y": y, "color": colour, "strokeDash": dash},
        },
        {
            "data": {"values": points},
            "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
            "encoding": {"x": x, "y": y, "color": colour, "shape": shape},
        },
        {
            "data": {"values": tried},
            "mark": {"type": "point", "filled": False, "size": 220, "strokeWidth": 2, "opacity": 1},
            "encoding": {"x": x, "y": y, "color": colour, "shape": shape},
        },
    ]
    title = "What precision costs"
    specification = {
        "width": 560,
        "height": 320,
        "padding": 16,
        "title": {"text": title, "anchor": "start", "color": inks.text, "fontWeight": 600},
        "layer": layers,
        "config": {"font": FONT_STACK, "background": inks.ground, "view": {"stroke": None}},
    }
    return Chart(specification, title, _summary(drawn), len(drawn), len(plans))


def _summary(plans: Sequence[PlanCurve]) -> str:
    said = []
    for plan in plans:
        cost, multiple = plan.promised
        text = f"{plan.name} costs {cost:,.0f} and promises {multiple:.2f} times the error asked for"
        if plan.shown is not None:
            text += f"; tried out, it had {plan.shown[1]:.2f} times"
        said.append(text)
    return ". ".join(said) + ". Filled points are promises, large hollow ones what trying out showed."
