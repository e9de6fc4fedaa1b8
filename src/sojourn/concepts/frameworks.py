"""Migration frameworks: when does a stay make a person a migrant, a resident, or neither?

The frameworks disagree on purpose, so one stay carries a class under each. Residence is a rule of days
present within a window, so that short absences do not break it. Rules are
dated, and the rule in force on the day of arrival decides. Here a stay is a length and a purpose; how
stays are made from movements, and absences bridged, belongs to integration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from sojourn.concepts.code_lists import Standing, code_list
from sojourn.concepts.package_data import day, declarations
from sojourn.concepts.spelling import nearest
from sojourn.errors import ProjectError

__all__ = [
    "Category",
    "Framework",
    "FrameworkRule",
    "ResidenceRule",
    "Unit",
    "class_of_stay",
    "framework",
    "frameworks",
    "national_framework",
]

_BAND_TWO_STARTS = 90
_MOST_MONTHS = 120


class Unit(StrEnum):
    """In what a residence rule counts: days, or months of the calendar from the day of each crossing."""

    DAYS = "days"
    MONTHS = "months"


@dataclass(frozen=True)
class ResidenceRule:
    """How long present, within how long a window, makes a country the usual residence.

    Months are days after all: as many as the calendar has from the day of a crossing to the same day so many
    months later, or to the last day of that month where it has no such day.
    """

    present: int
    window: int
    unit: Unit = Unit.DAYS

    def __post_init__(self) -> None:
        if self.present < 1:
            raise ValueError(f"A residence rule cannot ask for {self.present} {self.unit} present.")
        if self.present > self.window:
            raise ValueError(
                f"A residence rule cannot ask for {self.present} {self.unit} present"
                f" within a window of {self.window} {self.unit}."
            )
        if self.unit == Unit.MONTHS and self.window > _MOST_MONTHS:
            raise ValueError(f"A window of {self.window} months is meant in days, is it not?")

    @property
    def least_days(self) -> int:
        """The days of a stay that count as the time present: twelfths of 365 days, rounded up, for months."""
        return self.present if self.unit == Unit.DAYS else -(-365 * self.present // 12)


@dataclass(frozen=True)
class Category:
    """The class (CL_STAY_CLASS) and band (CL_DURATION_BAND) of stays from `from_days` to below `below_days`.

    `otherwise` is the class when the purpose of the stay is one that the framework excludes.
    """

    code: str
    band: str
    from_days: int
    below_days: int | None
    otherwise: str | None = None


@dataclass(frozen=True)
class FrameworkRule:
    """A framework's thresholds while they were in force; `valid_to` is the last day."""

    valid_from: date
    valid_to: date | None
    stated: str
    residence: ResidenceRule
    categories: tuple[Category, ...]

    def __post_init__(self) -> None:
        expected: int | None = 0
        for category in self.categories:
            if category.from_days != expected:
                raise ValueError(
                    f"The category {category.code} starts at {category.from_days} days, not {expected}."
                )
            expected = category.below_days
        if expected is not None:
            raise ValueError(f"No category takes stays of {expected} days or more.")

    def category(self, days: int) -> Category:
        """The category of a stay of so many days.

        Raises: ValueError for a stay below zero days.
        """
        if days < 0:
            raise ValueError("A stay cannot last fewer than zero days.")
        return [category for category in self.categories if category.from_days <= days][-1]


@dataclass(frozen=True)
class Framework:
    """A definition of migration: its dated rules, the purposes it excludes, its source and standing."""

    id: str
    titles: Mapping[str, str] = field(hash=False)
    source: str
    status: Standing
    is_verified: bool
    valid_from: date
    excluded_purposes: tuple[str, ...]
    rules: tuple[FrameworkRule, ...]
    description: str = ""

    def __post_init__(self) -> None:
        if not self.rules:
            raise ValueError(f"The framework {self.id} has no rule.")
        for earlier, later in zip(self.rules, self.rules[1:], strict=False):
            if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
                raise ValueError(f"Two rules of the framework {self.id} are in force on {later.valid_from}.")

    def title(self, language: str = "en") -> str:
        """The framework's title in a language, or in English where that language has none."""
        return self.titles.get(language, self.titles["en"])

    def rule(self, on: date | None = None) -> FrameworkRule:
        """The rule in force on the day of arrival; without a day, the only rule.

        A day before the framework's first rule takes that rule, so that older series can be classified
        anew; a day after the last one, or in a gap, takes none.

        Raises: ProjectError when no rule is in force, or when there are several and no day is given.
        """
        if on is None:
            if len(self.rules) > 1:
                raise ProjectError(f"The framework {self.id} has several rules.", "Give the day of arrival.")
            return self.rules[0]
        begun = [rule for rule in self.rules if rule.valid_from <= on] or [self.rules[0]]
        if begun[-1].valid_to is not None and begun[-1].valid_to < on:
            raise ProjectError(
                f"The framework {self.id} has no rule in force on {on}.",
                "Add a dated rule that covers the day.",
            )
        return begun[-1]

    def to_arrow(self) -> pa.Table:
        """For joins: one row for each category of each rule, with the days and dates that bound it.

        `present` and `window` are the rule of residence, in its `unit`; categories are bounded in days.
        """
        pairs = [(rule, category) for rule in self.rules for category in rule.categories]
        return pa.table(
            {
                "framework": pa.array([self.id] * len(pairs), pa.string()),
                "valid_from": pa.array([rule.valid_from for rule, _ in pairs], pa.date32()),
                "valid_to": pa.array([rule.valid_to for rule, _ in pairs], pa.date32()),
                "present": pa.array([rule.residence.present for rule, _ in pairs], pa.int64()),
                "window": pa.array([rule.residence.window for rule, _ in pairs], pa.int64()),
                "unit": pa.array([rule.residence.unit.value for rule, _ in pairs], pa.string()),
                "code": pa.array([category.code for _, category in pairs], pa.string()),
                "band": pa.array([category.band for _, category in pairs], pa.string()),
                "from_days": pa.array([category.from_days for _, category in pairs], pa.int64()),
                "below_days": pa.array([category.below_days for _, category in pairs], pa.int64()),
                "otherwise": pa.array([category.otherwise for _, category in pairs], pa.string()),
            }
        )


