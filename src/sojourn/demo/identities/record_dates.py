"""Birth dates as a source writes them: ISO texts, with what is unknown, turned round or mistyped."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.demo.country import Integers
from sojourn.demo.identities.rates import LINKAGE_RATES, chosen
from sojourn.demo.people import Flags, Rng

__all__ = ["written_dates"]

_FIRST_YEAR, _YEARS = 1850, 250


def _texts(year: Integers, month: Integers, day: Integers) -> pa.StringArray:
    years = pa.array([str(_FIRST_YEAR + at) for at in range(_YEARS)])
    two_digits = pa.array([f"{number:02d}" for number in range(32)])
    return pc.binary_join_element_wise(
        years.take(pa.array(year - _FIRST_YEAR)),
        two_digits.take(pa.array(month)),
        two_digits.take(pa.array(day)),
        "-",
    )


def _slipped(
    rng: Rng, picked: Flags, year: Integers, month: Integers, day: Integers
) -> tuple[Integers, Integers, Integers]:
    """One of day, month or year wrong by a little, or the year by ten."""
    size = len(picked)
    kind = rng.integers(0, 4, size)
    step = np.where(rng.random(size) < 0.5, 1, -1)
    other_day = np.where((day + step >= 1) & (day + step <= 28), day + step, np.where(day > 2, day - 2, 3))
    other_month = np.where((month + step >= 1) & (month + step <= 12), month + step, month - step)
    day = np.where(picked & (kind == 0), other_day, day)
    moved = picked & (kind == 1)
    month = np.where(moved, other_month, month)
    day = np.where(moved, np.minimum(day, 28), day)
    year = year + step * (picked & (kind == 2)) + 10 * step * (picked & (kind == 3))
    # The 29th of February exists in no other year near by.
    day = np.where(picked & (kind >= 2) & (month == 2), np.minimum(day, 28), day)
    return year, month, day


def written_dates(
    rng: Rng, source: str, papers_day: Integers
) -> tuple[pa.StringArray, dict[str, Flags], dict[str, Flags]]:
    """Texts of birth dates, their flaws and who could have them; each record has one flaw at most."""
    dates = papers_day.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    year = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    day = (dates - months).astype(np.int64) + 1
    is_known = (month != 1) | (day != 1)
    free = np.ones(len(year), dtype=bool)
    flaws: dict[str, Flags] = {}
    able: dict[str, Flags] = {}
    for flaw, possible in (
        ("birth_date_null", free),
        ("born_first_january", is_known),
        ("day_and_month_unknown", free),
        ("day_and_month_swapped", (day <= 12) & (day != month)),
        ("birth_date_slip", is_known),
    ):
        if flaw in LINKAGE_RATES[source]:
            able[flaw] = possible & free
            flaws[flaw] = chosen(rng.random(len(year)), able[flaw], source, flaw)
            free = free & ~flaws[flaw]
    none = np.zeros(len(year), dtype=bool)
    first = flaws.get("born_first_january", none)
    unknown = flaws.get("day_and_month_unknown", none)
    swapped = flaws.get("day_and_month_swapped", none)
    year, month, day = _slipped(rng, flaws.get("birth_date_slip", none), year, month, day)
    month, day = np.where(swapped, day, month), np.where(swapped, month, day)
    month = np.where(first, 1, np.where(unknown, 0, month))
    day = np.where(first, 1, np.where(unknown, 0, day))
    texts = _texts(year, month, day)
    missing = flaws.get("birth_date_null", none)
    return pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), texts), flaws, able
