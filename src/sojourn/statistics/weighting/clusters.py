"""The variance of sums over a sample, from how the sums of its sampling units differ within strata."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import DataRefused
from sojourn.statistics.weighting.auxiliaries import require_columns
from sojourn.statistics.weighting.crossings import codes_of, crossing

__all__ = ["SamplingUnits", "sampling_units"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class SamplingUnits:
    """The sampling unit of each record and the stratum of each unit, drawn as if with replacement."""

    def __init__(self, unit: Integers, stratum_of_unit: Integers) -> None:
        self.unit, self._stratum = unit, stratum_of_unit
        self._units = np.bincount(stratum_of_unit).astype(np.float64)

    def covariances(self, contributions: Floats) -> Floats:
        """The covariances of sums; `contributions` are records × sums, each weight times score.

        Source: M. Hansen, W. Hurwitz and W. Madow, Sample Survey Methods and Theory, 1953: ultimate clusters.
        """
        sums = np.column_stack(
            [np.bincount(self.unit, column, len(self._stratum)) for column in contributions.T]
        )
        means = np.column_stack([np.bincount(self._stratum, column) for column in sums.T])
        apart = sums - (means / self._units[:, None])[self._stratum]
        scale = (self._units / (self._units - 1))[self._stratum]
        found: Floats = (apart * scale[:, None]).T @ apart
        return found


def sampling_units(records: pa.Table, *, stratum: str | None, unit: str | None) -> SamplingUnits:
    """The sampling units of records: codes of the column `unit` within `stratum`; else each record is one.

    Raises: ProjectError for columns; DataRefused for a stratum with one unit, which has no variance.
    """
    names = [name for name in (stratum, unit) if name is not None]
    require_columns(records, names)
    of_stratum, _ = crossing(codes_of(records, [] if stratum is None else [stratum]), len(records))
    of_unit = np.arange(len(records))
    if unit is not None:
        of_unit, _ = crossing(codes_of(records, names), len(records))
    units = int(of_unit.max(initial=-1)) + 1
    of_unit_stratum = np.zeros(units, np.int64)
    of_unit_stratum[of_unit] = of_stratum
    alone = int((np.bincount(of_unit_stratum) == 1).sum())
    if alone:
        raise DataRefused(
            f"{alone:,} strata have one sampling unit, of which no variance can be told.",
            "Join them with strata like them, in a column of their own.",
        )
    return SamplingUnits(of_unit, of_unit_stratum)
