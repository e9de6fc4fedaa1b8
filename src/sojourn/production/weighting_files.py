"""Weights of a survey on plain files: read it, weight it as declared, and write the result with a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.production.mixed_codes import mixed_notes, mixed_writings
from sojourn.production.report_files import require_report, said_of, write_report
from sojourn.production.survey_reading import survey_rows
from sojourn.production.table_files import require_targets, write_table
from sojourn.production.weighting_report import report_text
from sojourn.production.weighting_steps import Weighting, new_names, weighted_records
from sojourn.project.weighting_declarations import WeightingDeclaration
from sojourn.sources.mapping import expanded
from sojourn.statistics.weighting import weight_effect

__all__ = ["WeightingSummary", "WeightingTargets", "weight_file"]


@dataclass(frozen=True)
class WeightingTargets:
    """Files to write: the weighted survey; where wanted each total before and after, and a report."""

    weighted: Path
    totals: Path | None = None
    report: Path | None = None


@dataclass(frozen=True)
class WeightingSummary:
    """What came out: records read and weighted, the sum of weights, what unequal ones cost, and the steps."""

    records: int
    weighted: int
    sum_of_weights: float
    effect: float
    replicates: int
    steps: dict[str, Any]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return dict(vars(self))


def weight_file(
    survey: Path,
    targets: WeightingTargets,
    *,
    declared: WeightingDeclaration,
    margins: Mapping[str, Path] | None = None,
) -> WeightingSummary:
    """Write a survey with the declared weights beside all its columns.

    `margins` are files of totals by the name of their margin: its columns, and `total`. Where non-response is
    declared only respondents are written.

    Raises: ProjectError for targets that exist and declarations that do not fit; DataRefused when a column is
    missing or wrong, or a step cannot be done as declared.
    """
    require_targets(targets.weighted, targets.totals)
    require_report(targets.report)
    records = _survey(survey, declared)
    _require_free(survey, records, declared)
    tables = {name: _totals(file, name, declared) for name, file in (margins or {}).items()}
    with said_of(survey):
        done = weighted_records(records, declared, tables)
    told = {"weighting": declared.id, "version": declared.version}
    codes = [name for name, kind in _columns(declared).items() if kind == "any"]
    notes = mixed_notes(mixed_writings(records, codes), remedy="Write them alike in the survey.")
    summary = replace(_summary(records, done), notes=tuple(notes))
    write_table(done.records, targets.weighted, told)
    if targets.totals is not None:
        _require_calibrated(done)
        write_table(done.totals, targets.totals, told)
    if targets.report is not None:
        _write_report(targets.report, summary, done, declared)
    return summary


def _survey(file: Path, declared: WeightingDeclaration) -> pa.Table:
    return survey_rows(file, _columns(declared), arrives=declared.arrives, others=True)


def _columns(declared: WeightingDeclaration) -> dict[str, str]:
    """The columns that are needed, and what they hold."""
    found = dict.fromkeys([declared.weight, *expanded(declared.replicates)], "number")
    codes: list[str] = []
    if declared.nonresponse is not None:
        codes.append(declared.nonresponse.outcomes.column)
        if declared.nonresponse.classes is not None:
            codes += declared.nonresponse.classes.by
        if declared.nonresponse.propensity is not None:
            codes += declared.nonresponse.propensity.codes
            found |= dict.fromkeys(declared.nonresponse.propensity.numbers, "number")
    if declared.calibration is not None:
        codes += [name for margin in declared.calibration.margins for name in margin.by]
        measures = [margin.of for margin in declared.calibration.margins if margin.of is not None]
        found |= dict.fromkeys(measures, "number")
        if declared.calibration.variance is not None:
            found[declared.calibration.variance] = "number"
        if declared.calibration.household is not None:
            codes.append(declared.calibration.household.column)
    if declared.trimming is not None:
        codes += declared.trimming.within
    return {**dict.fromkeys(codes, "any"), **found}


def _require_free(file: Path, records: pa.Table, declared: WeightingDeclaration) -> None:
    taken = [name for name in new_names(declared).values() if name in records.column_names]
    if taken:
        raise DataRefused(
            Problem(
                shown(file.name),
                None,
                f"there is a column {shown(taken[0])}, which the result adds.",
                "Rename it, or declare another `new_weight`.",
            )
        )


def _totals(file: Path, margin: str, declared: WeightingDeclaration) -> pa.Table:
    margins = declared.calibration.margins if declared.calibration is not None else ()
    arrives = next((each.arrives for each in margins if each.id == margin), None)
    return survey_rows(file, {"total": "number"}, arrives=arrives, others=True)


def _summary(records: pa.Table, done: Weighting) -> WeightingSummary:
    weights = done.records[done.weight].to_numpy()
    return WeightingSummary(
        len(records), len(done.records), float(weights.sum()), weight_effect(weights),
        len(done.replicates), done.steps,
    )  # fmt: skip


def _require_calibrated(done: Weighting) -> None:
    if done.totals is None:
        raise ProjectError(
            "There are no totals to write: no calibration is declared.",
            "Leave out --totals, or declare `calibration`.",
        )


def _write_report(
    target: Path, summary: WeightingSummary, done: Weighting, declared: WeightingDeclaration
) -> None:
    totals = [] if done.totals is None else done.totals.to_pylist()
    told = {
        "weighting": declared.id,
        "version": declared.version,
        "declaration": declared.model_dump(mode="json", exclude_none=True),
        **summary.to_json(),
        "totals": totals,
    }
    write_report(target, told, report_text(declared.id, declared.version, summary.to_json(), totals))
