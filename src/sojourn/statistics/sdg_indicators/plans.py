"""What is computed of one survey: for each series its measure, its breakdowns, and what these lack."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sojourn.concepts import AgeScheme
from sojourn.engine import Relation
from sojourn.engine.rules import Rule, parse_rule
from sojourn.engine.survey_variables import expressions_statement
from sojourn.statistics.design import ReplicateDesign
from sojourn.statistics.sdg_indicators.breakdowns import Breakdown, status_column
from sojourn.statistics.sdg_indicators.series import Series
from sojourn.statistics.survey import Measure, SurveyCube, SurveyDesign, survey_cube
from sojourn.statistics.survey.measures import LINEAR

__all__ = ["Plan", "cubes_of", "plan_of"]

_CHILDREN_BELOW = 18


@dataclass(frozen=True)
class Plan:
    """One series as it is to be computed.

    `breakdowns` are those whose variables are there; `wanting` are the variables for want of which others
    are not made.
    """

    series: Series
    breakdowns: tuple[Breakdown, ...]
    wanting: tuple[str, ...]

    def columns(self, breakdown: Breakdown) -> tuple[str, ...]:
        """The columns of the prepared records by which figures are broken down, status first."""
        first = (status_column(breakdown.status),) if breakdown.status else ()
        return (*first, *(self._column(name) for name in breakdown.by))

    def _column(self, dimension: str) -> str:
        if dimension == "detail":
            return str(self.series.detail)
        return dimension if dimension == "sex" else f"by_{dimension}"


def plan_of(
    series: Series, breakdowns: Sequence[Breakdown], available: Collection[str], age_groups: AgeScheme
) -> Plan:
    """What is computed of a series whose own variables are there.

    Age groups are left out where the ages of the series lie in one of them, and children where there are
    none.
    """
    wanted = [each for each in breakdowns if _makes_sense(each, series, age_groups)]
    missing = {each.id: each.missing(available, series.detail) for each in wanted}
    wanting = tuple(dict.fromkeys(name for each in wanted for name in missing[each.id]))
    return Plan(series, tuple(each for each in wanted if not missing[each.id]), wanting)


def _makes_sense(breakdown: Breakdown, series: Series, age_groups: AgeScheme) -> bool:
    if series.breakdowns is not None and breakdown.id not in series.breakdowns:
        return False
    if breakdown.status is None:
        return series.statistic != "share"
    if breakdown.is_of_head and not series.of_household:
        return False
    if "detail" in breakdown.by and series.detail is None:
        return False
    if "child" in breakdown.by and (series.ages.lower or 0) >= _CHILDREN_BELOW:
        return False
    bounds = [(group.lower, group.upper) for group in age_groups.groups]
    return "age_group" not in breakdown.by or series.ages.holds_several(bounds)


def cubes_of(
    records: Relation, plans: Sequence[Plan], *, design: SurveyDesign, known: Collection[str]
) -> Iterator[tuple[SurveyCube, list[tuple[Plan, Measure]]]]:
    """The survey cubes from which the planned figures follow, each with its plans and their measures.

    Under a linearised design the rows of a cube are nearly the records, whatever is in it: one cube
    serves all series that need no values. With replicate weights few dimensions make few rows: each
    series has its own.
    """
    linear = [plan for plan in plans if plan.series.statistic in LINEAR]
    groups = [[plan] for plan in plans if plan.series.statistic not in LINEAR]
    if isinstance(design, ReplicateDesign):
        groups += [[plan] for plan in linear]
    elif linear:
        groups.append(linear)
    for group in groups:
        yield _cube(records, group, design, known)


def _cube(
    records: Relation, plans: Sequence[Plan], design: SurveyDesign, known: Collection[str]
) -> tuple[SurveyCube, list[tuple[Plan, Measure]]]:
    conditions: dict[str, str] = {}
    expressions: dict[str, str] = {}
    # A cube has a dimension also where nothing is broken down.
    dimensions: dict[str, None] = {status_column("nativity"): None}
    measures = []
    for plan in plans:
        series = plan.series
        where, when = (
            conditions.setdefault(text, f"condition_{len(conditions) + 1}") if text else None
            for text in (series.universe, series.when)
        )
        of, over = (
            expressions.setdefault(text, f"number_{len(expressions) + 1}") if text else None
            for text in (series.of, series.over)
        )
        measures.append((plan, series.measure(of, over, when, where)))
        dimensions |= dict.fromkeys(name for each in plan.breakdowns for name in plan.columns(each))
    numbers = {name: parse_rule(text, known) for text, name in expressions.items()}
    rules: dict[str, Rule] = {name: parse_rule(text, known) for text, name in conditions.items()}
    source = records
    if numbers:
        source = records.engine.query(expressions_statement(numbers), {"records": records})
    distributed = sorted({str(measure.of) for _, measure in measures if measure.statistic not in LINEAR})
    cube = survey_cube(
        source, design=design, dimensions=list(dimensions), conditions=rules, measures=list(numbers),
        distributed=distributed,
    )  # fmt: skip
    return cube, measures
