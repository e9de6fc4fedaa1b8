"""Primary rules: which cells tell too much of a contributor, and how uncertain they must stay.

Each rule is declared with its numbers and gives each cell a need: how far above and below the true value a
reader must still believe in. A cell without need is safe by itself. Several rules ask for the largest of
their needs. The same rules judge several cells together, whose sum a reader can work out.

Sizes are absolute; `T` is a cell's total, `x1` and `x2` its largest contributions. A contributor with weight
w stands for w of its size: among the largest it fills as many places. Who has waived protection is nobody's
target, and still an attacker; a cell of waivers only is safe.

Source: methods reference, section 4.4; Hundepool and others, Statistical Disclosure Control (2012), chapter
4; for group attributes Lupp and Langsrud, in the handbook on statistical disclosure control.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np

from sojourn.disclosure.suppression.cells import Cells, Flags, Integers, Numbers
from sojourn.disclosure.suppression.contributions import Contributions
from sojourn.errors import ProjectError

__all__ = [
    "Dominance",
    "GroupAttributes",
    "MinimumContributors",
    "Needs",
    "PqRule",
    "PrimaryRule",
    "Zeros",
    "needs_of",
    "p_percent_rule",
    "uniform_groups",
]


class Zeros(StrEnum):
    """What a zero that a table shows tells: nothing, nothing as long as needed, or too much by itself."""

    PUBLISHED = "published"
    MAY_BE_WITHHELD = "may be withheld"
    SENSITIVE = "sensitive"


class PrimaryRule(Protocol):
    """A rule that says how much uncertainty each cell needs; nothing where it is safe."""

    @property
    def depth(self) -> int:
        """How many of the largest contributions of a cell the rule looks at."""
        ...

    def need(self, values: Numbers, given: Contributions) -> Numbers:
        """The need of each cell, in the unit of the values."""
        ...

    def need_against_largest(self, values: Numbers, given: Contributions) -> Numbers:
        """What of the need is left against a reader who is the cell's largest contributor."""
        ...


@dataclass(frozen=True)
class Needs:
    """How far above (`upper`) and below (`lower`) its value a cell must stay possible, and how wide at least.

    `sliding` is the least width of what stays possible, wherever it lies.
    """

    upper: Numbers
    lower: Numbers
    sliding: Numbers

    @property
    def is_primary(self) -> Flags:
        """Cells with any need."""
        return (self.upper > 0) | (self.lower > 0) | (self.sliding > 0)


@dataclass(frozen=True)
class MinimumContributors:
    """Cells with at least one but fewer than `minimum` contributors are unsafe.

    With `counts_weights` a sampled contributor counts as all whom it stands for. The need is `percent` of
    the cell's value; without `percent` it is the mean contribution times the minimum, which for a table of
    persons is the minimum itself.
    """

    minimum: int = 10
    percent: float | None = None
    counts_weights: bool = False
    depth: int = 1

    def __post_init__(self) -> None:
        _refuse(self.minimum < 1, f"A minimum of {self.minimum} contributors", "Ask for 1 or more.")
        _refuse(
            self.percent is not None and not self.percent > 0, "A need of nothing", "Ask for more than 0 %."
        )

    def need(self, values: Numbers, given: Contributions) -> Numbers:
        """See the class."""
        counted = given.weighted if self.counts_weights else given.contributors.astype(np.float64)
        is_unsafe = (given.contributors > 0) & (counted < self.minimum) & (given.waived < given.contributors)
        size = np.abs(values)
        if self.percent is not None:
            return np.where(is_unsafe, np.maximum(size * self.percent / 100.0, _LEAST), 0.0)
        mean = size / np.maximum(counted, 1.0)
        return np.where(is_unsafe, np.maximum(self.minimum * mean, _LEAST), 0.0)

    def need_against_largest(self, values: Numbers, given: Contributions) -> Numbers:
        """All of it: the rule protects each contributor alike."""
        return self.need(values, given)


