"""SDG indicators by migratory status on plain files: read, compute, judge, and write figures and report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from sojourn.concepts import age_scheme
from sojourn.contracts.sdg import SdgFigure
from sojourn.engine import Engine
from sojourn.engine.rules import Rule
from sojourn.engine.survey_variables import VariableOrigin
from sojourn.errors import ContractBroken, DataRefused, Problem, ProjectError, shown
from sojourn.production.mixed_codes import mixed_notes, mixed_writings
from sojourn.production.movement_reading import absent_columns
from sojourn.production.plain_names import PlainNames
from sojourn.production.sdg_report import report_text
from sojourn.production.sdg_settings import (
    breakdowns_of,
    known_variables,
    origins_of,
    profile_of,
    reference_of,
    refuse_misspelt,
    series_of,
)
from sojourn.production.survey_designs import design_columns, with_design
from sojourn.production.survey_files import as_number
from sojourn.production.survey_reading import arrival_of, names_in, survey_rows
from sojourn.production.table_files import require_targets, write_table
from sojourn.production.unfit_conditions import ReadFile
from sojourn.production.written_numbers import plain_numbers
from sojourn.project.declarations import Arrival
from sojourn.project.sdg_declarations import SdgDeclaration
from sojourn.project.survey_declarations import SurveyDesignDeclaration
from sojourn.statistics.design import ReplicateDesign
from sojourn.statistics.sdg_indicators import (
    Computed,
    Profile,
    Series,
    sdg_figures,
    sdg_outcomes,
    sdg_subset,
    standard_records,
)
from sojourn.statistics.sdg_indicators.breakdowns import BY_NEEDS, STATUS_NEEDS
from sojourn.statistics.survey import CensusDesign, SurveyDesign, TaylorDesign

__all__ = ["SdgSummary", "SdgTargets", "sdg_file"]


@dataclass(frozen=True)
class SdgTargets:
    """Files to write: the figures; where wanted the report, as a table (.csv, .parquet) or to read (.md)."""

    figures: Path
    report: Path | None = None


@dataclass
class SdgSummary:
    """What came out, in numbers, and the outcome of every indicator as rows."""

    records: int = 0
    figures: int = 0
    indicators: int = 0
    profile: str = ""
    verdicts: Counter[str] = field(default_factory=Counter)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return {**vars(self), "verdicts": dict(self.verdicts)}


def sdg_file(
    source: Path,
    targets: SdgTargets,
    *,
    declared: SdgDeclaration,
    design: SurveyDesignDeclaration,
    folder: Path,
    arrives: Arrival | None = None,
    profile: str | None = None,
    subset: str | None = None,
    memory: str = "2GB",
) -> SdgSummary:
    """Write the figures of every series that the file's variables allow, and say what became of the others.

    `folder` is where the specification lies, beside which a country's own table of indicators is looked for;
    `arrives` says how the file is written, where the end of its name does not.

    Raises: ProjectError for a target that exists, declarations that are not understood and designs that leave
    something open; DataRefused where columns are missing or hold what fits nothing.
    """
    _require(targets)
    known = arrival_of(source, arrives)
    file = ReadFile(source, known, PlainNames(names_in(source, known)))
    reference = reference_of(declared, folder)
    refuse_misspelt(declared, series_of(declared), reference)
    asked = _Asked.of(file, declared, profile, folder)
    computed, records, notes = _computed(file, asked, design, memory)
    outcomes = sdg_outcomes(
        reference, asked.series, computed, variables=asked.variables, known=asked.known,
        left_out=declared.leave_out, on=declared.day,
    )  # fmt: skip
    figures = _figures(computed)
    if subset is not None:
        figures = sdg_subset(figures, reference, subset)
    told = {"profile": asked.profile.name, "reference": f"{reference.id} {reference.version}"}
    write_table(figures, targets.figures, {**told, "design": design.model_dump_json(exclude_defaults=True)})
    _write_report(outcomes, targets.report, told)
    return SdgSummary(
        records,
        len(figures),
        len({each.series.indicator for each in computed}),
        told["profile"],
        Counter(figures["VERDICT"].to_pylist()),
        outcomes.to_pylist(),
        notes,
    )


@dataclass(frozen=True)
class _Asked:
    """What a specification asks of a file."""

    declared: SdgDeclaration
    series: list[Series]
    known: Collection[str]
    origins: list[VariableOrigin]
    profile: Profile

    @property
    def variables(self) -> list[str]:
        """The variables that the file has."""
        return [origin.name for origin in self.origins]

    @classmethod
    def of(cls, source: ReadFile, declared: SdgDeclaration, profile: str | None, folder: Path) -> _Asked:
        """The series, and those of the file's variables that they or a breakdown may use."""
        series, known = series_of(declared), known_variables(declared)
        used = {name for each in series for name in each.variables(known)}
        used |= {str(each.detail) for each in series if each.detail is not None}
        used |= set(BY_NEEDS.values())
        used |= {name for needs in STATUS_NEEDS.values() for alternatives in needs for name in alternatives}
        origins = [each for each in origins_of(declared, source.names, folder) if each.name in used]
        return cls(declared, series, known, origins, profile_of(declared, profile))


