"""Tables as plain files: read whole, or written row by row so that they appear when they are whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from sojourn.errors import ProjectError
from sojourn.production.movement_files import require_writable
from sojourn.production.movement_reading import opened_table

__all__ = ["require_targets", "table_of", "table_writer", "write_table"]


def table_of(
    file: Path,
    columns: Mapping[str, str],
    optional: Mapping[str, str] | None = None,
    *,
    missing: Sequence[str] = (),
) -> pa.Table:
    """The rows of a file, with the columns that were asked for and those of the optional ones that it has.

    `missing` are texts that stand in a CSV for what is missing, beside the empty cell.

    Raises: as `opened_table`.
    """
    opened = opened_table(file, columns, optional, missing=missing)
    names = [*columns, *(optional or {})]
    if isinstance(opened, Path):
        present = pq.read_schema(opened).names
        return pq.read_table(opened, columns=[name for name in names if name in present])
    table = opened.read_all()
    return table.select([name for name in names if name in table.column_names])


def require_targets(*targets: Path | None) -> None:
    """Refuse results that exist, have no folder, are in another form, or have the same name.

    Raises: ProjectError.
    """
    chosen = [file for file in targets if file is not None]
    for file in chosen:
        require_writable(file)
    if len({file.resolve() for file in chosen}) < len(chosen):
        raise ProjectError("Two results have the same name.", "Give each a file of its own.")


@contextmanager
def table_writer(
    target: Path, schema: pa.Schema, metadata: Mapping[str, str] | None = None
) -> Iterator[Callable[[pa.Table], None]]:
    """A function that writes tables into a file, which appears under its name when all are written.

    A Parquet file carries the metadata; CSV has no place for it.
    """
    unfinished = target.with_name(f".{target.name}.unfinished")
    told = schema.with_metadata(metadata)
    try:
        if target.suffix == ".csv":
            with pcsv.CSVWriter(unfinished, told) as text:
                yield lambda table: text.write(table.cast(told))
        else:
            with pq.ParquetWriter(unfinished, told, compression="zstd") as columns:
                yield lambda table: columns.write_table(table.cast(told))
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def write_table(table: pa.Table, target: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a table so that it appears under its name when it is whole."""
    with table_writer(target, table.schema, metadata) as write:
        write(table)