@dataclass(frozen=True)
class Dominance:
    """Cells of which the `n` largest contributors have more than `k` per cent are unsafe: the (n, k) rule.

    The need is what the total lacks for the largest to be k per cent of it.
    """

    n: int = 2
    k: float = 85.0

    def __post_init__(self) -> None:
        _refuse(self.n < 1, f"Dominance of {self.n} contributors", "Ask for 1 or more.")
        _refuse(
            not 0 < self.k < 100, f"Dominance of {self.k} per cent", "Ask for more than 0, less than 100."
        )

    @property
    def depth(self) -> int:
        """The n largest."""
        return self.n

    def need(self, values: Numbers, given: Contributions) -> Numbers:
        """See the class."""
        largest = _sum_of_largest(given, self.n, ~given.is_waived)
        lacking = largest * 100.0 / self.k - given.total
        # A need of next to nothing is an accident of the last digits, not a risk.
        return np.where(lacking > _SLACK * given.total, lacking, 0.0)

    def need_against_largest(self, values: Numbers, given: Contributions) -> Numbers:
        """Nothing of one dominant contributor, who knows themselves; all of it of several."""
        return np.zeros(len(given.total)) if self.n == 1 else self.need(values, given)


@dataclass(frozen=True)
class PqRule:
    """The prior-posterior rule: nobody may come to know within p per cent what was known within q before.

    The attacker is the largest other contributor, who knows the rest within q per cent. A cell is unsafe
    where q per cent of T - x1 - x2 is less than p per cent of x1; its need is x1 p/q less T - x1 - x2.
    """

    p: float = 15.0
    q: float = 100.0

    def __post_init__(self) -> None:
        _refuse(
            not 0 < self.p < self.q <= 100, f"p {self.p} with q {self.q}", "Ask for 0 < p < q, q at most 100."
        )

    @property
    def depth(self) -> int:
        """The target and the attacker."""
        return 2

    def need(self, values: Numbers, given: Contributions) -> Numbers:
        """See the class."""
        target, attacker = _target_and_attacker(given)
        return self._lacking(target, given.total - target - attacker, given.total)

    def need_against_largest(self, values: Numbers, given: Contributions) -> Numbers:
        """What keeps the second largest contributor from the largest."""
        largest, second = _largest_and_next(given)
        return self._lacking(second, given.total - largest - second, given.total)

    def _lacking(self, target: Numbers, rest: Numbers, total: Numbers) -> Numbers:
        lacking = target * self.p / self.q - rest
        return np.where((target > 0) & (lacking > _SLACK * total), lacking, 0.0)


def p_percent_rule(p: float = 15.0) -> PqRule:
    """The p per cent rule: the prior-posterior rule for an attacker who knows no more than nonnegativity."""
    return PqRule(p, 100.0)


@dataclass(frozen=True)
class GroupAttributes:
    """A category of `dimension` that holds all of a group but at most `k` tells what they all are.

    Judged wherever the margin over the category's siblings has a contributor: |margin| - k <= |cell|. It
    must stay possible that the siblings together have more than k contributors.
    """

    dimension: str
    k: int = 0

    def __post_init__(self) -> None:
        _refuse(self.k < 0, f"A group of all but {self.k}", "Ask for 0 or more.")


_LEAST = 1e-9
_SLACK = 1e-9


def needs_of(
    values: Numbers, given: Contributions, rules: Sequence[PrimaryRule]
) -> tuple[Numbers, Numbers, Mapping[str, int]]:
    """The largest need of each cell, what is left of it against the largest contributor, and counts.

    Counted is how many cells each rule found unsafe.
    """
    need, against = np.zeros(len(given.total)), np.zeros(len(given.total))
    found: dict[str, int] = {}
    for rule in rules:
        own = rule.need(values, given)
        found[type(rule).__name__] = found.get(type(rule).__name__, 0) + int(np.sum(own > 0))
        need = np.maximum(need, own)
        against = np.maximum(against, rule.need_against_largest(values, given))
    return need, np.minimum(against, need), found


