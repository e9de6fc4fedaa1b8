"""Legends whose samples are the marks themselves: shape, line and pattern, not colour alone.

A legend is layers of a drawing that lie at fixed pixels, below its axis or in a drawing of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sojourn.dissemination.charts import Inks
from sojourn.dissemination.wording import Wording

__all__ = ["ROW", "Entry", "Ground", "layer", "legend"]

ROW = 21
_SAMPLE = 26


@dataclass(frozen=True)
class Ground:
    """What parts of a drawing share: its width in pixels, its words and its colours."""

    width: int
    words: Wording
    inks: Inks

    def across(self, pixels: float) -> dict[str, Any]:
        """A place so many pixels from the side on which reading begins."""
        return {"value": self.width - pixels if self.words.is_rtl else pixels}

    @property
    def start(self) -> str:
        """The alignment of text that begins where reading begins."""
        return "right" if self.words.is_rtl else "left"


@dataclass(frozen=True)
class Entry:
    """A line of a legend: a mark, and what it means; `thickness` is the height of a bar in pixels."""

    text: str
    mark: dict[str, Any]
    thickness: int = 14


def layer(
    mark: dict[str, Any], encoding: dict[str, Any], rows: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """A layer with rows of its own; without them it has a single mark."""
    return {"data": {"values": rows if rows is not None else [{}]}, "mark": mark, "encoding": encoding}


def legend(ground: Ground, entries: Sequence[Entry], top: int) -> list[dict[str, Any]]:
    """The lines of a legend from so many pixels below the top, in two columns where there is room."""
    columns = 2 if ground.width > 400 else 1
    layers = []
    for place, entry in enumerate(entries):
        across, height = ground.width / columns * (place % columns), top + ROW * (place // columns)
        layers.append(_sample(ground, entry, across, height))
        text = {
            "type": "text", "text": entry.text, "align": ground.start, "fontSize": 12, "baseline": "middle",
            "color": ground.inks.text,
        }  # fmt: skip
        layers.append(layer(text, {"x": ground.across(across + _SAMPLE + 8), "y": {"value": height}}))
    return layers


def _sample(ground: Ground, entry: Entry, across: float, height: float) -> dict[str, Any]:
    if entry.mark["type"] in ("point", "text"):
        return layer(entry.mark, {"x": ground.across(across + _SAMPLE / 2), "y": {"value": height}})
    ends = {"x": ground.across(across), "x2": ground.across(across + _SAMPLE)}
    if entry.mark["type"] == "rule":
        return layer(entry.mark, {**ends, "y": {"value": height}})
    half = entry.thickness / 2
    return layer(entry.mark, {**ends, "y": {"value": height - half}, "y2": {"value": height + half}})