def _computed(
    source: ReadFile, asked: _Asked, design: SurveyDesignDeclaration, memory: str
) -> tuple[list[Computed], int, list[str]]:
    """The figures of each series that is wanted and can be made, how many records there are, and notes."""
    declared, groups = asked.declared, age_scheme(asked.declared.age_groups)
    design = source.names.design(design)
    records, taken = with_design(_records(source, design, asked.origins), design)
    notes = _notes(source, records, asked.origins)
    left_out = set(declared.leave_out)
    wanted = [each for each in asked.series if not {each.id, each.indicator} & left_out]
    with Engine(memory=memory) as engine, source.names.told():
        try:
            relation = engine.relation(records)
            with source.told(relation, _rules(asked.origins)):
                standard = standard_records(
                    relation, asked.origins, kept=_kept(taken), country=declared.area, age_groups=groups,
                )  # fmt: skip
                computed = sdg_figures(
                    standard, wanted, variables=asked.variables, known=asked.known, design=taken,
                    breakdowns=breakdowns_of(declared), profile=asked.profile, area=declared.area,
                    period=declared.period, age_groups=groups,
                )  # fmt: skip
        except (ContractBroken, DataRefused) as error:
            raise DataRefused([_in_file(problem, source.path) for problem in error.problems]) from error
    return computed, records.num_rows, notes


def _rules(origins: Sequence[VariableOrigin]) -> list[Rule]:
    """The conditions and arithmetic over the file's columns."""
    found = [rule for origin in origins for rule in (origin.condition, origin.value) if rule is not None]
    return [*found, *(rule for origin in origins for rule, _ in origin.cases)]


def _notes(source: ReadFile, records: pa.Table, origins: Sequence[VariableOrigin]) -> list[str]:
    """What is said of codes that are written in several ways; a code that a map lacks is refused anyway."""
    names = sorted({name for rule in _rules(origins) for name in rule.columns})
    names += [str(each.column) for each in origins if each.kind == "code" and each.column and not each.codes]
    found = mixed_writings(records, names)
    outside = {source.names.outside(name): groups for name, groups in found.items()}
    return mixed_notes(outside, remedy="Write them alike, or map each of them.")


def _require(targets: SdgTargets) -> None:
    is_text = targets.report is not None and targets.report.suffix == ".md"
    require_targets(targets.figures, None if is_text else targets.report)
    if is_text and targets.report is not None and targets.report.exists():
        raise ProjectError(f"{targets.report} exists.", "Name a file that does not: nothing is overwritten.")


def _records(
    source: ReadFile, design: SurveyDesignDeclaration, origins: Sequence[VariableOrigin]
) -> pa.Table:
    """The columns that the design and the variables need; of texts, those of conditions as numbers."""
    numbers, units = design_columns(design)
    compared = sorted({name for rule in _rules(origins) for name in rule.columns})
    columns = [origin.column for origin in origins if origin.column is not None]
    _require_columns(source, columns)
    kinds = dict.fromkeys((*units, *columns, *compared), "value")
    kinds |= dict.fromkeys(numbers, "number")
    outside = {source.names.outside(name): kind for name, kind in kinds.items()}
    table = source.names.table(survey_rows(source.path, outside, arrives=source.arrives))
    if source.arrives.format == "parquet":
        return table
    codes = {origin.column for origin in origins if origin.kind == "code"}
    for name in compared:
        table = as_number(table, name, name in codes, source.arrives)
    for name in {str(origin.column) for origin in origins if origin.kind != "code" and origin.column} - codes:
        if pa.types.is_string(table[name].type):
            cells = plain_numbers(table[name], source.arrives)
            table = table.set_column(table.column_names.index(name), name, cells)
    return table


def _require_columns(source: ReadFile, columns: Sequence[str]) -> None:
    absent = sorted({name for name in columns if source.names.outside(name) not in source.names.names})
    if absent:
        told = absent_columns(source.path, absent, source.names.names, sorted(set(columns)))
        remedy = "Correct `variables`, or leave out what does not exist: its series are then reported."
        raise DataRefused(
            Problem(told.file, None, source.names.said(told.message),
                    source.names.said(f"{told.remedy} {remedy}"))
        )  # fmt: skip


def _kept(design: SurveyDesign) -> list[str]:
    """The columns that the design names."""
    if isinstance(design, CensusDesign):
        return [design.weight] if design.weight else []
    further = design.weights if isinstance(design, ReplicateDesign) else design.all_columns
    if isinstance(design, TaylorDesign) and design.calibrated is not None:
        further = (*further, design.calibrated.base_weight, *design.calibrated.numbers)
    return list(dict.fromkeys([design.weight or "", *further]))


def _figures(computed: Sequence[Computed]) -> pa.Table:
    if not computed:
        return SdgFigure.schema().empty_table()
    return pa.concat_tables([each.figures for each in computed])


def _write_report(outcomes: pa.Table, target: Path | None, told: dict[str, str]) -> None:
    if target is None:
        return
    if target.suffix != ".md":
        write_table(outcomes, target, told)
        return
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.write_text(report_text(outcomes, told), encoding="utf-8")
    unfinished.replace(target)


def _in_file(problem: Problem, source: Path) -> Problem:
    return Problem(shown(source.name), None, problem.message, problem.remedy)
