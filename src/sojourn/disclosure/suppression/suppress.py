"""Suppression: from the needs of cells to the cells that are withheld, with proof and report.

Cells with a need are withheld; further cells are, until every need is proved. Then each sum is looked at
again: where several of its parts are withheld and its total is not, a reader knows those parts together, and
the same primary rules judge them as one cell. Such a union, if it is unsafe, is one more cell with a need.
This goes on until no union is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from sojourn.disclosure.suppression.cells import Cells, Flags, Integers, Numbers
from sojourn.disclosure.suppression.contributions import Contributions
from sojourn.disclosure.suppression.pattern import Pattern, Readers
from sojourn.disclosure.suppression.prior import Prior
from sojourn.disclosure.suppression.program import Room
from sojourn.disclosure.suppression.rules import (
    GroupAttributes,
    Needs,
    PrimaryRule,
    Zeros,
    needs_of,
    uniform_groups,
)
from sojourn.disclosure.suppression.secondary import Search, proved
from sojourn.errors import DisclosureRisk, ProjectError

__all__ = ["Costs", "Policy", "Suppression", "suppress", "suppress_needs"]

Costs = Literal["size", "digits", "constant"]
ROUNDS = 50


@dataclass(frozen=True)
class Policy:
    """How a set of tables is suppressed: what counts as unsafe, what readers know, what is dear to withhold.

    `cost` is what it costs to withhold a cell: its size, the digits of its size, or the same for all.
    """

    rules: tuple[PrimaryRule, ...] = ()
    groups: tuple[GroupAttributes, ...] = ()
    zeros: Zeros = Zeros.PUBLISHED
    prior: Prior = field(default_factory=Prior)
    cost: Costs = "size"
    search: Search = field(default_factory=Search)


@dataclass(frozen=True)
class Suppression:
    """Which cells are withheld and why.

    `cells`, `needs`, `room` and `readers` have the unions behind the cells of the tables, of which there are
    `count`. `found_by` counts unsafe cells by rule.
    """

    cells: Cells
    count: int
    needs: Needs
    room: Room
    readers: Readers
    is_primary: Flags
    is_withheld: Flags
    found_by: Mapping[str, int]
    lines: int

    def of_table(self, table: int) -> Flags:
        """Which rows of a table are withheld."""
        withheld: Flags = self.is_withheld[self.cells.rows[table]]
        return withheld


def suppress(
    cells: Cells, given: Contributions, policy: Policy, *, must_publish: Flags | None = None
) -> Suppression:
    """Withhold what the policy's rules find unsafe and what else is needed to keep it uncertain.

    `must_publish` marks cells that are never withheld.

    Raises: DisclosureRisk if the needs cannot all be met, with how many cannot; ProjectError if a cell is
    unsafe and must be published.
    """
    need, against, found = needs_of(cells.values, given, policy.rules)
    counts = dict(found)
    is_empty = given.contributors == 0
    if np.any(is_empty & (cells.values != 0)):
        raise DisclosureRisk(
            f"{int(np.sum(is_empty & (cells.values != 0)))} cells have a value and no contributor.",
            "Make tables and records from the same file.",
        )
    if policy.zeros is Zeros.SENSITIVE:
        shown = is_empty & ~cells.is_hidden
        counts["Zeros"] = int(np.sum(shown))
        sizes = np.abs(cells.values[cells.values != 0])
        need[shown] = float(np.min(sizes, initial=np.inf)) if len(sizes) else 1.0
    unions, needs_of_unions, unsafe = _groups(cells, given, policy.groups)
    if policy.groups:
        counts["GroupAttributes"] = len(unsafe)
    nothing = np.zeros(cells.size)
    room = policy.prior.room(cells)
    lower = np.where(room.down > 0, need, nothing)
    primary = Needs(need, lower, nothing)
    fixed = is_empty if policy.zeros is Zeros.PUBLISHED else np.zeros(cells.size, bool)
    readers = Readers(given.alone, given.largest, against, np.zeros(cells.size, bool))
    state = _State(cells, primary, room, readers, policy, ~fixed, must_publish, unsafe)
    state.add(unions, needs_of_unions, Readers.of(len(unions), outsiders=True))
    state.run(given)
    return state.result(counts)


def suppress_needs(
    cells: Cells,
    needs: Needs,
    *,
    alone: Integers | None = None,
    prior: Prior | None = None,
    may_change: Flags | None = None,
    cost: Costs = "size",
    search: Search | None = None,
) -> Suppression:
    """Withhold cells with needs and what else is needed to keep them uncertain; nothing is judged again.

    `alone` is the number of each cell's only contributor, -1 where there are none or several. Cells that not
    `may_change` are known to readers and published.

    Raises: as `suppress`.
    """
    policy = Policy(prior=prior or Prior(), cost=cost, search=search or Search())
    changing = np.ones(cells.size, bool) if may_change is None else may_change
    room = policy.prior.room(cells)
    none = np.zeros(0, np.int64)
    state = _State(cells, needs, room, Readers.of(cells.size, alone), policy, changing, None, none)
    state.run(None)
    return state.result({"given": int(np.sum(needs.is_primary))})


class _State:
    """A pattern that grows by unions; room, needs and readers grow with it."""

    def __init__(
        self, cells: Cells, needs: Needs, room: Room, readers: Readers, policy: Policy,
        may_change: Flags, must_publish: Flags | None, also_withheld: Integers,
    ) -> None:  # fmt: skip
        self.count = cells.size
        self.rows = cells.equations.shape[0]
        self.policy = policy
        self.needs, self.readers = needs, readers
        self.may_change = may_change if must_publish is None else may_change & ~must_publish
        self.is_primary = needs.is_primary & ~cells.is_hidden
        self.is_primary[also_withheld] = True
        if must_publish is not None and np.any(self.is_primary & must_publish):
            raise ProjectError(
                f"{int(np.sum(self.is_primary & must_publish))} cells must be published and are unsafe.",
                "Take them out of the cells that must be published, or out of the tables.",
            )
        self.pattern = Pattern.of(cells, needs, room, readers, self.is_primary.copy())
        self.unions: set[bytes] = set()
        self.union_count = 0

    def add(self, unions: Sequence[Integers], amounts: Numbers, readers: Readers) -> None:
        """Add unions, each with how much higher it must be able to be."""
        if not len(unions):
            return
        before = self.pattern
        cells = before.cells.with_unions(unions)
        nothing = np.zeros(len(unions))
        self.needs = Needs(
            np.concatenate([self.needs.upper, amounts]),
            np.concatenate([self.needs.lower, nothing]),
            np.concatenate([self.needs.sliding, nothing]),
        )
        ends = [
            np.array([each[union].sum() for union in unions]) for each in (before.room.down, before.room.up)
        ]
        room = Room(np.concatenate([before.room.down, ends[0]]), np.concatenate([before.room.up, ends[1]]))
        self.readers = self.readers.and_more(readers)
        self.may_change = np.concatenate([self.may_change, np.ones(len(unions), bool)])
        self.pattern = before.extended(cells, self.needs, room, self.readers)

    def run(self, given: Contributions | None) -> None:
        """Prove everything, look for unsafe unions, and again until there are none."""
        for _ in range(ROUNDS):
            proved(self.pattern, self._cost, self.may_change, self.policy.search)
            if given is None or not self.policy.rules:
                return
            unions, amounts, readers = self._unsafe_unions(given)
            if not unions:
                return
            self.add(unions, amounts, readers)
            self.union_count += len(unions)

    @property
    def _cost(self) -> Numbers:
        size = np.abs(self.pattern.cells.values)
        if self.policy.cost == "constant":
            return np.ones(len(size))
        smallest = float(np.min(size[size > 0], initial=1.0))
        cost: Numbers = np.maximum(size, smallest)
        if self.policy.cost == "digits":
            cost = np.log10(1.0 + cost)
        return cost / float(np.mean(cost)) if len(cost) else cost

    def _unsafe_unions(self, given: Contributions) -> tuple[list[Integers], Numbers, Readers]:
        """The withheld parts of each sum whose total is published, where they are unsafe together."""
        cells = self.pattern.cells
        table = cells.equations[: self.rows, : self.count].tocsr()
        free = self.pattern.is_free[: self.count]
        is_part = table.data > 0
        row = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
        is_total_free = np.zeros(table.shape[0], bool)
        is_total_free[row[~is_part]] = free[table.indices[~is_part]]
        kept = is_part & free[table.indices] & ~is_total_free[row]
        parts, rows = table.indices[kept].astype(np.int64), row[kept]
        cuts = np.nonzero(np.diff(rows))[0] + 1
        groups = []
        for group in np.split(parts, cuts) if len(parts) else []:
            name = np.sort(group).tobytes()
            if len(group) > 1 and name not in self.unions:
                self.unions.add(name)
                groups.append(group)
        if not groups:
            return [], np.zeros(0), Readers.of(0)
        together = given.together(groups)
        values = np.array([float(np.sum(cells.values[group])) for group in groups])
        need, against, _ = needs_of(values, together, self.policy.rules)
        unsafe = np.nonzero(need > 0)[0]
        outsiders = np.zeros(len(unsafe), bool)
        readers = Readers(together.alone[unsafe], together.largest[unsafe], against[unsafe], outsiders)
        return [groups[place] for place in unsafe], need[unsafe], readers

    def result(self, found_by: Mapping[str, int]) -> Suppression:
        """What was found; refused if a need is not met."""
        lost = {cell for cell, _ in self.pattern.unproved}
        if lost:
            raise DisclosureRisk(
                f"{len(lost)} unsafe cells cannot be kept uncertain, whatever else is withheld.",
                "Show observed zeros as rows that may be withheld, drop totals, or use coarser codes.",
            )
        counts = dict(found_by) | ({"unions": self.union_count} if self.union_count else {})
        withheld = self.pattern.is_withheld.copy()
        withheld[: self.count] &= ~self.pattern.cells.is_hidden[: self.count]
        return Suppression(
            self.pattern.cells, self.count, self.needs, self.pattern.room, self.readers,
            self.is_primary, withheld, counts, self.pattern.lines,
        )  # fmt: skip


def _groups(
    cells: Cells, given: Contributions, rules: Sequence[GroupAttributes]
) -> tuple[list[Integers], Numbers, Integers]:
    """The siblings of cells that hold nearly all of their group, what those need in values, and the cells."""
    unions: list[Integers] = []
    needs, unsafe = [np.zeros(0)], [np.zeros(0, np.int64)]
    for rule in rules:
        cell, siblings, persons = uniform_groups(cells, given.contributors, rule)
        each = np.abs(cells.values[cell]) / np.maximum(given.contributors[cell], 1)
        unions += siblings
        needs.append(persons * np.where(each > 0, each, 1.0))
        unsafe.append(cell)
    return unions, np.concatenate(needs), np.concatenate(unsafe)
