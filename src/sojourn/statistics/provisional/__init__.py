"""Provisional migration figures: crossings that are not decided yet are counted by their probability.

`provisional_figures` makes the newest vintage; `replayed` makes one month's end after the other, so that
revisions and intervals can be judged; `propensity` is the simpler method that stands beside it.
"""

from sojourn.statistics.provisional.figures import (
    ProvisionalFigures,
    earliest_vintage,
    latest_flows,
    provisional_figures,
)
from sojourn.statistics.provisional.histories import Histories, histories, month_of, month_text
from sojourn.statistics.provisional.probabilities import LearningWindow, probabilities
from sojourn.statistics.provisional.propensity import Reading, propensity
from sojourn.statistics.provisional.revisions import TRIANGLE, revision_summary, revision_triangle
from sojourn.statistics.provisional.totals import monthly_totals
from sojourn.statistics.provisional.vintages import Vintage, replayed, vintage

__all__ = [
    "TRIANGLE",
    "Histories",
    "LearningWindow",
    "ProvisionalFigures",
    "Reading",
    "Vintage",
    "earliest_vintage",
    "histories",
    "latest_flows",
    "month_of",
    "month_text",
    "monthly_totals",
    "probabilities",
    "propensity",
    "provisional_figures",
    "replayed",
    "revision_summary",
    "revision_triangle",
    "vintage",
]
