"""Names of columns as a file writes them, and the plain ones under which the engine sees them.

The engine takes names of Latin letters, digits and underscores only, so that no name can be more than a name.
A column called `état civil` is therefore called otherwise inside; people never see that name. So is one of
two columns that differ in nothing but the case of letters, which the engine would take for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa

from sojourn.errors import ContractBroken, DataRefused, Problem, ProjectError
from sojourn.production.survey_designs import renamed_design
from sojourn.project.survey_declarations import SurveyDesignDeclaration
from sojourn.statistics.survey import Measure

__all__ = ["PlainNames"]

# What the cube adds to a name must still fit into the longest name of the engine.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_INSIDE = re.compile(r"column_named_([0-9]+)_")


class PlainNames:
    """The columns of a file, and what each is called inside; plain names stay as they are."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        seen: set[str] = set()
        self.inside: dict[str, str] = {}
        for place, name in enumerate(self.names):
            is_plain = _PLAIN.fullmatch(name) and not _INSIDE.search(name) and name.lower() not in seen
            seen.add(name.lower())
            self.inside[name] = name if is_plain else f"column_named_{place}_"

    def of(self, name: str) -> str:
        """What a column is called inside; a name that is none of the file's stays as it is."""
        return self.inside.get(name, name)

    def outside(self, inside: str) -> str:
        """What a column that is called so inside is called in the file."""
        found = _INSIDE.fullmatch(inside)
        return self.names[int(found[1])] if found else inside

    def said(self, text: str) -> str:
        """A text with the file's own names in place of those inside."""
        return _INSIDE.sub(lambda found: self.names[int(found[1])], text)

    def table(self, table: pa.Table) -> pa.Table:
        """A table with the file's columns called as they are inside."""
        return table.rename_columns([self.of(name) for name in table.column_names])

    def made(self, table: pa.Table) -> pa.Table:
        """A table that was made, with the file's own names of its dimensions."""
        return table.rename_columns([self.said(name) for name in table.column_names])

    def measure(self, measure: Measure) -> Measure:
        """A measure of the columns as they are called inside."""
        return replace(
            measure,
            of=None if measure.of is None else self.of(measure.of),
            over=None if measure.over is None else self.of(measure.over),
            within=tuple(map(self.of, measure.within)),
        )

    def design(self, declared: SurveyDesignDeclaration) -> SurveyDesignDeclaration:
        """A design whose columns are called as they are inside."""
        return renamed_design(declared, self.inside)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Mistakes that are found inside, told with the file's own names."""
        try:
            yield
        except (ProjectError, DataRefused) as error:
            if type(error) not in (ProjectError, ContractBroken, DataRefused):
                raise
            problems = [
                Problem(each.file, each.line, self.said(each.message), self.said(each.remedy))
                for each in error.problems
            ]
            raise type(error)(problems) from error