def _category(declared: Mapping[str, str]) -> Category:
    below = declared.get("below_days")
    return Category(
        code=code_list("CL_STAY_CLASS").code(declared["code"]).code,
        band=code_list("CL_DURATION_BAND").code(declared["band"]).code,
        from_days=int(declared["from_days"]),
        below_days=None if below is None else int(below),
        otherwise=declared.get("otherwise"),
    )


def _rule(declared: Mapping[str, Any]) -> FrameworkRule:
    residence = declared["residence"]
    return FrameworkRule(
        valid_from=date.fromisoformat(declared["valid_from"]),
        valid_to=day(declared.get("valid_to")),
        stated=declared["stated"],
        residence=ResidenceRule(int(residence["days_present"]), int(residence["window_days"])),
        categories=tuple(_category(category) for category in declared["categories"]),
    )


def _framework(declared: Mapping[str, Any]) -> Framework:
    return Framework(
        id=declared["id"],
        titles=MappingProxyType(dict(declared["title"])),
        source=declared["source"],
        status=Standing(declared["status"]),
        is_verified=declared["verified"] == "yes",
        valid_from=date.fromisoformat(declared["valid_from"]),
        excluded_purposes=tuple(declared["excluded_purposes"]),
        rules=tuple(_rule(rule) for rule in declared["rules"]),
        description=declared["description"].strip(),
    )


@cache
def frameworks() -> tuple[Framework, ...]:
    """The frameworks that come with Sojourn, oldest first, the national template last."""
    return tuple(_framework(declared) for declared in declarations("frameworks.yaml"))


def framework(framework_id: str) -> Framework:
    """The framework of an identifier: 1998, 2021-06, 2021-12 or national.

    Raises: ProjectError when there is none of that name, with what there is.
    """
    known = {found.id: found for found in frameworks()}
    if framework_id in known:
        return known[framework_id]
    near = nearest(framework_id, [name.replace("-", " ") for name in known], 1)
    likely = "".join(f"Did you mean {name.replace(' ', '-')}? " for name in near)
    raise ProjectError(
        f"There is no migration framework '{framework_id}'.",
        f"{likely}The frameworks are {', '.join(known)}.",
    )


def national_framework(
    rules: Mapping[date, ResidenceRule], *, source: str, titles: Mapping[str, str]
) -> Framework:
    """A country's own framework from its residence rules, each by the first day on which it is in force.

    A rule is in force until the next begins. Stays shorter than the time present that a rule asks for
    are temporary mobility, longer ones change the residence; the categories count months as `least_days`.
    """
    if not rules:
        raise ValueError("A national framework needs at least one residence rule.")
    starts = sorted(rules)
    ends = [date.fromordinal(start.toordinal() - 1) for start in starts[1:]]
    dated = tuple(
        _national_rule(start, end, rules[start]) for start, end in zip(starts, [*ends, None], strict=True)
    )
    template = framework("national")
    return replace(
        template,
        titles=MappingProxyType(dict(titles)),
        source=source,
        is_verified=True,
        valid_from=starts[0],
        rules=dated,
        description="",
    )


def _national_rule(start: date, end: date | None, residence: ResidenceRule) -> FrameworkRule:
    threshold = residence.least_days
    bounds = [("D0", 0, 1), ("D1", 1, min(_BAND_TWO_STARTS, threshold)), ("D2", _BAND_TWO_STARTS, threshold)]
    shorter = [Category("TMP", band, lower, upper) for band, lower, upper in bounds if lower < upper]
    return FrameworkRule(
        valid_from=start,
        valid_to=end,
        stated=f"{residence.present} {residence.unit} present within {residence.window}",
        residence=residence,
        categories=(*shorter, Category("RES", "D3", threshold, None)),
    )


def class_of_stay(
    days: int, framework: Framework, *, purpose: str | None = None, arrived: date | None = None
) -> str:
    """The class in CL_STAY_CLASS of a stay of so many days for a purpose of CL_PURPOSE, if it is known.

    Definitions: domain reference, sections 1.1 and 1.2. A stay whose purpose is not known counts as not
    excluded. Columns of stays are classified by a join with `Framework.to_arrow()`.
    """
    category = framework.rule(arrived).category(days)
    excluded = purpose is not None and purpose in framework.excluded_purposes
    return category.otherwise if excluded and category.otherwise is not None else category.code
