"""The table of small areas: one row for each area, direct and modelled side by side, marked as what it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.contracts.aggregates import SmallAreaEstimate
from sojourn.statistics.small_areas.benchmarking import Benchmarked
from sojourn.statistics.small_areas.estimates import AreaEstimates
from sojourn.statistics.small_areas.smoothing import SmoothedVariances

__all__ = ["CODES", "small_area_table"]

Floats = npt.NDArray[np.float64]
CODES = {"area": "EBA", "unit": "EBU", "pseudo": "EBW"}
SYNTHETIC = "SYN"


def small_area_table(
    found: AreaEstimates,
    *,
    sample_size: Floats | None = None,
    direct_variance: Floats | None = None,
    smoothed: SmoothedVariances | None = None,
    benchmark: Benchmarked | None = None,
) -> pa.Table:
    """SmallAreaEstimate rows in the order of the areas.

    `direct_variance` are the variances as they were given, where the model took smoothed ones. What an area
    does not have is null: no sample, no direct estimate, no benchmark.
    """
    given = found.direct_variance if direct_variance is None else direct_variance
    is_synthetic = found.kept == 0
    method = np.where(is_synthetic, SYNTHETIC, CODES[found.kind])
    size = np.full(len(found.areas), np.nan) if sample_size is None else sample_size
    replaced = np.zeros(len(found.areas), bool) if smoothed is None else smoothed.is_smoothed
    nothing = np.full(len(found.areas), np.nan)
    columns = {
        "area": pa.array(found.areas, pa.string()),
        "direct": _numbers(found.direct),
        "direct_variance": _numbers(np.where(np.isfinite(found.direct), given, np.nan)),
        "direct_cv": _numbers(_variation(found.direct, given)),
        "sample_size": _numbers(size),
        "variance_used": _numbers(np.where(np.isfinite(found.direct), found.direct_variance, np.nan)),
        "is_smoothed": pa.array(replaced),
        "estimate": _numbers(found.estimate),
        "mse": _numbers(found.mse),
        "cv": _numbers(_variation(found.estimate, found.mse)),
        "lower": _numbers(found.lower),
        "upper": _numbers(found.upper),
        "gamma": _numbers(found.kept),
        "residual": _numbers(found.residuals),
        "is_modelled": pa.array([True] * len(found.areas)),
        "is_synthetic": pa.array(is_synthetic),
        "method": pa.array(method.tolist(), pa.string()),
        "benchmarked": _numbers(nothing if benchmark is None else benchmark.estimate),
        "benchmarked_mse": _numbers(nothing if benchmark is None else benchmark.mse),
        "benchmarked_lower": _numbers(nothing if benchmark is None else benchmark.lower),
        "benchmarked_upper": _numbers(nothing if benchmark is None else benchmark.upper),
    }
    return SmallAreaEstimate.conform(pa.table(columns))


def _variation(values: Floats, squares: Floats) -> Floats:
    """Coefficients of variation in per cent; none of a value of zero."""
    some = np.isfinite(values) & (values != 0) & np.isfinite(squares)
    found = np.full(len(values), np.nan)
    found[some] = 100 * np.sqrt(squares[some]) / np.abs(values[some])
    return found


def _numbers(values: Floats) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)
