"""The parts of a linkage score as a picture: what speaks for one person, what against, and where it ends.

The picture names fields and how they agree, never what stands in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sojourn.dissemination.charts import Chart, theme
from sojourn.dissemination.fonts import FONT_STACK

__all__ = ["ScorePart", "score_chart"]


@dataclass(frozen=True)
class ScorePart:
    """One part of a score: what it is of, how the two records agree in it, and its weight in bits."""

    part: str
    level: str
    bits: float


def score_chart(parts: Sequence[ScorePart], probability: float) -> Chart:
    """Draw how a score comes about, from what any two records have to the end, one bar a part."""
    inks = theme("light")
    rows, reached = [], 0.0
    for place, part in enumerate(parts):
        name = f"{part.part}: {part.level}" if part.level else part.part
        rows.append(
            {
                "place": place,
                "name": name,
                "from": reached,
                "to": reached + part.bits,
                "speaks": "for" if part.bits > 0 else "against",
                "bits": f"{part.bits:+.1f}",
            }
        )
        reached += part.bits
    rows.append(
        {"place": len(parts), "name": "in all", "from": 0.0, "to": reached, "speaks": "in all",
         "bits": f"{reached:+.1f}"}
    )  # fmt: skip
    lane = {"field": "name", "type": "nominal", "sort": {"field": "place"}, "title": None}
    title = f"Two records are one person with a probability {_in_percent(probability)}"
    length = {
        "type": "quantitative",
        "title": "bits (each doubles the odds)",
        "axis": {"gridColor": inks.rule},
    }
    specification = {
        "width": 460,
        "height": {"step": 24},
        "padding": 16,
        "title": {"text": title, "anchor": "start", "color": inks.text, "fontWeight": 600},
        "data": {"values": rows},
        "encoding": {"y": {**lane, "axis": {"labelLimit": 260, "labelColor": inks.text}}},
        "layer": [
            {
                "mark": {"type": "bar", "height": 13},
                "encoding": {
                    "x": {"field": "from", **length},
                    "x2": {"field": "to"},
                    "color": {
                        "field": "speaks",
                        "type": "nominal",
                        "scale": {
                            "domain": ["for", "against", "in all"],
                            "range": [inks.series[0], inks.series[1], inks.quiet],
                        },
                        "legend": {"title": None, "orient": "top"},
                    },
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "color": inks.text},
                "encoding": {
                    "x": {"value": 462},
                    "text": {"field": "bits", "type": "nominal"},
                },
            },
        ],
        "config": {"font": FONT_STACK, "background": inks.ground, "view": {"stroke": None}},
    }
    summary = "; ".join(f"{row['name']} {row['bits']}" for row in rows)
    return Chart(specification, title, summary, len(rows), len(rows))


def _in_percent(probability: float) -> str:
    """A probability in words; drawings shorten decimals, so it has none."""
    percent = round(100 * probability)
    if percent in (0, 100):
        return "below 1 %" if percent == 0 else "above 99 %"
    return f"of {percent} %"
