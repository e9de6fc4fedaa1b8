"""People in the register by year, group and residence, and what a truth sample makes of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from sojourn.errors import DataRefused
from sojourn.integration.register_population import RegisterCounts, TruthCounts, register_population
from sojourn.integration.residence_truth import JudgedSample
from sojourn.integration.residency_index import IndexRule

__all__ = ["GENERAL", "population_table"]

# How the figures call people for whom the general rule holds: they are in none of the declared groups.
GENERAL = "_Z"
_CODES = ("R", "N", "_U")
_FROM_THE_SAMPLE = (
    "sensitivity", "specificity", "population", "standard_error", "lower", "upper", "overcoverage",
    "overcoverage_lower", "overcoverage_upper",
)  # fmt: skip


def population_table(
    counts: Mapping[tuple[int, str | None, str], int],
    rule: IndexRule,
    sample: JudgedSample | None,
    correction: str,
) -> pa.Table:
    """A row for each year and group, and for all (`_T`): what `register_population` gives, and the year.

    `counts` says how many people of a year and group (null: the general rule) have which residence. Years
    without a truth sample have counts only.
    """
    tables = []
    for year in sorted({year for year, _, _ in counts}):
        groups = (None, *rule.groups)
        people = np.array(
            [[counts.get((year, group, code), 0) for code in _CODES] for group in groups], float
        )
        truth = _truth(sample, year, people.shape)
        kept = people.sum(axis=1) > 0
        names = tuple(group or GENERAL for group, has in zip(groups, kept, strict=True) if has)
        of_year = _corrected(
            RegisterCounts(names, people[kept]),
            TruthCounts(truth.living_here[kept], truth.living_elsewhere[kept]),
            correction,
        )
        tables.append(of_year.add_column(0, "year", pa.array([year] * len(of_year), pa.int64())))
    return pa.concat_tables(tables) if tables else pa.table({"year": [], "group": []})


def _truth(sample: JudgedSample | None, year: int, shape: tuple[int, ...]) -> TruthCounts:
    if sample is None:
        return TruthCounts(np.zeros(shape), np.zeros(shape))
    return sample.counts(year)


def _corrected(people: RegisterCounts, truth: TruthCounts, correction: str) -> pa.Table:
    if truth.people.sum() > 0:
        try:
            return register_population(people, truth, method=correction)
        except ValueError as error:
            raise DataRefused(str(error), "Look at the truth sample, or correct in the other way.") from error
    without = register_population(people, truth)
    for name in _FROM_THE_SAMPLE:
        place = without.column_names.index(name)
        without = without.set_column(place, name, pa.nulls(len(without), pa.float64()))
    return without
