"""One travel history as a picture: where the person was, where they lived, and when that became certain.

Time runs along the picture, for readers who go from right to left from right to left. Being here is a thick
bar and being away a thin one; what is unknown or unresolved is hatched; arrivals point down into the bar and
departures up to it. Below, each crossing has a line from its day to the day on which it was certain whether
it changed residence.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sojourn.dissemination.charts import Chart, Inks, theme
from sojourn.dissemination.fonts import FONT_STACK
from sojourn.dissemination.legends import Entry, Ground, layer, legend
from sojourn.dissemination.patterns import HATCHED
from sojourn.dissemination.wording import Wording

__all__ = ["MOST_CROSSINGS", "HistoryCrossing", "history_chart"]

MOST_CROSSINGS = 60
_BEFORE, _AFTER = datetime.timedelta(365), datetime.timedelta(550)
# Where the lanes lie, in pixels from the top.
_WHERE, _LIVED, _CERTAIN = 40, 104, 156
_ROW, _THICK, _THIN = 13, 18, 5
_DOWN, _UP = "triangle-down", "triangle-up"


@dataclass(frozen=True)
class HistoryCrossing:
    """A usable crossing: its day, its direction, and what is decided; None is unresolved.

    `certain_on` is the day on which it was certain whether it changed residence.
    """

    day: datetime.date
    is_arrival: bool
    lived_here_before: bool | None
    lived_here_after: bool | None
    changed_residence: bool | None
    certain_on: datetime.date | None


def history_chart(
    crossings: Sequence[HistoryCrossing],
    *,
    observed: tuple[datetime.date, datetime.date],
    words: Wording,
    inks: Inks | None = None,
    is_narrow: bool = False,
) -> Chart:
    """Draw a history, its crossings in their order; the last MOST_CROSSINGS where there are more.

    Raises: ValueError for a history without crossings.
    """
    if not crossings:
        raise ValueError("A history without crossings cannot be drawn.")
    shown = list(crossings)[-MOST_CROSSINGS:]
    page = _page(shown, observed, words, inks or theme("light"), is_narrow)
    layers = [
        *_lane_titles(page),
        *_where(page, shown),
        *_lived(page, shown),
        *_decisions(page, shown),
        *_legend(page, page.height + 40),
    ]
    specification = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": page.width,
        "height": page.height,
        "padding": {"left": 18, "right": 18, "top": 4, "bottom": 8},
        "background": page.inks.ground,
        "layer": layers,
        "config": {"font": FONT_STACK, "view": {"stroke": None}},
    }
    title = words("history.title")
    return Chart(specification, title, _summary(crossings, observed, words), len(shown), len(crossings))


@dataclass(frozen=True)
class _Page(Ground):
    """What all parts of the drawing share; `rows` crossings stand one below another."""

    first: datetime.date
    last: datetime.date
    rows: int

    @property
    def height(self) -> int:
        """Pixels from the top to the axis of time."""
        return _CERTAIN + 14 + _ROW * self.rows

    def x(self, name: str = "day") -> dict[str, Any]:
        """Time along the picture."""
        inks = self.inks
        scale = {
            "type": "utc",
            "domain": [_moment(self.first), _moment(self.last)],
            "nice": False,
            "clamp": True,
        }
        return {
            "field": name,
            "type": "temporal",
            "scale": {**scale, "reverse": self.words.is_rtl},
            "axis": {
                "title": None, **_ticks((self.last - self.first).days, self.width),
                "labelOverlap": True, "labelColor": inks.text, "labelFontSize": 12, "gridColor": inks.rule,
                "domainColor": inks.quiet, "tickColor": inks.quiet,
            },
        }  # fmt: skip

    def top(self) -> dict[str, Any]:
        """Heights in pixels that differ from row to row."""
        scale = {"domain": [0, self.height], "range": [0, self.height], "nice": False, "zero": False}
        return {"field": "top", "type": "quantitative", "scale": scale, "axis": None}


def _page(
    shown: Sequence[HistoryCrossing],
    observed: tuple[datetime.date, datetime.date],
    words: Wording,
    inks: Inks,
    is_narrow: bool,
) -> _Page:
    """Time from a year before the first crossing to a year and a half after the last, as far as observed."""
    first = max(observed[0], shown[0].day - _BEFORE)
    last = min(observed[1], shown[-1].day + _AFTER)
    return _Page(300 if is_narrow else 640, words, inks, first, last, len(shown))


def _ticks(days: int, width: int) -> dict[str, Any]:
    """Years, or months in a short history, as far apart as their labels need."""
    room = width // 64
    if days > 1600:
        step, form = {"interval": "year", "step": -(-days // 365 // room)}, "%Y"
    else:
        months = next(it for it in (1, 2, 3, 6, 12) if days / 30 / it <= room or it == 12)
        step, form = {"interval": "month", "step": months}, "%Y-%m"
    return {"tickCount": step, "labelExpr": f"utcFormat(datum.value, '{form}')"}


def _at(pixels: float) -> dict[str, Any]:
    return {"value": pixels}


def _moment(day: datetime.date) -> int:
    """Milliseconds since 1970, as drawings count time."""
    return (day - datetime.date(1970, 1, 1)).days * 86_400_000


def _lane_titles(page: _Page) -> list[dict[str, Any]]:
    return [
        layer(
            {"type": "text", "text": page.words(key), "align": page.start, "fontSize": 12.5,
             "fontWeight": 600, "color": page.inks.text, "baseline": "alphabetic"},
            {"x": page.across(0), "y": _at(top)},
        )
        for key, top in (
            ("history.where", _WHERE - 28),
            ("history.lived", _LIVED - 16),
            ("history.certain", _CERTAIN - 4),
        )
    ]  # fmt: skip


def _bars(
    page: _Page, spans: list[dict[str, Any]], middle: float, thickness: float, **mark: Any
) -> dict[str, Any]:
    bar = {"type": "bar", "clip": True, "stroke": page.inks.text, "strokeWidth": 1, **mark}
    encoding = {
        "x": page.x("since"), "x2": {"field": "until"},
        "y": _at(middle - thickness / 2), "y2": _at(middle + thickness / 2),
    }  # fmt: skip
    return layer(bar, encoding, spans)


def _span(since: datetime.date, until: datetime.date) -> dict[str, Any]:
    return {"since": _moment(since), "until": _moment(until)}


def _where(page: _Page, crossings: Sequence[HistoryCrossing]) -> list[dict[str, Any]]:
    """Where the person was before the first crossing and between crossings, and the crossings themselves."""
    here: list[dict[str, Any]] = []
    away: list[dict[str, Any]] = []
    unknown = []
    first, last = crossings[0], crossings[-1]
    (away if first.is_arrival else here).append(_span(page.first, first.day))
    for crossing, following in pairwise(crossings):
        span = _span(crossing.day, following.day)
        if crossing.is_arrival == following.is_arrival:
            unknown.append(span)
        else:
            (here if crossing.is_arrival else away).append(span)
    (here if last.is_arrival else away).append(_span(last.day, page.last))
    marks = [
        {"day": _moment(each.day), "down": each.is_arrival} for each in crossings if each.day >= page.first
    ]
    return [
        _bars(page, away, _WHERE, _THIN, fill=page.inks.ground),
        _bars(page, here, _WHERE, _THICK, fill=page.inks.series[0]),
        _bars(page, unknown, _WHERE, _THICK, fill=HATCHED),
        _points(page, [each for each in marks if each["down"]], _WHERE - 15, _DOWN),
        _points(page, [each for each in marks if not each["down"]], _WHERE + 15, _UP),
    ]


def _points(page: _Page, rows: list[dict[str, Any]], height: float, shape: str) -> dict[str, Any]:
    return layer(_point(page, shape, 46), {"x": page.x(), "y": _at(height)}, rows)


def _point(page: _Page, shape: str, size: int, fill: str | None = None) -> dict[str, Any]:
    ink = {"fill": fill or page.inks.text, "stroke": page.inks.text, "strokeWidth": 1.2, "opacity": 1}
    return {"type": "point", "shape": shape, "size": size, **ink}


def _lived(page: _Page, crossings: Sequence[HistoryCrossing]) -> list[dict[str, Any]]:
    """Where the person lived, as far as that is decided."""
    states: dict[bool | None, list[dict[str, Any]]] = {True: [], False: [], None: []}
    states[crossings[0].lived_here_before].append(_span(page.first, crossings[0].day))
    for crossing, following in pairwise(crossings):
        states[crossing.lived_here_after].append(_span(crossing.day, following.day))
    states[crossings[-1].lived_here_after].append(_span(crossings[-1].day, page.last))
    return [
        _bars(page, _joined(states[False]), _LIVED, _THIN, fill=page.inks.ground),
        _bars(page, _joined(states[True]), _LIVED, _THICK, fill=page.inks.series[0]),
        _bars(page, _joined(states[None]), _LIVED, _THICK, fill=HATCHED),
    ]


def _joined(spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Spans in order of time; those that touch become one."""
    joined: list[dict[str, Any]] = []
    for span in spans:
        if joined and joined[-1]["until"] >= span["since"]:
            joined[-1] = {**joined[-1], "until": span["until"]}
        else:
            joined.append(span)
    return joined


