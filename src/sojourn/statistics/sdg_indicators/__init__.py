"""SDG indicators by migratory status: from a survey's or census's records, or from aggregates.

Records become standard variables (`standard_records`); declared series become figures, each judged by a
publication profile (`sdg_figures`); and every indicator of the table is accounted for (`sdg_outcomes`).
"""

from sojourn.statistics.sdg_indicators.breakdowns import Breakdown
from sojourn.statistics.sdg_indicators.figures import Computed, sdg_figures
from sojourn.statistics.sdg_indicators.outcomes import sdg_outcomes, sdg_subset
from sojourn.statistics.sdg_indicators.profiles import Profile, Thresholds
from sojourn.statistics.sdg_indicators.series import Ages, Series
from sojourn.statistics.sdg_indicators.variables import standard_records

__all__ = [
    "Ages",
    "Breakdown",
    "Computed",
    "Profile",
    "Series",
    "Thresholds",
    "sdg_figures",
    "sdg_outcomes",
    "sdg_subset",
    "standard_records",
]
