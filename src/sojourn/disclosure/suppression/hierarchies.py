"""Hierarchies: which codes of a dimension add up to which others.

A reader of tables knows every sum of them. A dimension has its sums: regions add up to parts of the country,
and those to the total. One code may be the sum of several sets of codes (continents, and members and not
members of a union, both add up to the world), and two tables may use different sums of the same dimension.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sojourn.concepts import CodeList
from sojourn.errors import ProjectError, shown

__all__ = ["TOTAL", "CodeSum", "Hierarchy", "flat", "hierarchy_of", "hierarchy_of_code_list"]

TOTAL = "_T"


@dataclass(frozen=True)
class CodeSum:
    """One code that is the sum of others."""

    total: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Hierarchy:
    """All sums of one dimension; every code leads up to the total `_T`.

    Raises: ProjectError if a sum is empty, names a code twice, leads back to itself, or leaves a code that
    does not add up to the total.
    """

    dimension: str
    sums: tuple[CodeSum, ...]

    def __post_init__(self) -> None:
        for each in self.sums:
            if not each.parts or len(set(each.parts)) < len(each.parts) or each.total in each.parts:
                raise ProjectError(
                    f"{self.dimension}: the codes that add up to {shown(each.total)} are none, or one stands"
                    " there twice.",
                    "Name each code below it once.",
                )
        for code in self.codes:
            if code != TOTAL and TOTAL not in self.above[code]:
                raise ProjectError(
                    f"{self.dimension}: the code {shown(code)} adds up to no total.",
                    f"Give it a place below {TOTAL}.",
                )
            if code in self.above[code]:
                raise ProjectError(
                    f"{self.dimension}: the code {shown(code)} is a part of itself.", "Take one sum away."
                )

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """All codes, the total first, the others in alphabetical order."""
        named = {code for each in self.sums for code in (each.total, *each.parts)}
        return (TOTAL, *sorted(named - {TOTAL}))

    @cached_property
    def above(self) -> Mapping[str, tuple[str, ...]]:
        """For each code all codes of which it is a part, directly or not, in alphabetical order."""
        parents: dict[str, set[str]] = {}
        for each in self.sums:
            for part in each.parts:
                parents.setdefault(part, set()).add(each.total)
        found: dict[str, tuple[str, ...]] = {}
        for code in self.codes:
            reached: set[str] = set()
            waiting = list(parents.get(code, ()))
            while waiting:
                one = waiting.pop()
                if one not in reached:
                    reached.add(one)
                    waiting += parents.get(one, ())
            found[code] = tuple(sorted(reached))
        return found


def flat(dimension: str, codes: Iterable[str]) -> Hierarchy:
    """The hierarchy in which all codes add up to the total directly."""
    return hierarchy_of(dimension, dict.fromkeys(codes, TOTAL))


def hierarchy_of(dimension: str, parents: Mapping[str, str]) -> Hierarchy:
    """The hierarchy in which each code is a part of its one parent; a parent without parent, of the total."""
    parts: dict[str, list[str]] = {}
    for code, parent in parents.items():
        if code != TOTAL:
            parts.setdefault(parent, []).append(code)
    for parent in sorted(set(parts) - set(parents) - {TOTAL}):
        parts.setdefault(TOTAL, []).append(parent)
    sums = [CodeSum(total, tuple(sorted(set(below)))) for total, below in sorted(parts.items())]
    return Hierarchy(dimension, tuple(sums))


def hierarchy_of_code_list(dimension: str, codes: CodeList, used: Sequence[str]) -> Hierarchy:
    """The hierarchy of a code list, cut down to the codes that tables use and those above them.

    Raises: ProjectError if a code is not in the list.
    """
    known = {code.code: code.parent for code in codes.codes}
    parents: dict[str, str] = {}
    waiting = [code for code in used if code != TOTAL]
    while waiting:
        code = waiting.pop()
        if code not in known:
            raise ProjectError(
                f"{dimension}: the code list {codes.id} has no code {shown(code)}.",
                "Use the codes of the list, or another list.",
            )
        parent = known[code] or TOTAL
        if code not in parents:
            parents[code] = parent
            if parent != TOTAL:
                waiting.append(parent)
    return hierarchy_of(dimension, parents)
