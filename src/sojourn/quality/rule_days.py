"""A residence rule in days: the threshold that it asks for, and the longest that its window can be."""

from __future__ import annotations

from sojourn.concepts.frameworks import ResidenceRule, Unit

__all__ = ["threshold_days", "window_days"]


def threshold_days(rule: ResidenceRule) -> int:
    """How many days on the new side change residence; months as the days that count as such a stay."""
    return rule.least_days


def window_days(rule: ResidenceRule) -> int:
    """Within how many days at most they are counted; a month has at most 31 days, twelve have at most 366."""
    if rule.unit == Unit.DAYS:
        return rule.window
    years, months = divmod(rule.window, 12)
    return 366 * years + 31 * months
