"""What goes into a method and comes out: a named set of rows that an engine can compute."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sojourn.engine.names import quoted, text_literal

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from sojourn.engine.connection import Engine

__all__ = ["Relation"]

ROWS_SHOWN = 20


class Relation:
    """Rows that an engine can compute; nothing is read before it is asked for."""

    def __init__(self, engine: Engine, name: str, keeps: Any = None) -> None:
        self.engine = engine
        self.name = name
        self._keeps = keeps  # what the engine only borrows must outlive this relation

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(row[0] for row in self._read(f"DESCRIBE {quoted(self.name)}").fetchall())

    @property
    def schema(self) -> pa.Schema:
        """The names and Arrow types of the columns; no row is read."""
        return self.engine.arrow(f"SELECT * FROM {quoted(self.name)} LIMIT 0").schema

    def count(self) -> int:
        """How many rows there are."""
        return int(self._read(f"SELECT count(*) FROM {quoted(self.name)}").fetchall()[0][0])

    def rows(self, *columns: str, order_by: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows as tuples, of the named columns; for small results and tests."""
        chosen = ", ".join(quoted(name) for name in columns) or "*"
        order = f" ORDER BY {', '.join(quoted(name) for name in order_by)}" if order_by else ""
        found = self.engine.arrow(f"SELECT {chosen} FROM {quoted(self.name)}{order}").read_all()
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def to_arrow(self) -> pa.Table:
        """All rows as an Arrow table."""
        return self.engine.arrow(f"SELECT * FROM {quoted(self.name)}").read_all()

    def batches(self, rows: int = 1_000_000) -> Iterator[pa.RecordBatch]:
        """All rows as Arrow batches of about `rows` rows, never all in memory at once."""
        yield from self.engine.arrow(f"SELECT * FROM {quoted(self.name)}", rows)

    def to_polars(self) -> pl.DataFrame:
        """All rows as a Polars data frame."""
        import polars

        return polars.DataFrame(self.to_arrow())

    def to_pandas(self) -> pd.DataFrame:
        """All rows as a pandas data frame with Arrow types, so that missing stays missing."""
        import pandas

        return self.to_arrow().to_pandas(types_mapper=pandas.ArrowDtype)

    def write_parquet(self, file: Path, order_by: tuple[str, ...] = (), columns: tuple[str, ...] = ()) -> int:
        """Write all rows, of all or the named columns, to one Parquet file and return how many they were."""
        chosen = ", ".join(quoted(name) for name in columns) or "*"
        order = f" ORDER BY {', '.join(quoted(name) for name in order_by)}" if order_by else ""
        written = self._read(
            f"COPY (SELECT {chosen} FROM {quoted(self.name)}{order}) TO {text_literal(str(file.resolve()))}"
            " (FORMAT parquet, COMPRESSION zstd)"
        )
        return int(written.fetchall()[0][0])

    def __repr__(self) -> str:
        return f"<Relation of {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        shown = self._read(f"SELECT * FROM {quoted(self.name)} LIMIT {ROWS_SHOWN}").fetchall()
        head = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in self.columns)
        texts = [["" if cell is None else html.escape(str(cell)) for cell in row] for row in shown]
        body = "".join(f"<tr>{''.join(f'<td>{text}</td>' for text in row)}</tr>" for row in texts)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _read(self, statement: str) -> Any:
        return self.engine.execute(statement)
