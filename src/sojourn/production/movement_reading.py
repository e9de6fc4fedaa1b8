"""Open a plain Parquet or CSV file whose columns must have certain names and types."""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from sojourn.concepts.spelling import folded, nearest
from sojourn.errors import DataRefused, Problem, ProjectError, shown

__all__ = [
    "ANCHOR_COLUMNS",
    "CROSSING_COLUMNS",
    "LIFE_COLUMNS",
    "SCOPE_COLUMN",
    "absent_columns",
    "column_names",
    "opened_table",
]

CROSSING_COLUMNS = {"person_id": "any", "crossing_id": "any", "date": "day", "direction": "text"}
ANCHOR_COLUMNS = {"person_id": "any", "date": "day", "resident": "claim"}
LIFE_COLUMNS = {"person_id": "any", "birth_date": "day", "death_date": "day"}
# Read as what it is where a file has it.
SCOPE_COLUMN = {"out_of_scope": "claim"}
_HOW_TO_WRITE = {
    "day": "Write days as 2024-03-31, moments as 2024-03-31T14:05:00 in local time, without a zone.",
    "claim": "Write true or false.",
    "whole": "Write whole numbers without spaces or separators.",
    "number": "Write numbers with a point before decimals, without spaces or separators.",
}
# A file may need hundreds of columns: as many are told as a person reads.
_MOST_NAMES = 6
_NUMBERS = {"whole": pa.int64(), "number": pa.float64()}
_HOW_TO_CONVERT = {
    "day": "Write the day, or the moment in the local time of the place without a zone: the day there counts."
}
_KINDS = {
    "day": "a date or a timestamp in local time",
    "text": "text",
    "claim": "true or false",
    "whole": "whole numbers",
    "number": "numbers",
    "any": "a number or text",
    "value": "a number, text, a day or true or false",
}


def opened_table(
    file: Path,
    columns: Mapping[str, str],
    optional: Mapping[str, str] | None = None,
    *,
    missing: Sequence[str] = (),
) -> Path | pa.RecordBatchReader:
    """The file itself when it is Parquet, a reader of its rows when it is CSV; its columns are as asked.

    `missing` are texts that stand in a CSV for what is missing, beside the empty cell.

    Raises: ProjectError for a file that is not there or in another form; DataRefused naming every column
    that is missing or of the wrong type, or the place of a value that cannot be read.
    """
    _require_form(file)
    if file.suffix == ".parquet":
        schema = _schema(file)
        _require(file, schema, {**columns, **_present(optional, schema.names)})
        return file
    return _opened_csv(file, columns, optional, missing)


def column_names(file: Path) -> list[str]:
    """The names of a file's columns, in order.

    Raises: as `opened_table`.
    """
    _require_form(file)
    return list(_schema(file).names) if file.suffix == ".parquet" else _first_lines(file)[0]


def _require_form(file: Path) -> None:
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "is not there"
        raise ProjectError(f"{file} {what}.", "Name a file that ends in .parquet or .csv.")
    if file.suffix not in (".parquet", ".csv"):
        raise ProjectError(
            f"{shown(file.name)} is neither .parquet nor .csv.", "Write it in one of these two forms."
        )


def _schema(file: Path) -> pa.Schema:
    try:
        return pq.read_schema(file)
    except pa.ArrowInvalid as error:
        raise DataRefused(
            Problem(shown(file.name), None, "this is not a Parquet file, or it is damaged.", "Write it anew.")
        ) from error


def _present(optional: Mapping[str, str] | None, names: list[str]) -> dict[str, str]:
    return {name: kind for name, kind in (optional or {}).items() if name in names}


def _opened_csv(
    file: Path, columns: Mapping[str, str], optional: Mapping[str, str] | None, missing: Sequence[str]
) -> pa.RecordBatchReader:
    names, first = _first_lines(file)
    columns = {**columns, **_present(optional, names)}
    absent = [name for name in columns if name not in names]
    if absent:
        raise DataRefused(absent_columns(file, absent, names, list(columns)))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataRefused(
            Problem(shown(file.name), 1, f"two columns are called {shown(twice[0])}.", "Rename or drop one.")
        )
    types: dict[str, pa.DataType] = {name: pa.string() for name in names}
    for name, kind in columns.items():
        if kind == "claim":
            types[name] = pa.bool_()
        if kind in _NUMBERS:
            types[name] = _NUMBERS[kind]
        if kind == "day":
            example = first[names.index(name)] if len(first) == len(names) else ""
            types[name] = pa.timestamp("us") if re.search("[ T]", example) else pa.date32()
    # Only an empty cell is missing: NA is a code of a country.
    convert = pcsv.ConvertOptions(
        column_types=types,
        strings_can_be_null=True,
        null_values=["", *missing],
        quoted_strings_can_be_null=bool(missing),
    )
    try:
        reader = pcsv.open_csv(file, convert_options=convert)
        return pa.RecordBatchReader.from_batches(reader.schema, _read(file, reader, columns))
    except pa.ArrowInvalid as error:
        raise _refused(file, columns, error) from error


