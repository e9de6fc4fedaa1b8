"""Coverage against the size of the group as a picture: a panel a figure, the range over all situations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sojourn.dissemination.charts import Chart, svg_of, theme
from sojourn.dissemination.fonts import FONT_STACK
from sojourn.dissemination.wording import wording

__all__ = ["drawn_coverage"]

# By figure, the plain interval that most tools give, and the one that survey tables give: kind and freedom.
SHOWN = {
    "count": (("t", "design"), ("log", "effective")),
    "total": (("t", "design"), ("log", "effective")),
    "proportion": (("logit", "design"), ("moderated", "effective")),
    "gap": (("t", "design"), ("recovered", "effective")),
}
NAMES = ("plain", "default")
LEAST = 60
SIDE = 250


def drawn_coverage(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The picture as SVG with a title and a description; only linearised variances are shown."""
    inks = theme("light")
    panels = [_panel(figure, _ranges(rows, figure)) for figure in SHOWN]
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
    said = "; ".join(
        f"{figure}, {each['interval']}, {each['cases']}: {each['lowest']:.1f} to {each['highest']:.1f}"
        for figure in SHOWN
        for each in _ranges(rows, figure)
    )
    summary = f"Lowest and highest coverage over designs, clustering and prevalence, per cent. {said}."
    return svg_of(Chart(specification, "Coverage of intervals of 95 per cent", summary, 4, 4), wording("en"))


def _ranges(rows: Sequence[Mapping[str, Any]], figure: str) -> list[dict[str, Any]]:
    found = []
    for name, (kind, freedom) in zip(NAMES, SHOWN[figure], strict=True):
        own = [
            row
            for row in rows
            if (row["variance"], row["figure"], row["interval"], row["freedom"])
            == ("linearised", figure, kind, freedom)
        ]
        for cases in dict.fromkeys(row["cases"] for row in own):
            # What is not given holds nothing: a reader of the table is left without.
            held = [row["coverage"] * row["given"] / 100 for row in own if row["cases"] == cases]
            found.append(
                {"interval": name, "cases": str(cases), "lowest": min(held), "highest": max(held)}
                | {"clipped": max(min(held), LEAST)}
            )
    return found


def _panel(figure: str, ranges: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    inks = theme("light")
    kinds = [" ".join(each) for each in SHOWN[figure]]
    colour = {
        "field": "interval",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": list(NAMES), "range": list(inks.series[:2])},
    }
    across = {
        "field": "cases",
        "type": "ordinal",
        "sort": None,
        "title": "expected persons of the group in the sample",
        "axis": {"labelAngle": 0},
    }
    up = {
        "field": "clipped",
        "type": "quantitative",
        "title": "coverage, %",
        "scale": {"domain": [LEAST, 100], "clamp": True},
    }
    limits = [{"limit": 93}, {"limit": 97}]
    return {
        "title": f"{figure}: left {kinds[0]}, right {kinds[1]}",
        "width": SIDE,
        "height": SIDE,
        "layer": [
            {
                "data": {"values": limits},
                "mark": {"type": "rule", "strokeDash": [4, 3], "color": inks.text},
                "encoding": {"y": {"field": "limit", "type": "quantitative", "scale": up["scale"]}},
            },
            {
                "data": {"values": list(ranges)},
                "mark": {"type": "bar", "size": 11},
                "encoding": {
                    "x": across,
                    "xOffset": {"field": "interval", "sort": None},
                    "y": up,
                    "y2": {"field": "highest"},
                    "color": colour,
                },
            },
        ],
    }
