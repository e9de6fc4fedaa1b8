"""Write classified crossings, as cheaply as what is known of them allows.

Columns without gaps are declared so, and rows of which everything is known are written apart from the others:
a value that can be missing costs twice as much.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from sojourn.errors import DataRefused, Problem, shown
from sojourn.integration.movements import CLASSIFIED

__all__ = ["columns_without_gaps", "opened_parquet", "result_writer", "with_whole_columns"]


def columns_without_gaps(files: Sequence[Path]) -> set[str]:
    """The columns of which all files tell that no value in them is missing.

    A column that says so takes less time to write, and tells its readers that they need not ask.
    """
    with_gaps, names = set(), set()
    for file in files:
        metadata = pq.read_metadata(file)
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            for place in range(group.num_columns):
                column = group.column(place)
                names.add(column.path_in_schema)
                told = column.statistics
                is_declared = metadata.schema.column(place).max_definition_level == 0
                if not is_declared and (told is None or not told.has_null_count or told.null_count):
                    with_gaps.add(column.path_in_schema)
    return names - with_gaps


def with_whole_columns(found: pa.Table, whole: Set[str]) -> pa.Table:
    """The table, in which columns without gaps are declared as such.

    Raises: DataRefused when one of them has a gap after all, so that what its file told is not true.
    """
    untrue = [name for name in found.column_names if name in whole and found[name].null_count]
    if untrue:
        told = f"its statistics say that nothing is missing in {shown(untrue[0])}, where something is."
        raise DataRefused(Problem("The input", None, told, "Write the file anew."))
    fields = [field.with_nullable(field.nullable and field.name not in whole) for field in found.schema]
    return pa.Table.from_arrays(found.columns, schema=pa.schema(fields, found.schema.metadata))


def _by_gaps(found: pa.Table) -> Iterator[pa.Table]:
    """The rows of which everything is known, those whose days are, and the others, as far as they come so."""
    counted = _rows_without_gaps(found["days_in"])
    decided = (found[name] for name in CLASSIFIED.names if name not in ("days_in", "days_out", "problem"))
    settled = min([counted, *map(_rows_without_gaps, decided)])
    for begin, end in pairwise(sorted({0, settled, counted, len(found)})):
        yield found.slice(begin, end - begin)


def _rows_without_gaps(column: pa.ChunkedArray) -> int:
    """How many rows come before the first missing value."""
    return bisect_left(range(len(column)), True, key=lambda row: column.slice(0, row + 1).null_count > 0)


@contextmanager
def result_writer(
    file: Path, tell: Callable[[pa.Schema], pa.Schema], whole: Set[str]
) -> Iterator[Callable[[pa.Table], None]]:
    """A function that writes classified crossings to a file, whose schema tells what there is to tell of it.

    The columns named in `whole` are declared as without gaps.
    """
    opened: Any = None

    def write(table: pa.Table) -> None:
        nonlocal opened
        found = with_whole_columns(table, whole)
        if opened is None:
            opened = _opened(file, tell(found.schema))
        for piece in _by_gaps(found):
            opened.write_table(piece)

    try:
        yield write
    finally:
        if opened is not None:
            opened.close()


def _opened(file: Path, schema: pa.Schema) -> Any:
    return pcsv.CSVWriter(file, schema) if file.suffix == ".csv" else opened_parquet(file, schema)


def opened_parquet(file: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer of classified crossings."""
    # What repeats along a person's rows is worth compressing; numbers that do not are not worth the time.
    texts = [field.name for field in schema if not pa.types.is_primitive(field.type)]
    compression = dict.fromkeys(schema.names, "none") | {"person_id": "snappy"}
    return pq.ParquetWriter(
        file,
        schema,
        compression=compression,
        use_dictionary=texts,
        write_statistics=False,
        write_batch_size=1 << 16,
    )
