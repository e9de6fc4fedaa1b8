"""A residence rule in days: the threshold that it asks for, and the longest that its window can be."""

from __future__ import annotations

from sojourn.concepts.frameworks import ResidenceRule

__all__ = ["threshold_days", "window_days"]


def threshold_days(rule: ResidenceRule) -> int:
    """How many days on the new side change residence."""
    return rule.days_present


def window_days(rule: ResidenceRule) -> int:
    """Within how many days at most they are counted."""
    return rule.window_days
