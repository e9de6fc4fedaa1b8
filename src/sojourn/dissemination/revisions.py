"""Flows by month as they were first published and as they are known now, with what is still open.

For each month there is the first published value, the latest one, the interval around the latest where there
is one, and a thin line over all that was published between. Months that are not final yet are hollow and lie
on a grey ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pyarrow as pa

from sojourn.dissemination.charts import Chart, Inks, theme
from sojourn.dissemination.fonts import FONT_STACK
from sojourn.dissemination.legends import ROW, Entry, Ground, layer, legend
from sojourn.dissemination.wording import Wording

__all__ = ["FLOWS", "PublishedMonth", "published_months", "revision_chart"]

FLOWS = ("immigration", "emigration", "net")
_HEIGHT = 190


@dataclass(frozen=True)
class PublishedMonth:
    """One month of one flow: what was said of it first, at least, at most, and latest.

    `lower` and `upper` are the interval around the latest value, None where it has none.
    """

    flow: str
    month: str
    first: float
    least: float
    most: float
    latest: float
    lower: float | None
    upper: float | None
    is_final: bool


def published_months(figures: pa.Table) -> list[PublishedMonth]:
    """The months of a table of vintages, by flow and time.

    `figures` has time_period (2024-03, or a day in it), vintage (in order of publication) and value, and may
    have lower, upper, flow (one of FLOWS, else all are net), latest (the newest value, of whichever vintage)
    and is_final. A month is final when its latest row says so; without `is_final`, when nothing is left
    between lower and upper.
    """
    rows = sorted(map(_row, figures.to_pylist()), key=lambda row: row[:3])
    found = []
    for (flow, month), group in groupby(rows, key=lambda row: row[:2]):
        vintages = [figure for *_, figure in group if figure["value"] is not None]
        if vintages:
            found.append(_published(flow, month, vintages))
    order = {name: place for place, name in enumerate(FLOWS)}
    return sorted(found, key=lambda each: (order.get(each.flow, len(order)), each.month))


def _row(figure: dict[str, Any]) -> tuple[str, str, str, dict[str, Any]]:
    return str(figure.get("flow") or "net"), str(figure["time_period"])[:7], str(figure["vintage"]), figure


def _published(flow: str, month: str, vintages: list[dict[str, Any]]) -> PublishedMonth:
    """A month of one flow from its figures in order of publication."""
    last = vintages[-1]
    values = [figure["value"] for figure in vintages]
    if last.get("latest") is not None:
        values.append(last["latest"])
    lower, upper = last.get("lower"), last.get("upper")
    has_interval = lower is not None and upper is not None and lower < upper
    is_final = last["is_final"] if last.get("is_final") is not None else not has_interval
    interval = (None, None) if is_final or not has_interval else (lower, upper)
    return PublishedMonth(
        flow, month, values[0], min(values), max(values), values[-1], *interval, is_final=is_final
    )


def revision_chart(
    months: Sequence[PublishedMonth],
    words: Wording,
    *,
    inks: Inks | None = None,
    is_narrow: bool = False,
) -> Chart:
    """Draw the flows, a panel for each flow.

    Raises: ValueError where there are no months.
    """
    if not months:
        raise ValueError("Flows without months cannot be drawn.")
    ground = Ground(250 if is_narrow else 620, words, inks or theme("light"))
    panels = [_panel(ground, list(group)) for _, group in groupby(months, key=lambda each: each.flow)]
    specification = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "padding": 6,
        "background": ground.inks.ground,
        "vconcat": [*panels, _legend(ground)],
        "spacing": 22,
        "config": {"font": FONT_STACK, "view": {"stroke": None}},
    }
    return Chart(specification, words("revision.title"), _summary(months, words), len(months), len(months))


def _panel(ground: Ground, months: list[PublishedMonth]) -> dict[str, Any]:
    flow = months[0].flow
    name = ground.words(f"revision.{flow}") if flow in FLOWS else flow
    title = {
        "text": name, "anchor": "end" if ground.words.is_rtl else "start", "fontSize": 13, "fontWeight": 600,
        "color": ground.inks.text, "offset": 8,
    }  # fmt: skip
    return {
        "width": ground.width,
        "height": _HEIGHT,
        "title": title,
        "layer": _layers(ground, months),
    }


def _layers(ground: Ground, months: list[PublishedMonth]) -> list[dict[str, Any]]:
    inks = ground.inks
    x = _months_axis(ground, months)
    rows = [vars(each) for each in months]
    final = [row for row in rows if row["is_final"]]
    open_rows = [row for row in rows if not row["is_final"]]
    band = [row for row in rows if row["lower"] is not None]
    point = {"type": "point", "size": 34, "opacity": 1, "stroke": inks.series[0], "strokeWidth": 1.75}
    return [
        layer({"type": "bar", "width": {"band": 1}, "color": inks.land, "opacity": 0.7}, {"x": x}, open_rows),
        layer(
            {"type": "bar", "width": {"band": 0.62}, "color": inks.series[0], "opacity": 0.25},
            {"x": x, "y": _values(ground, "lower"), "y2": {"field": "upper"}},
            band,
        ),
        layer(
            {"type": "rule", "color": inks.quiet, "strokeWidth": 1.25},
            {"x": x, "y": _values(ground, "least"), "y2": {"field": "most"}},
            rows,
        ),
        layer(_line(ground), {"x": x, "y": _values(ground, "latest")}, rows),
        layer(_first_mark(ground), {"x": x, "y": _values(ground, "first")}, rows),
        layer({**point, "fill": inks.series[0]}, {"x": x, "y": _values(ground, "latest")}, final),
        layer({**point, "fill": inks.ground}, {"x": x, "y": _values(ground, "latest")}, open_rows),
    ]


def _line(ground: Ground) -> dict[str, Any]:
    return {"type": "line", "color": ground.inks.series[0], "strokeWidth": 2}


def _first_mark(ground: Ground) -> dict[str, Any]:
    """A cross tells the first published value from the others by its shape."""
    ink = {"stroke": ground.inks.series[1], "strokeWidth": 2, "fill": None, "opacity": 1}
    return {"type": "point", "shape": "M-1,-1L1,1M-1,1L1,-1", "size": 30, **ink}


def _months_axis(ground: Ground, months: list[PublishedMonth]) -> dict[str, Any]:
    room = ground.width // 58
    names = [each.month for each in months]
    step = max(1, -(-len(names) // room))
    axis = {
        "title": None, "labelAngle": 0, "ticks": False, "values": names[::step], "labelFontSize": 12,
        "labelColor": ground.inks.text, "domainColor": ground.inks.quiet, "labelPadding": 6,
    }  # fmt: skip
    scale = {"reverse": ground.words.is_rtl, "padding": 0}
    return {"field": "month", "type": "ordinal", "sort": names, "scale": scale, "axis": axis}


def _values(ground: Ground, field: str) -> dict[str, Any]:
    axis = {
        "title": None, "tickCount": 5, "domain": False, "ticks": False, "format": ",~f", "labelFontSize": 12,
        "labelColor": ground.inks.text, "gridColor": ground.inks.rule,
        "orient": "right" if ground.words.is_rtl else "left",
    }  # fmt: skip
    return {"field": field, "type": "quantitative", "scale": {"zero": True, "nice": True}, "axis": axis}


def _legend(ground: Ground) -> dict[str, Any]:
    inks, words = ground.inks, ground.words
    point = {"type": "point", "size": 50, "opacity": 1, "stroke": inks.series[0], "strokeWidth": 1.75}
    entries = [
        Entry(words("revision.latest_final"), {**point, "fill": inks.series[0]}),
        Entry(words("revision.latest_open"), {**point, "fill": inks.ground}),
        Entry(words("revision.first"), {**_first_mark(ground), "size": 50}),
        Entry(words("revision.range"), {"type": "rule", "color": inks.quiet, "strokeWidth": 1.5}),
        Entry(words("revision.interval"), {"type": "rect", "color": inks.series[0], "opacity": 0.25}),
        Entry(words("revision.open"), {"type": "rect", "color": inks.land}),
    ]
    lines = len(entries) if ground.width <= 400 else -(-len(entries) // 2)
    return {"width": ground.width, "height": lines * ROW, "layer": legend(ground, entries, ROW // 2)}


def _summary(months: Sequence[PublishedMonth], words: Wording) -> str:
    """What the picture says in words: how many months, how many open, and how far values moved."""
    moved = [abs(each.latest - each.first) for each in months]
    told = words(
        "revision.summary",
        first=min(each.month for each in months),
        last=max(each.month for each in months),
        mean=words.number(sum(moved) / len(moved)),
    )
    provisional = words.plural("revision.provisional", sum(not each.is_final for each in months))
    return f"{told} {provisional}"
