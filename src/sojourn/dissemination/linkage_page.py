"""The quality report of a linkage as one page for staff, whole in itself and without a script."""

from __future__ import annotations

from sojourn.dissemination.linkage_figures import LinkageFigures
from sojourn.dissemination.linkage_sections import bias, gaps, glance, groups, reading
from sojourn.dissemination.quality_page import rendered

__all__ = ["LinkageFigures", "linkage_page"]


def linkage_page(figures: LinkageFigures) -> bytes:
    """The page, in UTF-8."""
    words = figures.words
    sections = [glance(figures), gaps(figures), *groups(figures), bias(figures), reading(figures)]
    named = sum(row["is_gap"] and row["difference"] < 0 for row in figures.gaps)
    facts = [
        (words("linkage.fact.sources"), words.listed(list(figures.sources))),
        (words("linkage.fact.keys"), words.number(figures.all_keys)),
        (words("linkage.fact.gaps"), words.number(named)),
    ]
    return rendered(
        words,
        title=words("linkage.title"),
        staff=words("linkage.staff"),
        foot=words("linkage.foot"),
        facts=facts,
        sections=sections,
    )