def _decisions(page: _Page, crossings: Sequence[HistoryCrossing]) -> list[dict[str, Any]]:
    """A line for each crossing, from its day to the day of certainty, or to the end while it is open."""
    lines: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    starts: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    ends: dict[bool | None, list[dict[str, Any]]] = {True: [], False: [], None: []}
    for place, crossing in enumerate(crossings):
        top = {"top": _CERTAIN + 14 + _ROW * place}
        outcome = crossing.changed_residence
        until = page.last if outcome is None else crossing.certain_on or page.last
        starts[crossing.is_arrival].append({"day": _moment(crossing.day), **top})
        lines[outcome is None].append({**_span(crossing.day, until), **top})
        ends[outcome].append({"day": _moment(until), **top})
    at = {"x": page.x(), "y": page.top()}
    return [
        _rules(page, lines[False]),
        _rules(page, lines[True], strokeDash=[3, 3]),
        layer(_point(page, _DOWN, 30), at, starts[True]),
        layer(_point(page, _UP, 30), at, starts[False]),
        layer(_point(page, "diamond", 62), at, ends[True]),
        layer(_point(page, "diamond", 52, page.inks.ground), at, ends[False]),
        layer({**_question(page), "fontSize": 11}, at, ends[None]),
    ]


def _rules(page: _Page, rows: list[dict[str, Any]], **mark: Any) -> dict[str, Any]:
    encoding = {"x": page.x("since"), "x2": {"field": "until"}, "y": page.top()}
    return layer({"type": "rule", "color": page.inks.quiet, "strokeWidth": 1.5, **mark}, encoding, rows)


