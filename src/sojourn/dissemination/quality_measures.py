"""The measures of a quality report, looked up by what they are of, and written in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa

from sojourn.concepts.code_lists import code_list
from sojourn.contracts.aggregates import QualityMeasure
from sojourn.dissemination.wording import Wording

__all__ = ["DASH", "Measures"]

DASH = "–"
_SIGNS = {"met": "✓", "not-met": "✗"}


@dataclass(frozen=True)
class Measures:
    """A QualityMeasure table with the words of one language; fewer than `minimum` persons are not shown."""

    table: pa.Table
    words: Wording
    minimum: int
    _rows: Mapping[tuple[str, ...], dict[str, Any]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = QualityMeasure.conform(self.table).to_pylist()
        keys = QualityMeasure.keys()
        object.__setattr__(self, "_rows", {tuple(row[key] for key in keys): row for row in rows})

    def row(
        self, measure: str, breakdown: str = "all", category: str = "_T", subcategory: str = "_Z"
    ) -> Mapping[str, Any] | None:
        """The row of a measure, None where nothing was counted."""
        return self._rows.get((measure, breakdown, category, subcategory))

    def share(self, *key: str) -> float | None:
        """The share of a measure; None where it is not known or not shown."""
        row = self.row(*key)
        return None if row is None else row["share"]

    @cached_property
    def _categories(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        found: dict[tuple[str, str], list[str]] = {}
        for measure, breakdown, category, _ in self._rows:
            found.setdefault((measure, breakdown), []).append(category)
        return {key: tuple(dict.fromkeys(names)) for key, names in found.items()}

    def categories(self, measure: str, breakdown: str) -> tuple[str, ...]:
        """The categories of a breakdown, in order."""
        return self._categories.get((measure, breakdown), ())

    def subcategories(self, measure: str, breakdown: str) -> tuple[tuple[str, str], ...]:
        """The pairs of categories of a breakdown by two columns, in order."""
        return tuple((key[2], key[3]) for key in self._rows if key[:2] == (measure, breakdown))

    def largest(self, measure: str, breakdown: str, most: int) -> tuple[str, ...]:
        """The categories with the most records or persons; those that are not shown come last."""
        names = self.categories(measure, breakdown)
        sizes = {name: (self.row(measure, breakdown, name) or {}).get("denominator") or 0 for name in names}
        return tuple(sorted(names, key=lambda name: (-sizes[name], name))[:most])

    def per_cent(self, *key: str, decimals: int = 1) -> str:
        """A share in per cent, as it stands in a table."""
        return self._written(self.row(*key), "share", decimals)

    def count(self, *key: str, of: str = "numerator") -> str:
        """A numerator or denominator, as it stands in a table."""
        return self._written(self.row(*key), of, 0)

    def _written(self, row: Mapping[str, Any] | None, column: str, decimals: int) -> str:
        if row is None:
            return DASH
        if row[column] is not None:
            scale = 100 if column == "share" else 1
            return self.words.number(scale * row[column], decimals)
        return self.few if row["withheld"] else DASH

    @property
    def few(self) -> str:
        """What stands for numbers of few people."""
        return f"< {self.words.number(self.minimum)}"

    def verdict(self, measure: str) -> str:
        """The verdict on a measure of the whole, with the reason where it could not be computed."""
        row = self.row(measure)
        if row is None or row["verdict"] == "not-computed":
            reason, _, lacking = str(row["reason"] if row else "nothing-counted").partition(" ")
            return self.words(f"quality.reason.{reason}", lacking=self.words.isolated(lacking))
        said = self.words(f"quality.verdict.{row['verdict']}")
        return f"{_SIGNS[row['verdict']]} {said}" if row["verdict"] in _SIGNS else said

    def name(self, breakdown: str, category: str) -> str:
        """What readers call a category."""
        if category == "_U":
            return self.words("quality.not_stated")
        if breakdown == "direction" and category in ("arrival", "departure"):
            return self.words(f"quality.{category}")
        if breakdown == "citizenship" and category in code_list("CL_AREA"):
            return code_list("CL_AREA").code(category).name(self.words.language)
        return category
