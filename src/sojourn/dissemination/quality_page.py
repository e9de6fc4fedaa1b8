"""The quality report of border crossings as one page: tables, pictures with their tables, no script.

The page is whole in itself, is read on a phone and on paper and in either direction, and is for staff.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sojourn.dissemination.charts import Chart, svg_of
from sojourn.dissemination.quality_layout import Drawing, Section
from sojourn.dissemination.quality_measures import Measures
from sojourn.dissemination.quality_results import intention, permits, sensitivity
from sojourn.dissemination.quality_sections import at_a_glance, balance, partners, stock, unresolved
from sojourn.dissemination.wording import Wording

__all__ = ["Taken", "quality_page", "rendered"]


@dataclass(frozen=True)
class Taken:
    """How the measures were taken: the rule in days, the days observed, and those compared between rules."""

    days_present: int
    window_days: int
    observed: tuple[datetime.date, datetime.date]
    comparable: tuple[datetime.date, datetime.date] | None


def quality_page(measures: Measures, taken: Taken) -> bytes:
    """The page, in UTF-8."""
    words = measures.words
    made = (
        at_a_glance(measures),
        partners(measures),
        balance(measures),
        unresolved(measures),
        stock(measures),
        intention(measures, taken.days_present),
        permits(measures),
        sensitivity(measures),
    )
    sections = [section for section in made if section is not None]
    return rendered(
        words,
        title=words("quality.title"),
        staff=words("quality.staff", few=words.isolated(measures.few)),
        foot=words("quality.foot"),
        facts=_facts(measures, taken),
        sections=sections,
    )


def rendered(
    words: Wording,
    *,
    title: str,
    staff: str,
    foot: str,
    facts: Sequence[tuple[str, str]],
    sections: Sequence[Section],
) -> bytes:
    """A report with its title, its warning to staff, facts and sections as one page, in UTF-8."""
    page = _environment().get_template("quality-report.html")
    return page.render(
        words=words,
        title=title,
        staff=staff,
        foot=foot,
        facts=list(facts),
        sections=[_shown(section, words, place) for place, section in enumerate(sections)],
    ).encode()


def _facts(measures: Measures, taken: Taken) -> Sequence[tuple[str, str]]:
    words = measures.words
    rule = words(
        "quality.rule", days=words.number(taken.days_present), window=words.number(taken.window_days)
    )
    facts = [
        (words("quality.fact.rule"), rule),
        (words("quality.fact.observed"), _days(taken.observed, words)),
        (words("quality.fact.records"), measures.count("usable", of="denominator")),
        (words("quality.fact.persons"), measures.count("initial-state-inferred", of="denominator")),
    ]
    compared = words("quality.fact.too_short") if taken.comparable is None else _days(taken.comparable, words)
    return [*facts, (words("quality.fact.compared"), compared)]


def _days(days: tuple[datetime.date, datetime.date], words: Wording) -> str:
    return words("quality.days", first=words.day(days[0]), last=words.day(days[1]))


def _shown(section: Section, words: Wording, place: int) -> dict[str, Any]:
    """A section as the template wants it: its drawings as SVG, one wide and one for a phone."""
    pictures = [
        {
            "caption": drawing.caption,
            "wide": _svg(drawing, words, f"w{place}-{number}", is_narrow=False),
            "narrow": _svg(drawing, words, f"n{place}-{number}", is_narrow=True),
        }
        for number, drawing in enumerate(section.drawings)
    ]
    return {**vars(section), "drawings": pictures}


def _svg(drawing: Drawing, words: Wording, name: str, *, is_narrow: bool) -> Markup:
    chart: Chart = drawing.draw(is_narrow)
    return Markup(svg_of(chart, words, name=name).decode())  # noqa: S704  drawn here, texts escaped there


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("sojourn.dissemination", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
