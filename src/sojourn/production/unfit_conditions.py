"""Conditions that take a column for what it does not hold: which one, which column, and where it shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sojourn.engine import ConditionUnfit, Relation
from sojourn.engine.rules import Rule, compared_texts
from sojourn.engine.selections import met_statement
from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.production.plain_names import PlainNames
from sojourn.production.survey_reading import survey_rows
from sojourn.project.declarations import Arrival

__all__ = ["ReadFile"]


@dataclass(frozen=True)
class ReadFile:
    """A file of records as it was read: how it is written, its names, and texts that mean nothing stated."""

    path: Path
    arrives: Arrival
    names: PlainNames
    missing: Sequence[str] = ()

    @contextmanager
    def told(self, records: Relation, rules: Iterable[Rule]) -> Iterator[None]:
        """Conditions that do not fit what the records hold, told with file, column and place.

        Raises: ProjectError in place of ConditionUnfit.
        """
        try:
            yield
        except ConditionUnfit as error:
            problems = [
                problem for rule in rules if _is_unfit(records, rule) for problem in self._of(records, rule)
            ]
            raise ProjectError(problems or error.problems) from error

    def _of(self, records: Relation, rule: Rule) -> Iterator[Problem]:
        as_text = {self.names.of(name) for name, _ in compared_texts(rule.written)}
        texts = {name for name in rule.columns if records.types[name] == "VARCHAR"}
        numbers = sorted((rule.columns - texts) & as_text)
        suspects = sorted(texts - as_text) or ([] if numbers else sorted(texts))
        said, file = f"the condition {rule.written!r}", shown(self.path.name)
        for name in map(self.names.outside, numbers):
            remedy = "Write the number without quotes, as in 15."
            yield Problem(
                file, None, f"{said} compares {shown(name)} with a text, and it is no text.", remedy
            )
        for name in map(self.names.outside, suspects):
            yield self._of_text(name, f"{said} takes {shown(name)} for a number")
        if not numbers and not suspects:
            remedy = "Compare numbers with numbers, and days as in date '2024-12-31'."
            yield Problem(file, None, f"{said} does not fit what its columns hold.", remedy)

    def _of_text(self, name: str, said: str) -> Problem:
        """Where a column of texts holds something else than numbers."""
        file, quotes = shown(self.path.name), f"Put codes in quotes, as in {shown(name)} = '1'."
        if self.arrives.format != "parquet":
            try:
                survey_rows(self.path, {name: "number"}, arrives=self.arrives, missing=self.missing)
            except DataRefused as refused:
                first, last = refused.problems[0], refused.problems[-1]
                return Problem(file, first.line, f"{said}: {first.message}", f"{quotes} {last.remedy}")
        return Problem(file, None, f"{said}, and it is text.", quotes)


def _is_unfit(records: Relation, rule: Rule) -> bool:
    try:
        records.engine.query(met_statement(rule), {"records": records}).count()
    except ConditionUnfit:
        return True
    return False
