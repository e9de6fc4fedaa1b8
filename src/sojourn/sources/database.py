"""A table of a ministry's database, taken as a delivery.

Only the declared columns are read, in one transaction that changes nothing, and written as the CSV that
the strict reader takes: what was delivered is kept as a file like any other delivery.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc_csv
import sqlalchemy as sa

from sojourn.errors import DataRefused, ProjectError

__all__ = ["extract"]

_ROWS_AT_ONCE = 50_000


def extract(address: str, table: str, columns: Sequence[str], file: Path) -> int:
    """Write the columns of a database's table to a CSV file and return the number of rows.

    `address` is a database address of SQLAlchemy, or `env:NAME` to take it from the environment, where
    passwords belong. `table` may name a schema, as in `registry.permits`. Missing values become empty
    fields, empty texts become quoted ones.

    Raises: ProjectError if the address is not set; DataRefused if database, table or a column is not there.
    """
    engine = sa.create_engine(_resolved(address))
    try:
        with engine.connect() as connection, file.open("xb") as opened:
            found = _reflected(connection, table, columns)
            query = sa.select(*(sa.cast(found.c[name], sa.String).label(name) for name in columns))
            schema = pa.schema([(name, pa.string()) for name in columns])
            options = pc_csv.WriteOptions(quoting_style="all_valid")
            rows = 0
            with pc_csv.CSVWriter(opened, schema, write_options=options) as writer:
                for batch in _batches(connection, query, schema):
                    writer.write_batch(batch)
                    rows += batch.num_rows
            opened.flush()
            os.fsync(opened.fileno())
            return rows
    except sa.exc.OperationalError as error:
        raise DataRefused(
            "The sender's database cannot be reached.",
            "Look at its address, at the network, and whether it runs.",
        ) from error
    finally:
        engine.dispose()


def _resolved(address: str) -> str:
    if not address.startswith("env:"):
        return address
    name = address.removeprefix("env:")
    if name not in os.environ:
        raise ProjectError(f"The database's address is in the environment variable {name}, which is not set.")
    return os.environ[name]


def _reflected(connection: sa.Connection, table: str, columns: Sequence[str]) -> sa.Table:
    schema, _, name = table.rpartition(".")
    try:
        found = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=connection)
    except sa.exc.NoSuchTableError as error:
        raise DataRefused(
            f"The sender's database has no table {table}.", "Ask the sender for its name."
        ) from error
    absent = [column for column in columns if column not in found.c]
    if absent:
        raise DataRefused(
            f"The table {table} has no column {', '.join(absent)}.",
            "Ask the sender, or correct the declaration.",
        )
    return found


def _batches(connection: sa.Connection, query: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows in batches: drivers hand out rows, so that this is where they become columns."""
    result = connection.execution_options(stream_results=True, yield_per=_ROWS_AT_ONCE).execute(query)
    for rows in result.partitions():
        columns = list(zip(*rows, strict=True))
        yield pa.record_batch([pa.array(column, pa.string()) for column in columns], schema=schema)