def _legend(page: _Page, top: int) -> list[dict[str, Any]]:
    """What each mark means."""
    inks, words = page.inks, page.words
    box = {"type": "rect", "stroke": inks.text, "strokeWidth": 1.2}
    entries = (
        Entry(words("history.arrival"), _point(page, _DOWN, 60)),
        Entry(words("history.departure"), _point(page, _UP, 60)),
        Entry(words("history.here"), {**box, "fill": inks.series[0]}),
        Entry(words("history.away"), {**box, "fill": inks.ground}, thickness=_THIN),
        Entry(words("history.unknown"), {**box, "fill": HATCHED}),
        Entry(words("history.changed"), _point(page, "diamond", 60)),
        Entry(words("history.unchanged"), _point(page, "diamond", 60, inks.ground)),
        Entry(words("history.open"), {**_question(page), "dx": 0}),
    )
    return legend(page, entries, top)


def _question(page: _Page) -> dict[str, Any]:
    return {
        "type": "text", "text": page.words("history.question"), "fontSize": 13, "fontWeight": 700,
        "color": page.inks.text, "dx": -7 if page.words.is_rtl else 7,
    }  # fmt: skip


def _summary(
    crossings: Sequence[HistoryCrossing], observed: tuple[datetime.date, datetime.date], words: Wording
) -> str:
    """The picture in words, for those who do not see it."""
    changes = [each for each in crossings if each.changed_residence]
    parts = [
        words(
            "history.summary",
            crossings=words.number(len(crossings)),
            first=words.day(crossings[0].day),
            last=words.day(crossings[-1].day),
            observed=words.day(observed[1]),
        ),
        *(
            words(
                "history.immigrated" if each.is_arrival else "history.emigrated",
                day=words.day(each.day),
                certain=words.day(each.certain_on) if each.certain_on else "",
            )
            for each in changes
        ),
    ]
    undecided = sum(each.changed_residence is None for each in crossings)
    if undecided:
        parts.append(words.plural("history.undecided", undecided))
    return " ".join(parts)
