"""Open a plain Parquet or CSV file whose columns must have certain names and types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from sojourn.concepts.spelling import nearest
from sojourn.errors import DataRefused, Problem, ProjectError, shown

__all__ = ["ANCHOR_COLUMNS", "CROSSING_COLUMNS", "opened_table"]

CROSSING_COLUMNS = {"person_id": "any", "crossing_id": "any", "date": "day", "direction": "text"}
ANCHOR_COLUMNS = {"person_id": "any", "date": "day", "resident": "claim"}
_KINDS = {
    "day": "a date or a timestamp",
    "text": "text",
    "claim": "true or false",
    "any": "a number or text",
}


def opened_table(file: Path, columns: Mapping[str, str]) -> Path | pa.RecordBatchReader:
    """The file itself when it is Parquet, a reader of its rows when it is CSV; its columns are as asked.

    Raises: ProjectError for a file that is not there or in another form; DataRefused naming every column
    that is missing or of the wrong type, or the place of a value that cannot be read.
    """
    if not file.is_file():
        raise ProjectError(f"There is no file {file}.", "Look at the path.")
    if file.suffix == ".parquet":
        try:
            schema = pq.read_schema(file)
        except pa.ArrowInvalid as error:
            raise DataRefused(
                Problem(
                    shown(file.name), None, "this is not a Parquet file, or it is damaged.", "Write it anew."
                )
            ) from error
        _require(file, schema, columns)
        return file
    if file.suffix != ".csv":
        raise ProjectError(
            f"{shown(file.name)} is neither .parquet nor .csv.",
            "Write the crossings in one of these two forms.",
        )
    return _opened_csv(file, columns)


def _opened_csv(file: Path, columns: Mapping[str, str]) -> pa.RecordBatchReader:
    with file.open(encoding="utf-8-sig") as opened:
        names = opened.readline().strip().replace('"', "").split(",")
        first = opened.readline().strip().replace('"', "").split(",")
    absent = [name for name in columns if name not in names]
    if absent:
        raise DataRefused([_absent(file, name, names) for name in absent])
    types: dict[str, pa.DataType] = {name: pa.string() for name in names}
    for name, kind in columns.items():
        if kind == "claim":
            types[name] = pa.bool_()
        if kind == "day":
            example = first[names.index(name)] if len(first) == len(names) else ""
            types[name] = pa.timestamp("us") if re.search("[ T]", example) else pa.date32()
    try:
        reader = pcsv.open_csv(file, convert_options=pcsv.ConvertOptions(column_types=types))
        return pa.RecordBatchReader.from_batches(reader.schema, _read(file, reader))
    except pa.ArrowInvalid as error:
        raise _refused(file, names, error) from error


def _read(file: Path, reader: pcsv.CSVStreamingReader):  # type: ignore[no-untyped-def]  # a generator of batches
    names = reader.schema.names
    try:
        yield from reader
    except pa.ArrowInvalid as error:
        raise _refused(file, names, error) from error


def _refused(file: Path, names: list[str], error: pa.ArrowInvalid) -> DataRefused:
    """What the reader of CSV found, in our words: the column and, where it says so, the line."""
    text = str(error)
    column = re.search(r"column #(\d+)", text)
    row = re.search(r"[Rr]ow #(\d+)", text)
    value = re.search(r"invalid value '([^']*)'", text)
    name = names[int(column[1])] if column is not None and int(column[1]) < len(names) else None
    said = f": {shown(value[1])}" if value is not None and name in ("date", "direction", "resident") else ""
    message = (
        f"a value in the column {name} cannot be read{said}." if name is not None else "a row cannot be read."
    )
    return DataRefused(
        Problem(
            shown(file.name),
            int(row[1]) if row is not None else None,
            message,
            "Write days as 2024-03-31, moments as 2024-03-31T14:05:00, and claims as true or false.",
        )
    )


def _require(file: Path, schema: pa.Schema, columns: Mapping[str, str]) -> None:
    problems = []
    for name, kind in columns.items():
        if name not in schema.names:
            problems.append(_absent(file, name, schema.names))
        elif not _fits(schema.field(name).type, kind):
            problems.append(
                Problem(
                    shown(file.name),
                    None,
                    f"the column {name} holds {schema.field(name).type}, not {_KINDS[kind]}.",
                    "Convert the column, and write the file anew.",
                )
            )
    if problems:
        raise DataRefused(problems)


def _fits(found: pa.DataType, kind: str) -> bool:
    if pa.types.is_dictionary(found):
        found = found.value_type
    is_text = pa.types.is_string(found) or pa.types.is_large_string(found)
    fits: dict[str, bool] = {
        "day": pa.types.is_date32(found) or pa.types.is_timestamp(found),
        "text": is_text,
        "claim": pa.types.is_boolean(found),
        "any": is_text or pa.types.is_integer(found),
    }
    return fits[kind]


def _absent(file: Path, name: str, names: list[str]) -> Problem:
    near = nearest(name, names, 1)
    advice = f"Did you mean {shown(near[0])}? " if near else ""
    return Problem(
        shown(file.name),
        None,
        f"there is no column {name}.",
        f"{advice}Columns are called person_id, crossing_id, date and direction; anchors have resident.",
    )
