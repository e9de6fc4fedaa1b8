"""SQL that lives in files beside the functions that call it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sojourn.engine.connection import Engine, Source
from sojourn.engine.relation import Relation
from sojourn.errors import ProjectError

__all__ = ["SqlFile", "sql_beside"]


class SqlFile:
    """One method's SQL: its text, and a call that runs it over named relations and parameters.

    Calling it with relations as keywords runs the text in the engine of the first; plain values are
    bound as parameters, written `$name` in the text.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def text(self) -> str:
        """The statement as it is run and published."""
        return self.file.read_text(encoding="utf-8")

    def __call__(self, engine: Engine | None = None, /, **given: Any) -> Relation:
        inputs: Mapping[str, Source] = {name: it for name, it in given.items() if isinstance(it, Relation)}
        parameters = {name: it for name, it in given.items() if not isinstance(it, Relation)}
        if engine is None:
            engines = [it.engine for it in given.values() if isinstance(it, Relation)]
            if not engines:
                raise ProjectError(f"{self.file.name} needs at least one relation to run over.")
            engine = engines[0]
        return engine.query(self.text, inputs, parameters)


def sql_beside(module_file: str, name: str) -> SqlFile:
    """The SQL file of that name beside a module; call as `sql_beside(__file__, "stays.sql")`."""
    return SqlFile(Path(module_file).parent / name)
