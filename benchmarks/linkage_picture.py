"""Precision against recall as a picture: one panel a set, one line a tool, told apart by dash and shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sojourn.dissemination.charts import Chart, svg_of, theme
from sojourn.dissemination.fonts import FONT_STACK
from sojourn.dissemination.wording import wording

__all__ = ["Line", "drawn_curves"]

DASHES, SHAPES = ((1, 0), (6, 4)), ("circle", "square")
SIDE = 250
# A panel goes as far beyond what the tools reach as that is from perfection, and by a tenth of a per cent.
MARGIN, LEAST_MARGIN = 1.0, 0.1


@dataclass(frozen=True)
class Line:
    """One tool on one set: its curve as recall and precision, and where its own threshold lies on it."""

    of: str
    tool: str
    points: Sequence[tuple[float, float]]
    own: tuple[float, float]


def drawn_curves(lines: Sequence[Line]) -> bytes:
    """The picture as SVG with a title and a description, in per cent. The tools are two at most.

    A panel shows the corner in which the own thresholds lie: along a whole curve all tools look alike.
    """
    inks = theme("light")
    tools = list(dict.fromkeys(line.tool for line in lines))
    sets = list(dict.fromkeys(line.of for line in lines))
    panels = [_panel(name, [line for line in lines if line.of == name], tools) for name in sets]
    specification: dict[str, Any] = {
        "padding": 16,
        "columns": 2,
        "concat": panels,
        "config": {
            "font": FONT_STACK,
            "background": inks.ground,
            "view": {"stroke": inks.rule},
            "axis": {"gridColor": inks.rule, "labelColor": inks.text, "titleColor": inks.text},
            "title": {"anchor": "start", "color": inks.text, "fontWeight": 600},
        },
    }
    title = f"Precision and recall of {' and '.join(tools)} on {len(sets)} public sets"
    said = "; ".join(
        f"{line.of}, {line.tool}: recall {line.own[0]:.4f}, precision {line.own[1]:.4f}" for line in lines
    )
    summary = f"Lines are curves along all thresholds, marks the tools' own thresholds. At these: {said}."
    return svg_of(Chart(specification, title, summary, len(sets), len(sets)), wording("en"))


def _panel(name: str, lines: Sequence[Line], tools: list[str]) -> dict[str, Any]:
    inks = theme("light")
    tool = {"field": "tool", "type": "nominal", "legend": None}
    colour = {**tool, "scale": {"domain": tools, "range": list(inks.series[: len(tools)])}}
    dash = {**tool, "scale": {"domain": tools, "range": [list(dash) for dash in DASHES[: len(tools)]]}}
    shape = {**tool, "scale": {"domain": tools, "range": list(SHAPES[: len(tools)])}}
    axes = {
        axis: {
            "field": field,
            "type": "quantitative",
            "title": f"{field}, %",
            "axis": {"tickCount": 5, "tickMinStep": 0.1, "format": ".1f"},
            "scale": {"domain": [_least(lines, at), 100], "nice": False, "zero": False},
        }
        for axis, field, at in (("x", "recall", 0), ("y", "precision", 1))
    }
    points = [
        {"tool": line.tool, "order": place, "recall": 100 * recall, "precision": 100 * precision}
        for line in lines
        for place, (recall, precision) in enumerate(line.points)
    ]
    own = [{"tool": line.tool, "recall": 100 * line.own[0], "precision": 100 * line.own[1]} for line in lines]
    return {
        "title": name,
        "width": SIDE,
        "height": SIDE,
        "layer": [
            {
                "data": {"values": points},
                "mark": {"type": "line", "strokeWidth": 2.25, "clip": True},
                "encoding": {**axes, "color": colour, "strokeDash": dash, "order": {"field": "order"}},
            },
            {
                "data": {"values": own},
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
                "encoding": {**axes, "color": colour, "shape": shape},
            },
            {
                "data": {"values": own},
                "mark": {"type": "text", "align": "right", "dx": -8, "dy": 15, "fontSize": 13},
                "encoding": {**axes, "text": {"field": "tool"}, "color": colour},
            },
        ],
    }


def _least(lines: Sequence[Line], at: int) -> float:
    """Where an axis begins: somewhat below the lowest of the tools' own thresholds."""
    lowest = 100 * min(line.own[at] for line in lines)
    return max(lowest - max(MARGIN * (100 - lowest), LEAST_MARGIN), 0.0)
