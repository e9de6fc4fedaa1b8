"""Small areas: estimates where a sample alone is too small, by area-level and unit-level models.

`fay_herriot` draws direct estimates of areas towards what is known of the areas; `nested_error` works from
units, by their sums (`unit_sums`). Both return estimates with mean-squared errors, which `benchmarked` makes
add up, `diagnostics` judges, and `small_area_table` lays out, marked as modelled.
"""

from sojourn.statistics.small_areas.area_level import AreaData, AreaModel, Bootstrap, fay_herriot
from sojourn.statistics.small_areas.area_variance import Method
from sojourn.statistics.small_areas.benchmarking import (
    Benchmarked,
    Level,
    benchmarked,
    direct_level,
    given_level,
)
from sojourn.statistics.small_areas.diagnostics import Diagnostics, coefficient_table, diagnostics
from sojourn.statistics.small_areas.estimates import AreaEstimates, ModelFit
from sojourn.statistics.small_areas.results import small_area_table
from sojourn.statistics.small_areas.smoothing import SmoothedVariances, smoothed_variances
from sojourn.statistics.small_areas.unit_level import Population, nested_error
from sojourn.statistics.small_areas.unit_sums import UnitSums, unit_sums
from sojourn.statistics.small_areas.unit_variance import UnitMethod

__all__ = [
    "AreaData",
    "AreaEstimates",
    "AreaModel",
    "Benchmarked",
    "Bootstrap",
    "Diagnostics",
    "Level",
    "Method",
    "ModelFit",
    "Population",
    "SmoothedVariances",
    "UnitMethod",
    "UnitSums",
    "benchmarked",
    "coefficient_table",
    "diagnostics",
    "direct_level",
    "fay_herriot",
    "given_level",
    "nested_error",
    "small_area_table",
    "smoothed_variances",
    "unit_sums",
]
