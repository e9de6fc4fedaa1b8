"""Rates by density for strata on a plain file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from sojourn.errors import DataRefused, Problem, shown
from sojourn.production.survey_reading import survey_rows
from sojourn.production.table_files import require_targets, write_table
from sojourn.sources.sampling.density import DensityPlan, density_plan

__all__ = ["density_file"]

COLUMNS = {"stratum": "any", "units": "whole", "prevalence": "number"}


def density_file(
    strata: Path,
    target: Path,
    *,
    screening: float,
    interview: float,
    budget: float | None = None,
    effective: float | None = None,
) -> DensityPlan:
    """Write the best rates of strata by density, and return the plan.

    Raises: ProjectError for a target that exists, or numbers that make no plan; DataRefused when a column is
    missing or a number is.
    """
    require_targets(target)
    table = survey_rows(strata, COLUMNS)
    if table["units"].null_count or table["prevalence"].null_count or not len(table):
        message = "a stratum has no units or no prevalence, or there is none."
        raise DataRefused(Problem(shown(strata.name), None, message, "Guess it from a census or a register."))
    plan = density_plan(
        table["units"].to_numpy().astype(np.float64), table["prevalence"].to_numpy().astype(np.float64),
        screening=screening, interview=interview, budget=budget, effective=effective,
    )  # fmt: skip
    columns = {"rate": plan.rates, "screened": plan.screened, "found": plan.found}
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    write_table(table, target)
    return plan
