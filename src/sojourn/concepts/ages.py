"""Age groups: which group of a scheme holds an age in completed years?

A scheme covers every age from zero upwards exactly once, or it cannot be made. An age that a record does
not state stays null; whether a table shows it as `_U` is the table's decision, not this module's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts.code_lists import code_list
from sojourn.concepts.package_data import rows
from sojourn.errors import ProjectError

__all__ = [
    "AgeGroup",
    "AgeScheme",
    "age_group",
    "age_groups",
    "age_scheme",
    "age_scheme_of_codes",
    "age_schemes",
]


@dataclass(frozen=True)
class AgeGroup:
    """The ages from `lower` to `upper`, both included; an open group has no `upper`."""

    code: str
    lower: int
    upper: int | None


@dataclass(frozen=True)
class AgeScheme:
    """Age groups, youngest first, that together cover every age once."""

    id: str
    groups: tuple[AgeGroup, ...]

    def __post_init__(self) -> None:
        expected: int | None = 0
        for group in self.groups:
            if group.lower != expected:
                raise ValueError(
                    f"In the age scheme {self.id} {group.code} starts at {group.lower}, not {expected}."
                )
            if group.upper is not None and group.upper < group.lower:
                raise ValueError(f"In the age scheme {self.id} the group {group.code} ends before it starts.")
            expected = None if group.upper is None else group.upper + 1
        if expected is not None:
            raise ValueError(
                f"The age scheme {self.id} has no open last group: ages from {expected} are lost."
            )

    @cached_property
    def _lowers(self) -> np.ndarray:
        return np.array([group.lower for group in self.groups])

    def group(self, age: int) -> AgeGroup:
        """The group that holds an age in completed years.

        Raises: ValueError for an age below zero.
        """
        if age < 0:
            raise ValueError("An age in completed years cannot be below zero.")
        return self.groups[int(np.searchsorted(self._lowers, age, side="right")) - 1]

    def assign(self, ages: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """The group's code for each age; null stays null.

        Raises: ValueError when any age is below zero.
        """
        if (pc.min(ages).as_py() or 0) < 0:
            raise ValueError("An age in completed years cannot be below zero.")
        stated = pc.fill_null(ages, 0).to_numpy(zero_copy_only=False)
        positions = np.searchsorted(self._lowers, stated, side="right") - 1
        codes = pa.array([group.code for group in self.groups], pa.string())
        return codes.take(pa.array(positions, mask=pc.is_null(ages).to_numpy(zero_copy_only=False)))

    def to_arrow(self) -> pa.Table:
        """One row a group: scheme, code, position, lower, upper (null when open)."""
        return pa.table(
            {
                "scheme": pa.array([self.id] * len(self.groups), pa.string()),
                "code": pa.array([group.code for group in self.groups], pa.string()),
                "position": pa.array(range(len(self.groups)), pa.int32()),
                "lower": pa.array([group.lower for group in self.groups], pa.int64()),
                "upper": pa.array([group.upper for group in self.groups], pa.int64()),
            }
        )


def age_scheme_of_codes(scheme_id: str, codes: tuple[str, ...]) -> AgeScheme:
    """A scheme of groups that stand in CL_AGE, such as a project declares.

    Raises: ProjectError for a code that is no age group; ValueError where ages are lost or doubled.
    """
    groups = []
    for entry in (code_list("CL_AGE").code(code) for code in codes):
        if "lower" not in entry.attributes:
            raise ProjectError(f"{entry.code} ({entry.name()}) of CL_AGE is no age group of a scheme.")
        upper = entry.attributes.get("upper")
        lower = int(entry.attributes["lower"])
        groups.append(AgeGroup(entry.code, lower, None if upper is None else int(upper)))
    return AgeScheme(scheme_id, tuple(groups))


@cache
def age_schemes() -> tuple[str, ...]:
    """The identifiers of the schemes that come with Sojourn."""
    return tuple(dict.fromkeys(str(row["scheme"]) for row in rows("age_schemes.csv")))


@cache
def age_scheme(scheme_id: str) -> AgeScheme:
    """A scheme that comes with Sojourn.

    Raises: ProjectError when there is none of that name, with what there is.
    """
    codes = tuple(str(row["code"]) for row in rows("age_schemes.csv") if row["scheme"] == scheme_id)
    if not codes:
        raise ProjectError(
            f"There is no age scheme '{scheme_id}'.", f"The schemes are {', '.join(age_schemes())}."
        )
    return age_scheme_of_codes(scheme_id, codes)


def age_group(age: int, scheme: str = "five_year") -> str:
    """The code in CL_AGE of the group that holds an age in completed years."""
    return age_scheme(scheme).group(age).code


def age_groups(ages: pa.Array | pa.ChunkedArray, scheme: str = "five_year") -> pa.Array | pa.ChunkedArray:
    """The codes of the groups that hold a column of ages; null stays null."""
    return age_scheme(scheme).assign(ages)