def uniform_groups(
    cells: Cells, contributors: Integers, rule: GroupAttributes
) -> tuple[Integers, list[Integers], Numbers]:
    """Cells that hold all of their group but few, their siblings, and how many more those must get.

    The need is in contributors. A cell without siblings comes with none: nothing can make it uncertain.

    Raises: ProjectError if no table has the dimension.
    """
    if rule.dimension not in cells.book.dimensions:
        raise ProjectError(
            f"No table has the dimension {rule.dimension!r}.", "Name a dimension of the tables."
        )
    place = cells.book.dimensions.index(rule.dimension)
    unsafe, siblings, needs = [], [], []
    equations = cells.equations
    totals = np.nonzero(equations.data < 0)[0]
    for entry in totals:
        row = int(np.searchsorted(equations.indptr, entry, side="right")) - 1
        total = int(equations.indices[entry])
        span = slice(equations.indptr[row], equations.indptr[row + 1])
        parts = equations.indices[span][equations.data[span] > 0].astype(np.int64)
        if not len(parts) or cells.codes[parts[0], place] == cells.codes[total, place]:
            continue
        margin = int(contributors[total])
        for part in parts[(contributors[parts] > 0) & (margin - contributors[parts] <= rule.k)]:
            unsafe.append(int(part))
            siblings.append(parts[parts != part])
            needs.append(float(rule.k + 1 - (margin - contributors[part])))
    return np.array(unsafe, np.int64), siblings, np.array(needs)


def _sum_of_largest(given: Contributions, n: int, counts: Flags) -> Numbers:
    """The sum of the n largest units of each cell: a contributor of weight w fills w places."""
    weight = np.where(counts, given.weight, 0.0)
    return _first_places(given.cell, given.size, weight, float(n), len(given.total))


def _target_and_attacker(given: Contributions) -> tuple[Numbers, Numbers]:
    """The largest unit that is not waived, and the largest of the others, waived or not."""
    return _unit_and_next(given, ~given.is_waived, np.ones(len(given.cell), bool))


def _largest_and_next(given: Contributions) -> tuple[Numbers, Numbers]:
    """The largest unit, waived or not, and the largest of the others that is not waived."""
    return _unit_and_next(given, np.ones(len(given.cell), bool), ~given.is_waived)


def _unit_and_next(given: Contributions, first: Flags, then: Flags) -> tuple[Numbers, Numbers]:
    """The largest unit among some contributions of each cell, and the largest of the others among some."""
    count = len(given.total)
    row = np.full(count, -1, np.int64)
    rows = np.nonzero(first)[0][::-1]
    row[given.cell[rows]] = rows  # the last one written is the first, the largest
    has = row >= 0
    unit = np.zeros(count)
    unit[has] = given.size[row[has]]
    # The unit is one; what its weight adds are others like it.
    left = np.where(then, given.weight, 0.0)
    at = row[has]
    left[at] = np.where(then[at], given.weight[at] - 1.0, 0.0)
    next_ = _first_places(given.cell, given.size, left, 1.0, count)
    return unit, np.where(has, next_, 0.0)


def _first_places(cell: Integers, size: Numbers, weight: Numbers, places: float, count: int) -> Numbers:
    """The sum of the largest units that fill so many places, of rows in order of cell and falling size."""
    before = np.cumsum(weight) - weight
    starts = np.searchsorted(cell, np.arange(count))
    offset = before[np.minimum(starts, max(len(before) - 1, 0))] if len(before) else np.zeros(count)
    filled = np.clip(places - (before - offset[cell]), 0.0, weight)
    return np.bincount(cell, size * filled, count).astype(np.float64)


def _refuse(is_wrong: bool, what: str, remedy: str) -> None:
    if is_wrong:
        raise ProjectError(f"{what} makes no rule.", remedy)
