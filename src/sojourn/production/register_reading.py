"""The files behind figures of a survey and a register together: respondents, and kinds of persons.

A register of millions is read in parts, and only the columns that are needed. Persons who are alike in all of
them become one row with their number: the estimates are the same, and fit in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.concepts import UNKNOWN
from sojourn.errors import DataRefused, Problem, shown
from sojourn.production.movement_reading import opened_table
from sojourn.production.report_files import said_of
from sojourn.production.survey_reading import arrival_of, names_in, survey_parts, survey_rows
from sojourn.project.declarations import Arrival
from sojourn.project.joining_declarations import RegisterDeclaration, RegisterMeasure
from sojourn.statistics.weighting.auxiliaries import numbers_of
from sojourn.statistics.weighting.crossings import codes_of, crossing
from sojourn.statistics.weighting.margins import Cell, cell_name

__all__ = ["GROUP", "PEOPLE", "Joined", "joined_files"]

Integers = npt.NDArray[np.int64]
GROUP, PEOPLE = "group of both files", "people of a kind"
_ROWS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Joined:
    """Respondents, and kinds of persons of the register with their number in PEOPLE, in like codes.

    The group of a row is in GROUP: a place in `groups`, which has the codes of each group's dimensions.
    `measures` are the columns that hold the measures, in their order.
    """

    survey: pa.Table
    register: pa.Table
    groups: list[Cell]
    measures: tuple[str, ...]


def joined_files(
    survey: Path,
    register: Path,
    declared: RegisterDeclaration,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Joined:
    """Read both files, and bring their groups to one list: that of the register.

    `on_progress` is told how many rows of the register of how many (0 if that is not known) were read.

    Raises: ProjectError for files that are not there; DataRefused for columns, values that are missing, and
    groups of the survey that the register does not have.
    """
    with said_of(survey):
        respondents = _respondents(survey, declared)
    kinds = _kinds(register, declared, on_progress)
    if not declared.by:
        return Joined(respondents, kinds, [()], _measure_names(declared))
    both = [codes_of(table, declared.by) for table in (respondents, kinds)]
    columns = {name: pa.concat_arrays([each[name] for each in both]) for name in declared.by}
    group, cells = crossing(columns, len(respondents) + len(kinds))
    _require_known(survey, register, group[: len(respondents)], group[len(respondents) :], cells, declared)
    # Fixed width: the groups sort as their cells do.
    names = pa.array([f"{number:09d}" for number in range(len(cells))], pa.string()).take(pa.array(group))
    return Joined(
        respondents.append_column(GROUP, names[: len(respondents)]),
        kinds.append_column(GROUP, names[len(respondents) :]),
        cells,
        _measure_names(declared),
    )


def _measure_names(declared: RegisterDeclaration) -> tuple[str, ...]:
    return tuple(f"measure {measure.id}" for measure in declared.measures)


def _respondents(file: Path, declared: RegisterDeclaration) -> pa.Table:
    codes = [*declared.by, *declared.model.codes, *filter(None, [declared.stratum, declared.unit])]
    codes += [measure.column for measure in declared.measures if measure.codes]
    numbers = [declared.weight, *declared.model.numbers]
    numbers += [measure.column for measure in declared.measures if not measure.codes]
    _require_one_kind(codes, numbers)
    columns = {**dict.fromkeys(codes, "any"), **dict.fromkeys(numbers, "number")}
    table = survey_rows(file, columns, arrives=declared.arrives.survey)
    for measure, name in zip(declared.measures, _measure_names(declared), strict=True):
        table = table.append_column(name, _measured(table, measure))
    return table


def _require_one_kind(codes: Sequence[str], numbers: Sequence[str]) -> None:
    both = sorted(set(codes) & set(numbers))
    if both:
        raise DataRefused(
            f"The column {shown(both[0])} is declared as one of codes and as one of numbers.",
            "Make a copy of the column under another name.",
        )


def _measured(table: pa.Table, measure: RegisterMeasure) -> pa.Array:
    """A measure as numbers."""
    column = table[measure.column]
    if not measure.codes:
        return pa.array(numbers_of(table, measure.column))
    missing = column.null_count
    if missing:
        raise DataRefused(
            f"The column {shown(measure.column)} is empty in {missing:,} records.",
            "Take these records out by a declared step before, or write a code for what is not known.",
        )
    coded = column.cast(pa.string()).combine_chunks()
    absent = [code for code in measure.codes if not pc.any(pc.equal(coded, code)).as_py()]
    if absent:
        raise DataRefused(
            f"No record has the code {shown(absent[0])} of {shown(measure.column)}, which the measure"
            f" {measure.id} counts.",
            "Look at how the file writes its codes, or leave it out.",
        )
    return pc.is_in(coded, pa.array(measure.codes, pa.string())).cast(pa.float64())


def _kinds(file: Path, declared: RegisterDeclaration, on_progress: Callable[[int, int], None]) -> pa.Table:
    """Kinds of persons of the register: their codes and numbers, and how many there are, in PEOPLE."""
    codes = list(dict.fromkeys([*declared.by, *declared.model.codes]))
    numbers = list(declared.model.numbers)
    with said_of(file):
        _require_one_kind(codes, [*numbers, *filter(None, [declared.count])])
    columns = {**dict.fromkeys(codes, "any"), **dict.fromkeys(numbers, "number")}
    if declared.count is not None:
        columns[declared.count] = "number"
    found: list[pa.Table] = []
    read = 0
    for rows, of in _parts(file, columns, declared.arrives.register_):
        read += len(rows)
        with said_of(file):
            found.append(_counted(_kinds_of_part(rows, codes, numbers, declared.count)))
        # Merged when they have doubled, so that each row is merged a few times at most.
        if len(found) > 1 and sum(len(each) for each in found[1:]) >= max(len(found[0]), _ROWS_AT_ONCE):
            found = [_counted(pa.concat_tables(found))]
        on_progress(read, of)
    kinds = _counted(pa.concat_tables(found)) if found else None
    # A kind of nobody adds nothing, and may have codes that no respondent has.
    kinds = None if kinds is None else kinds.filter(pc.greater(kinds[PEOPLE], 0))
    if kinds is None or not len(kinds):
        raise DataRefused(
            Problem(shown(file.name), None, "the register has nobody.", "Look for a filter before.")
        )
    return kinds


def _parts(file: Path, columns: dict[str, str], arrives: Arrival | None) -> Iterator[tuple[pa.Table, int]]:
    """The needed columns of a register in parts, and how many rows there are, 0 where it is not known."""
    if arrival_of(file, arrives).format == "parquet":
        opened = opened_table(file, columns)
        with pq.ParquetFile(opened) as source:
            of = source.metadata.num_rows
            if not columns:
                yield pa.table({"": pa.nulls(of)}), of
                return
            for batch in source.iter_batches(batch_size=_ROWS_AT_ONCE, columns=list(columns)):
                yield pa.Table.from_batches([batch]), of
        return
    # A table without a column has no rows to count.
    needed = columns or {names_in(file, arrives)[0]: "any"}
    for batch in survey_parts(file, needed, arrives=arrives):
        yield pa.Table.from_batches([batch]), 0


def _kinds_of_part(
    rows: pa.Table, codes: Sequence[str], numbers: Sequence[str], count: str | None
) -> pa.Table:
    """Rows with codes as text, numbers as numbers, and people."""
    found = {name: pc.fill_null(rows[name].cast(pa.string()), UNKNOWN) for name in codes}
    found |= {name: pa.array(numbers_of(rows, name)) for name in numbers}
    people = np.ones(len(rows)) if count is None else numbers_of(rows, count)
    if (people < 0).any():
        raise DataRefused(
            f"The column {shown(count or '')} has numbers below zero.", "Correct the register's counts."
        )
    return pa.table({**found, PEOPLE: people})


def _counted(rows: pa.Table) -> pa.Table:
    """Equal rows as one, with their people added up, in order of their columns."""
    keys = [name for name in rows.column_names if name != PEOPLE]
    if not keys:
        return pa.table({PEOPLE: [pc.sum(rows[PEOPLE]).as_py()]})
    found = rows.group_by(keys, use_threads=False).aggregate([(PEOPLE, "sum")])
    summed = {f"{PEOPLE}_sum": PEOPLE}
    found = found.rename_columns([summed.get(name, name) for name in found.column_names])
    return found.select([*keys, PEOPLE]).sort_by([(name, "ascending") for name in keys])


def _require_known(
    survey: Path,
    register: Path,
    mine: Integers,
    theirs: Integers,
    cells: Sequence[Cell],
    declared: RegisterDeclaration,
) -> None:
    strange = np.setdiff1d(mine, theirs)
    if len(strange):
        records = int(np.isin(mine, strange).sum())
        raise DataRefused(
            Problem(
                shown(survey.name),
                None,
                f"{records:,} records are of groups that {shown(register.name)} does not have, among them"
                f" {cell_name(declared.by, cells[strange[0]])}.",
                "Bring both files to the same codes.",
            )
        )
