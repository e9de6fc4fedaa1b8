"""Figures of SDG series by migratory status, each with its error and whether it may be shown.

Every figure of a series comes from one survey cube of all records, so that no group changes the design, and
comparisons of migrants with others take out what the two groups' figures have in common.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sojourn.concepts import AgeScheme, age_scheme
from sojourn.contracts.sdg import SdgFigure
from sojourn.engine import Relation
from sojourn.statistics.sdg_indicators.breakdowns import Breakdown, gaps_of
from sojourn.statistics.sdg_indicators.plans import Plan, cubes_of, plan_of
from sojourn.statistics.sdg_indicators.profiles import Profile, verdicts, weaker
from sojourn.statistics.sdg_indicators.series import DIFFERENCE_UNIT, Series
from sojourn.statistics.survey import Gap, Measure, SurveyCube, SurveyDesign, survey_table

__all__ = ["Computed", "sdg_figures"]

_TOTAL = "_T"
_OBS_STATUS = {"PUBLISH": "A", "CAUTION": "U", "SUPPRESS": "Q", "NONE": "O"}
_SHOWN = ("PUBLISH", "CAUTION")
_NATIVES = ("NB", "BIRTH_U", _TOTAL)
Judged = tuple[str, str]


@dataclass(frozen=True)
class Computed:
    """The figures of one series, as `SdgFigure`, with how many records its universe has.

    `wanting` are the variables for want of which figures are not broken down further.
    """

    series: Series
    figures: pa.Table
    contributors: int
    wanting: tuple[str, ...]


def sdg_figures(
    records: Relation,
    series: Sequence[Series],
    *,
    variables: Collection[str],
    known: Collection[str],
    design: SurveyDesign,
    breakdowns: Sequence[Breakdown],
    profile: Profile,
    area: str,
    period: str,
    age_groups: AgeScheme | None = None,
) -> list[Computed]:
    """The figures of the series whose variables the records have, in the order of the series.

    `records` are standard records (`standard_records`); `variables` are those that the country has, and
    `known` all that series may name. Figures are in the unit of their series. Of figures that the profile
    does not show, all numbers are null, and of comparisons those of which one side is not shown.

    Raises: ProjectError and ContractBroken as `survey_cube`.
    Source: domain reference, section 2.3; methods reference, part 1, section 5.
    """
    groups = age_groups or age_scheme("policy")
    plans = [
        plan_of(each, breakdowns, variables, groups)
        for each in series
        if each.statistic is not None and each.variables(known) <= set(variables)
    ]
    found: dict[str, Computed] = {}
    labels = {"REF_AREA": area, "TIME_PERIOD": period, "PROFILE": profile.name}
    for cube, measures in cubes_of(records, plans, design=design, known=variables):
        for plan, measure in measures:
            found[plan.series.id] = _computed(cube, plan, measure, profile, labels)
    return [found[each.id] for each in series if each.id in found]


def _computed(
    cube: SurveyCube, plan: Plan, measure: Measure, profile: Profile, labels: Mapping[str, str]
) -> Computed:
    series = plan.series
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    contributors = 0
    keys = SdgFigure.keys()
    for breakdown in plan.breakdowns or (Breakdown("total"),):
        gaps = gaps_of(breakdown, series.gaps)
        dimensions = plan.columns(breakdown)
        table = survey_table(
            cube, measure, by=dimensions, totals=[dimensions[:1]] if dimensions else "none", gaps=gaps,
            # Thresholds of profiles are of units less strata with records in the cell.
            interval=profile.interval if series.is_share else None, freedom="cell",
        )  # fmt: skip
        for row in _judged(table, dimensions, gaps, profile, series.is_share):
            if row["figure"] == "value" and all(row[name] == _TOTAL for name in dimensions[:1]):
                contributors = max(contributors, row["contributors"])
            figure = _figure(row, plan, breakdown, labels)
            if figure is not None:
                rows.setdefault(tuple(figure[key] for key in keys), figure)
    table = pa.Table.from_pylist(list(rows.values()), schema=SdgFigure.schema())
    return Computed(series, SdgFigure.conform(table), contributors, plan.wanting)


def _judged(
    table: pa.Table, dimensions: Sequence[str], gaps: Sequence[Gap], profile: Profile, is_share: bool
) -> list[dict[str, Any]]:
    """The rows of a survey table, each with its verdict; a comparison has that of its weaker side."""
    verdict, reason = verdicts(table, profile, is_share=is_share)
    rows: list[dict[str, Any]] = table.to_pylist()
    sides: dict[tuple[str, ...], Judged] = {}
    by_code = {gap.code: gap for gap in gaps}
    for place, row in enumerate(rows):
        judged = (str(verdict[place]), str(reason[place]))
        if row["figure"] == "value":
            sides[tuple(row[name] for name in dimensions)] = judged
        elif judged[0] != "NONE":
            gap, others = by_code[row[dimensions[0]]], tuple(row[name] for name in dimensions[1:])
            judged = weaker(sides[(gap.of, *others)], sides[(gap.against, *others)])
            if row["variance"] is None and row["error_method"] != "none" and judged[0] != "SUPPRESS":
                judged = ("SUPPRESS", "NO_ERROR")
        row["verdict"], row["reason"] = judged
    return rows


def _figure(
    row: Mapping[str, Any], plan: Plan, breakdown: Breakdown, labels: Mapping[str, str]
) -> dict[str, Any] | None:
    """A row as `SdgFigure`; None where another breakdown has it."""
    series = plan.series
    cell = dict(zip(("status", *breakdown.by), (row[name] for name in plan.columns(breakdown)), strict=False))
    status, duration = cell.get("status", _TOTAL), _TOTAL
    if series.statistic == "share" and status == _TOTAL:
        return None
    if breakdown.status == "duration_of_stay":
        if status in _NATIVES:
            return None
        separator = {"difference": "-", "ratio": "/"}.get(row["figure"])
        duration = status.split(separator)[0] if separator else status
        status = f"FB{separator}NB" if separator else "FB"
    return {
        **labels,
        "SERIES": series.id,
        "INDICATOR": series.indicator,
        "STATUS_OF": "H" if breakdown.is_of_head and status != _TOTAL else "P",
        "MIG_STATUS": status,
        "DUR_STAY": duration,
        "SEX": cell.get("sex", _TOTAL),
        "AGE": cell.get("age_group", cell.get("child", _TOTAL)),
        "DETAIL": cell.get("detail", _TOTAL),
        "DETAIL_OF": series.detail or "_Z",
        "FIGURE": row["figure"].upper(),
        "VERDICT": row["verdict"],
        "REASON": row["reason"],
        "OBS_STATUS": _OBS_STATUS[row["verdict"]],
        "FITS": series.fits,
        **_numbers(row, series),
    }


def _numbers(row: Mapping[str, Any], series: Series) -> dict[str, Any]:
    """The numbers of a figure in its unit; nothing but the unit where it is not shown.

    A share of 0 or 1 has no error: the sample does not tell it.
    """
    figure = row["figure"]
    unit = {"difference": DIFFERENCE_UNIT.get(series.unit, series.unit), "ratio": "RT"}.get(
        figure, series.unit
    )
    if row["verdict"] not in _SHOWN:
        return {"UNIT_MEASURE": unit, "ERROR_METHOD": row["error_method"]}
    factor = 1.0 if figure == "ratio" else series.factor
    if row["reason"] == "NO_VARIATION" and figure == "value":
        row = {**row, "standard_error": None, "cv": None}
    scaled = {"OBS_VALUE": "value", "SE": "standard_error", "LOWER": "lower", "UPPER": "upper"}
    return {
        "UNIT_MEASURE": unit,
        **{name: None if row[of] is None else factor * row[of] for name, of in scaled.items()},
        "CV": row["cv"],
        "DEGREES_OF_FREEDOM": row["degrees_of_freedom"],
        "CONTRIBUTORS": row["contributors"],
        "MEETING": row["meeting"],
        "NOT_STATED": row["not_stated"],
        "EFFECTIVE_SIZE": row["effective_size"],
        "DESIGN_EFFECT": row["design_effect"],
        "ERROR_METHOD": row["error_method"],
    }