def _first_lines(file: Path) -> tuple[list[str], list[str]]:
    """The names of the columns and the cells of the first row."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = csv.reader(opened)
            names, first = next(rows, []), next(rows, [])
    except UnicodeDecodeError as error:
        raise _not_utf8(file) from error
    if not names:
        raise DataRefused(Problem(shown(file.name), None, "the file is empty.", "Write it anew."))
    if len(names) == 1 and re.search("[;\t|]", names[0]):
        raise DataRefused(
            Problem(
                shown(file.name), 1, "the columns are not separated by commas.", "Write commas between them."
            )
        )
    return names, first


def _read(
    file: Path, reader: pcsv.CSVStreamingReader, columns: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    try:
        yield from reader
    except pa.ArrowInvalid as error:
        raise _refused(file, columns, error) from error


def _not_utf8(file: Path) -> DataRefused:
    return DataRefused(Problem(shown(file.name), None, "the file is not in UTF-8.", "Write it in UTF-8."))


def _refused(file: Path, columns: Mapping[str, str], error: pa.ArrowInvalid) -> DataRefused:
    """What the reader of CSV found, in our words, with the line where it can be found again."""
    if "UTF8" in str(error):
        return _not_utf8(file)
    with file.open(encoding="utf-8-sig", newline="", errors="replace") as opened:
        rows = csv.reader(opened)
        names = next(rows)
        for row in rows:
            wrong = _wrong_in(row, names, columns)
            if wrong is not None:
                return DataRefused(Problem(shown(file.name), rows.line_num, *wrong))
    return DataRefused(
        Problem(
            shown(file.name),
            None,
            "days and moments are mixed.",
            "Write all of them in one of the two forms.",
        )
    )


def _wrong_in(row: list[str], names: list[str], columns: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with a row, and what to do about it."""
    if row and len(row) != len(names):
        found = f"the row has {len(row)} cells, the header {len(names)}."
        return found, "Look for a separator that should stand in quotes, or for a value that is missing."
    for name, cell in zip(names, row, strict=False):
        if cell and name in columns and not _is_readable(cell, columns[name]):
            return f"the value in the column {name} cannot be read.", _HOW_TO_WRITE[columns[name]]
    return None


def _is_readable(cell: str, kind: str) -> bool:
    if kind == "claim":
        return cell.lower() in ("true", "false", "1", "0")
    if kind in _NUMBERS:
        decimals = r"" if kind == "whole" else r"(\.\d*)?"
        return re.fullmatch(r"-?\d{1,18}" + decimals, cell) is not None
    if kind != "day":
        return True
    try:
        return datetime.datetime.fromisoformat(cell).tzinfo is None
    except ValueError:
        return False


def _require(file: Path, schema: pa.Schema, columns: Mapping[str, str]) -> None:
    absent = [name for name in columns if name not in schema.names]
    problems = [absent_columns(file, absent, schema.names, list(columns))] if absent else []
    for name, kind in columns.items():
        if name in schema.names and not _fits(schema.field(name).type, kind):
            problems.append(
                Problem(
                    shown(file.name),
                    None,
                    f"the column {name} holds {schema.field(name).type}, not {_KINDS[kind]}.",
                    _HOW_TO_CONVERT.get(kind, "Convert the column, and write the file anew."),
                )
            )
    if problems:
        raise DataRefused(problems)


def _fits(found: pa.DataType, kind: str) -> bool:
    if pa.types.is_dictionary(found):
        found = found.value_type
    is_text = pa.types.is_string(found) or pa.types.is_large_string(found)
    fits: dict[str, bool] = {
        "day": pa.types.is_date32(found) or (pa.types.is_timestamp(found) and found.tz is None),
        "text": is_text,
        "claim": pa.types.is_boolean(found),
        "whole": pa.types.is_integer(found),
        "number": pa.types.is_integer(found) or pa.types.is_floating(found) or pa.types.is_decimal(found),
        "any": is_text or pa.types.is_integer(found),
        "value": not pa.types.is_nested(found),
    }
    return fits[kind]


def absent_columns(file: Path, absent: Sequence[str], names: Sequence[str], needed: Sequence[str]) -> Problem:
    """What is said of columns that a file does not have: the nearest of its names first, never long lists."""
    near = {name: _like(name, names) for name in absent[:_MOST_NAMES]}
    meant = [f"Did you mean {shown(found)} for {shown(name)}?" for name, found in near.items() if found]
    # Other names of the file are not told: without a header they are somebody's values.
    remedy = " ".join([*meant, f"The file needs columns called {_listed(needed, ', ')}."])
    return Problem(shown(file.name), None, f"there is no column {_listed(absent, ' and ')}.", remedy)


def _like(name: str, names: Sequence[str]) -> str | None:
    """The name as the file writes it that is most like another."""
    by_folded = {folded(each): each for each in reversed(names)}
    found = nearest(name, by_folded, 1)
    return by_folded[found[0]] if found else None


def _listed(names: Sequence[str], last: str) -> str:
    told = [shown(name) for name in names[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        return f"{', '.join(told)} and {len(names) - _MOST_NAMES:,} more"
    return last.join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else told[0]
