"""Survey estimates on plain files: read what the design and the measures need, estimate, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.engine import Engine
from sojourn.engine.rules import Rule, parse_rule
from sojourn.errors import ContractBroken, DataRefused, Problem, ProjectError, shown
from sojourn.production.measure_texts import WrittenMeasure, written_measure
from sojourn.production.mixed_codes import mixed_notes, mixed_writings, written_alike
from sojourn.production.movement_reading import opened_table
from sojourn.production.plain_names import PlainNames
from sojourn.production.survey_designs import design_columns, design_of, with_design
from sojourn.production.survey_reading import arrival_of, names_in, survey_rows
from sojourn.production.table_files import require_targets, write_table
from sojourn.production.unfit_conditions import ReadFile
from sojourn.production.written_numbers import plain_numbers
from sojourn.project.declarations import Arrival
from sojourn.project.survey_declarations import SurveyDesignDeclaration
from sojourn.statistics.survey import DISTRIBUTED, Gap, SurveyCube, combined, survey_cube, survey_table

__all__ = ["EstimateRequest", "EstimateSummary", "as_number", "estimate_file"]

_UNIVERSE = "universe"
_WHOLE = r"^-?(0|[1-9][0-9]{0,17})$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_DECIMAL = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"


@dataclass(frozen=True)
class EstimateRequest:
    """Which figures are wanted: measures as they are written, by which dimensions, among whom.

    Codes of columns in `ignore_case` that differ in nothing but case and blanks are one.
    """

    measures: Sequence[str]
    by: Sequence[str] = ()
    where: str | None = None
    gaps: Sequence[Gap] = ()
    totals: str = "all"
    settings: Mapping[str, Any] = field(default_factory=dict)
    missing: Sequence[str] = ()
    ignore_case: Sequence[str] = ()


@dataclass
class EstimateSummary:
    """What was made, in numbers."""

    records: int = 0
    cells: int = 0
    figures: int = 0
    nobody: bool = False
    measures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return vars(self)


def estimate_file(
    source: Path,
    target: Path,
    *,
    declared: SurveyDesignDeclaration,
    request: EstimateRequest,
    arrives: Arrival | None = None,
    memory: str = "2GB",
) -> tuple[pa.Table, EstimateSummary]:
    """Write a table of estimates with their standard errors, and return it.

    `arrives` says how the file is written, where the end of its name does not. The table's columns are those
    of a survey table, before them `measure` as it was written.

    Raises: ProjectError for a target that exists, measures that are not understood and designs that leave
    something open; DataRefused where columns are missing or cannot be read.
    """
    require_targets(target)
    if not request.measures:
        raise ProjectError("No measure is asked for.", 'Write for instance --measure "mean(income)".')
    known = arrival_of(source, arrives)
    names = PlainNames(names_in(source, known))
    universe = _UNIVERSE if request.where else None
    written = [written_measure(text, where=universe, columns=names.names) for text in request.measures]
    rules = _rules(written, request, names)
    records = _records(source, known, declared, request, written, rules, names)
    asked = _inside(declared, request, written, names)
    records, notes = _with_codes(records, asked, rules, names)
    file = ReadFile(source, known, names, request.missing)
    with names.told():
        table, summary = _estimated(file, records, asked, rules, memory)
    table, summary.notes = names.made(table), tuple(notes)
    write_table(table, target, {"design": declared.model_dump_json(exclude_defaults=True)})
    return table, summary


@dataclass(frozen=True)
class _Asked:
    """What is asked of the records, in the names under which the engine sees them."""

    declared: SurveyDesignDeclaration
    request: EstimateRequest
    written: Sequence[WrittenMeasure]


def _inside(
    declared: SurveyDesignDeclaration,
    request: EstimateRequest,
    written: Sequence[WrittenMeasure],
    names: PlainNames,
) -> _Asked:
    request = replace(
        request,
        by=tuple(map(names.of, request.by)),
        ignore_case=tuple(map(names.of, request.ignore_case)),
        gaps=tuple(replace(gap, dimension=names.of(gap.dimension)) for gap in request.gaps),
    )
    return _Asked(
        names.design(declared),
        request,
        [replace(each, measure=names.measure(each.measure), versions=tuple(map(names.of, each.versions)))
         for each in written],
    )  # fmt: skip


def _with_codes(
    records: pa.Table | Path, asked: _Asked, rules: Mapping[str, Rule], names: PlainNames
) -> tuple[pa.Table | Path, list[str]]:
    """The records with codes joined as was asked for, and what is said of those written in several ways."""
    strata = [stage.stratum for stage in asked.declared.stages if stage.stratum is not None]
    compared = sorted({name for rule in rules.values() for name in rule.columns})
    looked_at = list(dict.fromkeys([*asked.request.by, *compared, *strata]))
    ignored = asked.request.ignore_case
    for name in ignored:
        if name not in looked_at:
            raise ProjectError(
                f"The case of {names.outside(name)} cannot be ignored: nothing looks at its codes.",
                "Name dimensions, strata or columns of conditions.",
            )
    codes = pq.read_table(records, columns=looked_at) if isinstance(records, Path) else records
    found = mixed_writings(codes, looked_at)
    joined = {name: groups for name, groups in found.items() if name in ignored}
    if joined:
        records = written_alike(_in_memory(records), joined)
    remedy = "Write them alike, or name the column under --ignore-case."
    outside = {names.outside(name): groups for name, groups in found.items()}
    return records, mixed_notes(outside, joined=list(map(names.outside, joined)), remedy=remedy)


def _estimated(
    file: ReadFile, records: pa.Table | Path, asked: _Asked, rules: Mapping[str, Rule], memory: str
) -> tuple[pa.Table, EstimateSummary]:
    declared, request, written = asked.declared, asked.request, asked.written
    design = design_of(declared)
    if declared.make is not None:
        records, design = with_design(_in_memory(records), declared)
    of = {name for each in written for measure in each.of_versions() for name in (measure.of, measure.over)}
    values = {
        str(measure.of)
        for each in written
        for measure in each.of_versions()
        if measure.statistic in DISTRIBUTED
    }
    with Engine([file.path.resolve().parent], memory=memory) as engine:
        relation = engine.relation(records)
        count = relation.count()
        try:
            with file.told(relation, rules.values()):
                cube = survey_cube(
                    relation,
                    design=design,
                    dimensions=request.by,
                    conditions=rules,
                    measures=sorted(filter(None, of)),
                    distributed=sorted(values),
                )
            table = pa.concat_tables([_estimates(cube, each, request) for each in written])
        except ContractBroken as error:
            raise DataRefused([_in_file(problem, file.path) for problem in error.problems]) from error
    _require_gaps(cube, request)
    nobody = request.where is not None and not (cube.is_asked & (cube.holds(_UNIVERSE) == 1)).any()
    summary = EstimateSummary(count, cube.table.num_rows, len(table), nobody, tuple(request.measures))
    return table, summary


def _require_gaps(cube: SurveyCube, request: EstimateRequest) -> None:
    """Refuse a gap between codes that the records do not have.

    Raises: ProjectError with the codes there are.
    """
    for gap in request.gaps:
        codes = cube.codes(gap.dimension)[1]
        absent = [code for code in (gap.of, gap.against) if code not in codes]
        if absent:
            listed = ", ".join(codes[:20]) + (", …" if len(codes) > 20 else "")
            raise ProjectError(
                f"No record has the code {' or '.join(absent)} in {gap.dimension}.",
                f"Its codes are {listed}.",
            )


def _estimates(cube: SurveyCube, written: WrittenMeasure, request: EstimateRequest) -> pa.Table:
    tables = [
        survey_table(
            cube,
            measure,
            by=request.by,
            totals=_totals(request.totals),
            gaps=request.gaps,
            **request.settings,
        )
        for measure in written.of_versions()
    ]
    found = tables[0] if len(tables) == 1 else combined(tables, level=request.settings.get("level", 0.95))
    return found.add_column(0, "measure", pa.array([written.text] * len(found), pa.string()))


def _totals(written: str) -> Any:
    if written not in ("all", "none"):
        raise ProjectError(f"Totals cannot be {written!r}.", "They are `all` or `none`.")
    return written


def _rules(written: Sequence[WrittenMeasure], request: EstimateRequest, names: PlainNames) -> dict[str, Rule]:
    texts = {_UNIVERSE: request.where} if request.where else {}
    texts |= {str(each.measure.when): each.condition for each in written if each.condition is not None}
    return {name: parse_rule(text, names.names, names.inside) for name, text in texts.items()}


def _records(
    source: Path,
    known: Arrival,
    declared: SurveyDesignDeclaration,
    request: EstimateRequest,
    written: Sequence[WrittenMeasure],
    rules: Mapping[str, Rule],
    names: PlainNames,
) -> pa.Table | Path:
    """The columns that are needed: a Parquet file itself, which is read by parts, or a table of another.

    Columns of a table are called as they are inside; a Parquet file with other names becomes one.
    """
    numbers, units = design_columns(declared)
    of = [name for each in written for measure in each.of_versions() for name in (measure.of, measure.over)]
    compared = sorted({names.outside(name) for rule in rules.values() for name in rule.columns})
    kinds = dict.fromkeys((*request.by, *units, *compared), "value")
    kinds |= {name: "number" for name in (*numbers, *of) if name}
    if known.format == "parquet":
        opened_table(source, kinds)
        if all(names.of(name) == name for name in kinds):
            return source
        return names.table(pq.read_table(source, columns=list(kinds)))
    table = survey_rows(source, kinds, arrives=known, missing=request.missing)
    for name in sorted({*compared, *units}):
        table = as_number(table, name, name in request.by, known)
    return names.table(table)


def _in_memory(records: pa.Table | Path) -> pa.Table:
    return pq.read_table(records) if isinstance(records, Path) else records


def as_number(table: pa.Table, name: str, is_dimension: bool, arrives: Arrival) -> pa.Table:
    """The table with a column of texts as numbers or days, where every cell is one; 007 stays a text."""
    column = table[name]
    if not pa.types.is_string(column.type):
        return table
    column = column if is_dimension else plain_numbers(column, arrives)
    cells = column.drop_null()
    for pattern, kind in ((_WHOLE, pa.int64()), (_DECIMAL, pa.float64()), (_DAY, pa.date32())):
        if is_dimension and kind == pa.float64():
            continue
        if len(cells) and pc.all(pc.match_substring_regex(cells, pattern)).as_py():
            try:
                return table.set_column(table.column_names.index(name), name, column.cast(kind))
            except pa.ArrowInvalid:  # 2024-02-30 is no day
                return table
    return table


def _in_file(problem: Problem, source: Path) -> Problem:
    return Problem(shown(source.name), None, problem.message, problem.remedy)
