"""A sampling frame as columns: what a declaration asks of the file, read and put in an order of its own.

Rows are sorted by stratum, place and unit, so that nothing depends on the order in which they came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts.spelling import nearest
from sojourn.engine import Engine, Relation
from sojourn.engine.rules import Rule, compared_texts, parse_rule
from sojourn.engine.sampling_frames import frame_table, is_number
from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.production.movement_reading import opened_table
from sojourn.production.survey_reading import arrival_of, survey_rows
from sojourn.project.sampling_declarations import SamplingDeclaration

__all__ = ["UNKNOWN", "FrameRows", "frame_rows", "numbered"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
UNKNOWN = "_U"


@dataclass(frozen=True)
class FrameRows:
    """The rows of a frame: texts of columns, conditions by their wording, values by their wording."""

    texts: Mapping[str, pa.Array]
    claims: Mapping[str, Flags]
    values: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(next(iter(self.texts.values())))


def frame_rows(file: Path, declared: SamplingDeclaration) -> FrameRows:
    """What the declaration asks of a frame, from a Parquet file or a text.

    In a text a column holds numbers, or true and false, where every cell can be read so, unless a condition
    compares it with texts.

    Raises: ProjectError for a file that is not there, or a condition that cannot be read; DataRefused when a
    column is missing or a row has no unit or place.
    """
    texts = _text_columns(declared)
    source = _source(file, declared, texts)
    with Engine([file.resolve().parent], threads=1) as engine:
        frame = engine.relation(source)
        texts += [name for name in declared.design.order if not _holds_numbers(frame, name, file)]
        claims = {text: _rule(text, frame, file) for text in _claims(declared)}
        values = {text: _value(text, frame, file) for text in _values(declared) if text not in texts}
        table = _judged(engine, frame, file, texts, claims, values)
    if not len(table):
        raise DataRefused(Problem(shown(file.name), None, "the frame has no rows.", "Name another."))
    columns = [column.combine_chunks() for column in table.columns]
    first, second = len(texts), len(texts) + len(claims)
    rows = FrameRows(
        dict(zip(texts, columns[:first], strict=True)),
        {
            text: column.cast(pa.uint8()).to_numpy().astype(bool)
            for text, column in zip(claims, columns[first:second], strict=True)
        },
        {
            text: column.fill_null(np.nan).to_numpy()
            for text, column in zip(values, columns[second:], strict=True)
        },
    )
    _require_present(file, rows, [declared.frame.unit, *filter(None, [declared.frame.place])])
    return rows


def _source(file: Path, declared: SamplingDeclaration, texts: list[str]) -> pa.Table | Path:
    """A Parquet file itself, or the rows of another with the types that its columns can have."""
    known, columns = arrival_of(file, declared.frame.arrives), dict.fromkeys(texts, "any")
    if known.format == "parquet":
        opened_table(file, columns)
        return file
    return _typed(survey_rows(file, columns, arrives=known, others=True), declared, texts)


def _judged(
    engine: Engine,
    frame: Relation,
    file: Path,
    texts: list[str],
    claims: Mapping[str, Rule],
    values: Mapping[str, Rule | str],
) -> pa.Table:
    try:
        return frame_table(
            engine,
            frame,
            texts={f"t{place}": name for place, name in enumerate(texts)},
            claims={f"c{place}": rule for place, rule in enumerate(claims.values())},
            values={f"v{place}": value for place, value in enumerate(values.values())},
        )
    except ProjectError as error:
        raise _at(file, error) from error


def _text_columns(declared: SamplingDeclaration) -> list[str]:
    """The columns that are read as text, each once."""
    frame = declared.frame
    more = [frame.density.area] if frame.density is not None else []
    by = [goal.by for goal in declared.goals if goal.by is not None]
    names = [frame.unit, *frame.strata, *filter(None, [frame.place]), *more, *by]
    return list(dict.fromkeys(names))


def _claims(declared: SamplingDeclaration) -> list[str]:
    interviewed = declared.frame.interviewed
    return list(dict.fromkeys([*declared.groups.values(), *([] if interviewed is None else [interviewed])]))


def _values(declared: SamplingDeclaration) -> list[str]:
    of = [goal.of for goal in declared.goals if goal.of is not None]
    return list(dict.fromkeys([*of, *declared.design.order]))


def _rule(text: str, frame: Relation, file: Path) -> Rule:
    try:
        return parse_rule(text, frame.columns)
    except ProjectError as error:
        raise _at(file, error) from error


def _at(file: Path, error: ProjectError) -> ProjectError:
    """An error with the file that it is about."""
    return ProjectError(
        Problem(shown(file.name), None, problem.message, problem.remedy) for problem in error.problems
    )


def _value(text: str, frame: Relation, file: Path) -> Rule | str:
    if text not in frame.columns:
        return _rule(text, frame, file)
    if not is_number(frame, text):
        message = f"the column {text} holds {frame.types[text]}, not numbers or true and false."
        raise DataRefused(Problem(shown(file.name), None, message, "Write a condition on it instead."))
    return text


def _holds_numbers(frame: Relation, name: str, file: Path) -> bool:
    if name not in frame.columns:
        near = nearest(name, list(frame.columns), 1)
        remedy = f"Did you mean {shown(near[0])}?" if near else ""
        raise DataRefused(Problem(shown(file.name), None, f"there is no column {shown(name)}.", remedy))
    return is_number(frame, name)


def _typed(table: pa.Table, declared: SamplingDeclaration, texts: list[str]) -> pa.Table:
    """The columns of a CSV file as numbers, or as true and false, where all their cells can be read so."""
    conditions = [*_claims(declared), *_values(declared)]
    as_text = {name for text in conditions for name, _ in compared_texts(text)} | set(texts)
    for place, name in enumerate(table.column_names):
        if name in as_text or not pa.types.is_string(table[name].type):
            continue
        for kind in (pa.int64(), pa.float64(), pa.bool_()):
            try:
                table = table.set_column(place, name, table[name].cast(kind))
                break
            except pa.ArrowInvalid:
                continue
    return table


def _require_present(file: Path, rows: FrameRows, names: list[str]) -> None:
    problems = [
        Problem(
            shown(file.name), None, f"{rows.texts[name].null_count:,} rows have no {name}.",
            "Fill it in, or take them out.",
        )
        for name in names
        if rows.texts[name].null_count
    ]  # fmt: skip
    if problems:
        raise DataRefused(problems)


def numbered(column: pa.Array) -> tuple[Integers, list[str]]:
    """The number of each text in the order of all different ones, and these; a missing one is `_U`."""
    encoded = pc.fill_null(column, UNKNOWN).dictionary_encode()
    order = pc.sort_indices(encoded.dictionary.cast(pa.large_string())).to_numpy()
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place[encoded.indices.to_numpy()], encoded.dictionary.take(pa.array(order)).to_pylist()
