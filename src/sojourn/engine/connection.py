"""A confined connection: what SQL may touch is decided before the first statement runs.

A connection can open files in the folders it was given and nowhere else; it loads no extension and no
later statement can widen that. Work that exceeds the memory limit spills into a folder of its own,
which goes with the connection. Python objects are never found by name from SQL.
"""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import duckdb
import pyarrow as pa

from sojourn.engine.names import quoted, text_literal
from sojourn.engine.relation import Relation
from sojourn.errors import DiskFull, NotPermitted, ProjectError

__all__ = ["ConditionUnfit", "Engine", "Source"]

Source: TypeAlias = Relation | pa.Table | pa.RecordBatchReader | Path | Sequence[Path]
_NO_ROOM = re.compile("no space left|disk full|disk is full|max_temp_directory_size", re.IGNORECASE)
_UNLIKE = re.compile("cannot compare values of type|no function matches the given name", re.IGNORECASE)
Parameter: TypeAlias = object


class ConditionUnfit(ProjectError):
    """A condition or an arithmetic takes columns for what they do not hold."""


class Engine:
    """One confined DuckDB connection; a context manager.

    `folders` are the only folders that its SQL can read or write. `memory` is a size such as "2GB".
    """

    def __init__(
        self,
        folders: Sequence[Path] = (),
        *,
        memory: str = "2GB",
        threads: int | None = None,
        spill: Path | None = None,
    ) -> None:
        self._spill = Path(tempfile.mkdtemp(prefix="sojourn-spill-", dir=spill))
        self._names = itertools.count(1)
        self._connection = duckdb.connect(":memory:")
        allowed = [str(Path(folder).resolve()) for folder in folders]
        settings = [
            f"SET memory_limit = {text_literal(memory)}",
            f"SET temp_directory = {text_literal(str(self._spill))}",
            f"SET allowed_directories = [{', '.join(text_literal(f'{folder}/') for folder in allowed)}]",
            "SET python_enable_replacements = false",
            "SET autoinstall_known_extensions = false",
            "SET autoload_known_extensions = false",
            "SET allow_community_extensions = false",
            "SET preserve_insertion_order = false",
            "SET enable_progress_bar = false",
            "SET TimeZone = 'UTC'",
            "SET enable_external_access = false",
        ]
        if threads is not None:
            settings.insert(0, f"SET threads = {int(threads)}")
        for setting in (*settings, "SET lock_configuration = true"):
            self._connection.execute(setting)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection and remove what it spilled."""
        self._connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def relation(self, source: Source) -> Relation:
        """A relation over a table in memory, Parquet files, or a relation of this engine.

        Parquet is read with NaN in mind: DuckDB 2.0 otherwise skips rows of files whose statistics
        were written without saying whether NaN occurs.
        """
        if isinstance(source, Relation):
            if source.engine is not self:
                raise ProjectError("A relation cannot be used by another engine than its own.")
            return source
        name = self._new_name()
        if isinstance(source, pa.Table | pa.RecordBatchReader):
            self._connection.register(name, source)
            return Relation(self, name, keeps=source)
        files = [source] if isinstance(source, Path) else list(source)
        if not files:
            raise ProjectError("There is no file to read a relation from.")
        listed = ", ".join(text_literal(str(file.resolve())) for file in files)
        scan = (
            f"read_parquet([{listed}], can_have_nan = true, union_by_name = true, hive_partitioning = false)"
        )
        self.execute(f"CREATE TEMP VIEW {quoted(name)} AS SELECT * FROM {scan}")
        return Relation(self, name)

    def query(
        self,
        statement: str,
        inputs: Mapping[str, Source] | None = None,
        parameters: Mapping[str, Parameter] | None = None,
    ) -> Relation:
        """Run a SELECT over named relations with bound parameters.

        Without parameters the result is a view, computed when it is read; with them it is computed
        now, since a view cannot keep them.
        """
        bound = {name: self.relation(source) for name, source in (inputs or {}).items()}
        name = self._new_name()
        kind = "TABLE" if parameters else "VIEW"
        text = _with_inputs(statement, {given: relation.name for given, relation in bound.items()})
        self.execute(f"CREATE TEMP {kind} {quoted(name)} AS {text}", parameters)
        return Relation(self, name, keeps=tuple(bound.values()))

    def forget(self, *relations: Relation) -> None:
        """Drop relations that are no longer needed, with the memory that they hold."""
        for relation in relations:
            # The engine's own list of tables answers ten times faster than the information schema.
            is_table = self.execute(
                "SELECT 1 FROM duckdb_tables() WHERE table_name = $name", {"name": relation.name}
            ).fetchall()
            self.execute(f"DROP {'TABLE' if is_table else 'VIEW'} IF EXISTS {quoted(relation.name)}")

    def execute(self, statement: str, parameters: Mapping[str, Parameter] | None = None) -> Any:
        """Run one statement and return the cursor, on which the caller reads the whole result.

        Raises: NotPermitted if the statement reaches outside the connection's folders.
        """
        try:
            return self._connection.execute(statement, dict(parameters) if parameters else None)
        except duckdb.Error as error:
            raise _in_words(error) from error

    def arrow(self, statement: str, rows: int = 1_000_000) -> pa.RecordBatchReader:
        """Run one SELECT and return its rows as Arrow batches of about `rows` rows."""
        try:
            return self._connection.sql(statement).to_arrow_reader(rows)
        except duckdb.Error as error:
            raise _in_words(error) from error

    def _new_name(self) -> str:
        return f"relation_{next(self._names)}"


def _in_words(error: duckdb.Error) -> Exception:
    """An engine's error in the words of the person who can mend it; our own mistakes stay as they are."""
    if isinstance(error, duckdb.PermissionException):
        return NotPermitted("The statement reaches for a file outside the folders of its connection.")
    if isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException) and _NO_ROOM.search(str(error)):
        return DiskFull("no table could be written")
    is_unlike = isinstance(error, duckdb.BinderException) and _UNLIKE.search(str(error))
    if is_unlike or isinstance(error, duckdb.ConversionException):
        # What the engine says of it quotes a record's value.
        return ConditionUnfit(
            "A condition takes text for a number, or a number for something else.",
            "Put codes in quotes where a column is text; a column of a CSV file is a number where all its"
            " cells are.",
        )
    return error


def _with_inputs(statement: str, inputs: Mapping[str, str]) -> str:
    """Put the named inputs in front of a statement as common table expressions."""
    if not inputs:
        return statement
    given = ", ".join(
        f"{quoted(name)} AS (SELECT * FROM {quoted(relation)})" for name, relation in inputs.items()
    )
    lines = statement.splitlines()
    first = next(
        index for index, line in enumerate(lines) if line.strip() and not line.strip().startswith("--")
    )
    body = "\n".join(lines[first:]).strip().rstrip(";")
    opening = body[:5].lower()
    if opening == "with ":
        return f"WITH {given},\n{body[5:]}"
    return f"WITH {given}\n{body}"
