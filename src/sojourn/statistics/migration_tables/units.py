"""Units of analysis: persons, households, and emigrants with the design of the household that reports them.

A table of emigrants rests on the households that were asked, those without emigrants included: their sampling
units were drawn as well. Households are one row each, whatever the number of members.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sojourn.concepts.migration_tables import TableUnit
from sojourn.contracts.respondents import Household
from sojourn.engine import Relation
from sojourn.engine.microdata import (
    differing_statement,
    households_statement,
    lost_statement,
    reported_statement,
)
from sojourn.errors import ContractBroken, ProjectError
from sojourn.statistics.survey import SurveyDesign, TaylorDesign
from sojourn.statistics.survey.taylor_design import EACH_RECORD

__all__ = ["UnitRecords", "households_of", "reported_emigrants", "with_household_units"]


@dataclass(frozen=True)
class UnitRecords:
    """The records of one unit of analysis: rows with their variables, which of them the source gives, design.

    `records` may hold rows that are nobody: of emigrants, the households that report none. They count for the
    design only, and `is_counted` names the column that tells them apart.
    """

    unit: TableUnit
    records: Relation
    given: frozenset[str]
    design: SurveyDesign
    is_counted: str | None = None


def households_of(rows: Relation, design_columns: Sequence[str] = ()) -> Relation:
    """One row for each household of rows that have columns of Household and those of the design.

    Rows are households, or their members: then all must have the same weight and sampling unit. Members who
    give different answers leave the answer not known, and `members_disagree` is true.

    Raises: ContractBroken for rows without household, and for members whose design differs.
    """
    if "household_id" not in rows.columns:
        raise ProjectError(
            "Households cannot be told apart: there is no household_id.", "Say which column it comes from."
        )
    engine = rows.engine
    found = engine.query(differing_statement(design_columns), {"records": rows}).rows()[0]
    problems = [f"{found[0]:,} records state no household"] if found[0] else []
    problems += [
        f"{name} differs between members of {count:,} households"
        for name, count in zip(design_columns, found[2:], strict=True)
        if count
    ]
    if problems:
        raise ContractBroken(
            f"Households cannot be counted: {'; '.join(problems)}.",
            "Give a file of households with its own weights, or name the column of the household's weight.",
        )
    answers = [name for name in Household.columns if name in rows.columns]
    answers = [name for name in answers if name not in ("record_id", "household_id", "weight")]
    return engine.query(households_statement(answers, design_columns), {"records": rows})


def reported_emigrants(
    households: Relation, emigrants: Relation, design_columns: Sequence[str] = ()
) -> Relation:
    """Emigrants with the design of their household, and a row that is nobody for each household without any.

    The column `is_reported` tells the two apart.

    Raises: ContractBroken for emigrants whose household is not there.
    """
    engine = households.engine
    inputs = {"emigrants": emigrants, "households": households}
    lost = engine.query(lost_statement(), inputs).rows()[0][0]
    if lost:
        raise ContractBroken(
            f"{lost:,} emigrants are reported by households that are not among the households.",
            "Both files must write the number of a household in the same way.",
        )
    return engine.query(reported_statement(emigrants.columns, design_columns), inputs)


def with_household_units(design: SurveyDesign) -> SurveyDesign:
    """The design by which emigrants came: with their household, where records were drawn themselves."""
    if not isinstance(design, TaylorDesign) or design.stages[-1].unit != EACH_RECORD:
        return design
    last = replace(design.stages[-1], unit="household_id")
    return replace(design, stages=(*design.stages[:-1], last))
