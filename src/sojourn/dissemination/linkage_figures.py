"""The figures of a linkage as its page needs them: rows by what they are of, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from markupsafe import Markup

from sojourn.concepts.code_lists import code_list
from sojourn.contracts.link_quality import LinkGap, LinkQuality, LinkRepresentativity
from sojourn.dissemination.quality_measures import DASH
from sojourn.dissemination.wording import Wording

__all__ = ["LinkageFigures", "bar"]

Row = Mapping[str, Any]
_LISTS = {
    "citizenship": "CL_AREA", "birthplace": "CL_AREA", "sex": "CL_SEX", "script": "CL_SCRIPT",
    "has_document": "CL_YES_NO", "has_birth_day": "CL_YES_NO", "age_group": "CL_AGE",
}  # fmt: skip
_WIDTH, _HEIGHT = 120, 12


@dataclass(frozen=True)
class LinkageFigures:
    """A LinkQuality, a LinkGap and a LinkRepresentativity table of one linkage, with words."""

    quality_table: pa.Table
    gaps_table: pa.Table
    representativity_table: pa.Table
    words: Wording
    quality: Sequence[Row] = field(init=False, repr=False)
    gaps: Sequence[Row] = field(init=False, repr=False)
    representativity: Sequence[Row] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "quality", LinkQuality.conform(self.quality_table).to_pylist())
        object.__setattr__(self, "gaps", LinkGap.conform(self.gaps_table).to_pylist())
        alike = LinkRepresentativity.conform(self.representativity_table).to_pylist()
        object.__setattr__(self, "representativity", alike)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources, in order."""
        return tuple(dict.fromkeys(row["source"] for row in self.quality))

    @property
    def all_keys(self) -> int:
        """The keys of all sources."""
        sizes = {row["source"]: row["all_keys"] for row in self.rows("all")}
        return sum(sizes.values())

    @property
    def breakdowns(self) -> tuple[str, ...]:
        """The attributes by which keys are grouped, in order."""
        return tuple(dict.fromkeys(row["breakdown"] for row in self.quality if row["breakdown"] != "all"))

    @property
    def directions(self) -> tuple[tuple[str, str], ...]:
        """Each source with each other one."""
        return tuple((row["source"], row["other_source"]) for row in self.rows("all"))

    def rows(self, breakdown: str, direction: tuple[str, str] | None = None) -> list[Row]:
        """The rows of a breakdown, of all sources or of one towards one other."""
        return [
            row
            for row in self.quality
            if row["breakdown"] == breakdown and direction in (None, (row["source"], row["other_source"]))
        ]

    def towards(self, row: Row) -> str:
        """What readers call a source and the other to which its keys are linked."""
        other = self.words("linkage.any") if row["other_source"] == "_T" else row["other_source"]
        return self.words("linkage.towards", source=self.words.isolated(row["source"]), other=other)

    def name(self, breakdown: str, category: str) -> str:
        """What readers call a group."""
        if category == "_U":
            return self.words("quality.not_stated")
        if breakdown == "birth_decade":
            return f"{category}–{int(category) + 9}"
        codes = code_list(_LISTS[breakdown]) if breakdown in _LISTS else ()
        if category in codes:
            return code_list(_LISTS[breakdown]).code(category).name(self.words.language)
        return category

    def per_cent(self, value: float | None) -> str:
        """A share in per cent with one decimal."""
        return DASH if value is None else self.words.number(100 * value, 1)

    def interval(self, row: Row, measure: str) -> str:
        """An estimated share in per cent with its interval."""
        if row[measure] is None:
            return DASH
        low, high = (self.per_cent(row[f"{measure}_{end}"]) for end in ("lower", "upper"))
        interval = f'<span class="interval">({low}–{high})</span>'
        return Markup(f"{self.per_cent(row[measure])} {interval}")  # noqa: S704  made of numbers only


def bar(value: float | None, lower: float | None, upper: float | None, most: float) -> str:
    """A bar as long as a share, at most as `most`, with a line for its interval; empty where it is not known.

    The number stands beside it, so that whoever does not see the bar lacks nothing.
    """
    if value is None or lower is None or upper is None or most <= 0:
        return ""
    length, start, end = (_WIDTH * min(max(it, 0.0), most) / most for it in (value, lower, upper))
    return Markup(  # noqa: S704  made of numbers only
        f'<svg class="bar" width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'aria-hidden="true"><rect width="{length:.1f}" height="{_HEIGHT}"/>'
        f'<path d="M{start:.1f} 6H{end:.1f}"/></svg>'
    )
