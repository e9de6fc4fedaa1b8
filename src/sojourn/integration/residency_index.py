"""Residence from signs of life: does somebody who stands in the register still live here?

Every year a person's activity in other registers is weighed. The index moves towards it by a part of the way
and keeps the rest of what it was, so that one quiet year does not make an emigrant nor one sign an immigrant.
Who has at least the threshold lives here.

What is not known is bounded, not guessed: where the start of the index, a register's year or an activity is
unknown, the index has a lower and an upper end, and where the threshold lies between them residence is
unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.contracts.microdata import ResidenceChange, ResidencyIndex
from sojourn.sources.reader.compiled import compiled

__all__ = ["GroupRule", "IndexRule", "Register", "activity_of", "residence_changes", "residency_index"]

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Masks = npt.NDArray[np.uint32]
MOST_REGISTERS = 32
NOT_IN_REGISTER, LIVES_ELSEWHERE, LIVES_HERE, UNKNOWN = -1, 0, 1, 2
_CODES = ("N", "R", "_U")
# Sums of weights that should reach a threshold may miss it in the last bits.
_SAME = 1e-9


@dataclass(frozen=True)
class Register:
    """A register whose activity counts: from which year to which it is known, from how many events on."""

    name: str
    since: int | None = None
    until: int | None = None
    least_events: int = 1

    def covers(self, year: int) -> bool:
        """Whether activity of a year is known."""
        return (self.since is None or self.since <= year) and (self.until is None or year <= self.until)


@dataclass(frozen=True)
class GroupRule:
    """How the activity of a group is weighed: a weight for each register, a base, and the threshold.

    A year's activity is the base and the weights of registers with activity, not below 0 nor above 1.
    """

    weights: Mapping[str, float]
    threshold: float = 0.7
    base: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError(f"A threshold of {self.threshold} is not above 0 and at most 1.")


@dataclass(frozen=True)
class IndexRule:
    """How signs of life make residence.

    `stability` is the part of the index that is kept from year to year. `start` is the index of people who
    were in the register before the first year; without it the first index may be anything from 0 to 1. The
    `general` rule holds for people without a group, each of `groups` for its own.

    The values 0.8 for the stability and 0.7 for the threshold are those told of Estonia's index, from memory.
    """

    registers: tuple[Register, ...]
    general: GroupRule
    groups: Mapping[str, GroupRule] = field(default_factory=dict)
    stability: float = 0.8
    start: float | None = None

    def __post_init__(self) -> None:
        names = [register.name for register in self.registers]
        if not 0 < len(names) <= MOST_REGISTERS or len(set(names)) < len(names):
            raise ValueError(f"An index has 1 to {MOST_REGISTERS} registers with different names.")
        if not 0 <= self.stability < 1:
            raise ValueError(f"A stability of {self.stability} is not at least 0 and below 1.")
        if self.start is not None and not 0 <= self.start <= 1:
            raise ValueError(f"A start of {self.start} is not between 0 and 1.")
        for rule in self.rules:
            unknown = set(rule.weights) - set(names)
            if unknown:
                raise ValueError(f"Weights are given to registers that are not there: {sorted(unknown)}.")

    @property
    def rules(self) -> tuple[GroupRule, ...]:
        """The rules by number: the general one is the first."""
        return (self.general, *self.groups.values())

    def weights(self) -> Floats:
        """Weights by number of the rule and of the register."""
        return np.array(
            [[rule.weights.get(each.name, 0.0) for each in self.registers] for rule in self.rules]
        )


@compiled
def _weighed(weights: Any, base: float, known: Any, possible: Any) -> tuple[float, float]:
    """The least and the most that a year's activity can be: weights may be negative."""
    low, high = base, base
    for register in range(len(weights)):
        bit = (possible >> np.uint32(register)) & np.uint32(1)
        if bit == 0:
            continue
        weight = weights[register]
        if (known >> np.uint32(register)) & np.uint32(1) == 1:
            low += weight
            high += weight
        elif weight > 0:
            high += weight
        else:
            low += weight
    return min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)


@compiled
def _residence(below: float, above: float, threshold: float) -> int:
    """Where somebody lives whose index is between two ends."""
    if below >= threshold:
        return LIVES_HERE
    return LIVES_ELSEWHERE if above < threshold else UNKNOWN


@compiled
def _indices(
    starts: Numbers, years: Numbers, rules: Numbers, entered: Any, left: Any, certain: Any, known: Any,
    possible: Any, weights: Any, bases: Any, thresholds: Any, stability: float, start_low: float,
    start_high: float, first_year: int, low: Any, high: Any, state: Any, rule_of: Any,
) -> None:  # fmt: skip
    """Fill index, state and rule of each person and year; `starts` says where a person's rows begin."""
    for person in range(len(starts) - 1):
        row, rule = starts[person], 0
        is_inside, is_new = False, False
        below, above = start_low, start_high
        for place in range(-1, low.shape[1]):
            year = first_year + place
            # Who entered in the course of the last year starts at one, whatever the activity in it.
            if is_new:
                below, above, is_inside = 1.0, 1.0, True
            elif is_inside and place > 0:
                activity = _weighed(
                    weights[rule], bases[rule], known[person, place - 1], possible[person, place - 1]
                )
                below = stability * below + (1 - stability) * activity[0]
                above = stability * above + (1 - stability) * activity[1]
            is_new, leaves, fixed = False, False, -1
            while row < starts[person + 1] and years[row] <= year:
                rule = rules[row]
                if entered[row] and years[row] == year:
                    is_new = True
                elif entered[row] or row == starts[person]:
                    below, above, is_inside = start_low, start_high, True
                if left[row]:
                    is_new = False
                    leaves = place >= 0
                    is_inside = is_inside and leaves
                fixed = certain[row] if years[row] == year else -1
                row += 1
            if place < 0:
                continue
            if fixed >= 0:
                below, above = float(fixed), float(fixed)
            if is_inside:
                low[person, place], high[person, place], rule_of[person, place] = below, above, rule
                state[person, place] = _residence(below, above, thresholds[rule] - _SAME)
            is_inside = is_inside and not leaves


@compiled
def _marked(
    persons: Numbers, places: Numbers, registers: Numbers, events: Numbers, least: Numbers, known: Any,
    possible: Any,
) -> None:  # fmt: skip
    """Mark in the masks which registers had activity, and which may have had (events below 0: not known)."""
    for row in range(len(persons)):
        person, place, bit = persons[row], places[row], np.uint32(1) << np.uint32(registers[row])
        if events[row] >= least[registers[row]]:
            known[person, place] |= bit
            possible[person, place] |= bit
        elif events[row] < 0:
            possible[person, place] |= bit


def residency_index(
    signs: pa.Table, register: pa.Table, *, rule: IndexRule, first_year: int, last_year: int
) -> pa.Table:
    """The index and residence of everyone in the register on 1 January of each year, as `ResidencyIndex`.

    `signs` is a SignOfLife table, `register` a RegisterYear table. On 1 January of a year the index is
    `stability` times that of a year before and, for the rest, the activity of the year between. People
    whose first row says that they entered start at 1 on the next 1 January, and so do those who enter again;
    where residence is certain the index is 1 or 0 on that day. Who leaves the register has no row from the
    next 1 January on. Signs of people who are not in the register,
    and of years that are not asked for, are left out.

    Work is done on arrays of persons × years, about 30 bytes for each: give a country in parts by person.

    Raises: ValueError for groups or registers that the rule does not know, and for years out of order.
    Source: domain reference, section 5.5.
    """
    if last_year < first_year:
        raise ValueError(f"The last year {last_year} is before the first year {first_year}.")
    persons = _sorted_keys(register["person_key"])
    years, starts, order = _rows_of_persons(register, persons)
    known, possible = _masks(signs, persons, rule, first_year, last_year - first_year)
    shape = (len(persons), last_year - first_year + 1)
    low, high = np.zeros(shape), np.zeros(shape)
    state, rule_of = np.full(shape, NOT_IN_REGISTER, np.int8), np.zeros(shape, np.int16)
    start_low, start_high = (0.0, 1.0) if rule.start is None else (rule.start, rule.start)
    _indices(
        starts, years, _rules_of(register["group"], rule)[order], _claims(register["entered"])[order],
        _claims(register["left"])[order], _certain(register["residence"])[order], known, possible,
        rule.weights(), np.array([each.base for each in rule.rules]),
        np.array([each.threshold for each in rule.rules]), rule.stability, start_low, start_high, first_year,
        low, high, state, rule_of,
    )  # fmt: skip
    return _as_table(persons, rule, first_year, low, high, state, rule_of)


def residence_changes(index: pa.Table) -> pa.Table:
    """People whose residence changed between two 1 Januaries that follow each other, as `ResidenceChange`.

    From N to R is an immigration that no register recorded, from R to N an emigration; to or from _U is a
    change of what is known. Who enters or leaves the register between the two is not among them. `index` is
    what `residency_index` gives.
    """
    order = np.lexsort((index["year"].to_numpy(), _numbers_of(index["person_key"])))
    rows = index.take(order)
    people, years = _numbers_of(rows["person_key"]), rows["year"].to_numpy()
    codes = _numbers_of(rows["residence"])
    follows = (people[1:] == people[:-1]) & (years[1:] == years[:-1] + 1) & (codes[1:] != codes[:-1])
    after = np.flatnonzero(follows) + 1
    before, now = rows.take(after - 1), rows.take(after)
    return ResidenceChange.conform(
        pa.table(
            {
                "person_key": now["person_key"],
                "year": before["year"],
                "group": now["group"],
                "residence_before": before["residence"],
                "residence_after": now["residence"],
            }
        )
    )


def activity_of(
    signs: pa.Table, register: pa.Table, people: pa.Table, *, rule: IndexRule, first_year: int
) -> Floats:
    """What the index remembers of each register's activity, and of the person's start: what weights multiply.

    A row for each row of `people` (person_key and year, who are in the register on that 1 January), a column
    for each register of the rule, and one for the start. Activity of a year has the weight that the index
    gives it: (1 - stability) · stability^n after n more years. The start has the rest. Years in which
    activity is not known are left out, and the others stand for them; not a number where there are no others.
    """
    last_year = max(pc.max(people["year"]).as_py() or first_year, first_year)

    def remembered(weights: Mapping[str, float]) -> tuple[Floats, Floats]:
        plain = GroupRule(weights)
        alike = replace(rule, general=plain, groups=dict.fromkeys(rule.groups, plain), start=1.0)
        years = {"first_year": first_year, "last_year": last_year}
        found = people.append_column("row", pa.array(np.arange(len(people)))).join(
            residency_index(signs, register, rule=alike, **years), ["person_key", "year"], use_threads=False
        )
        in_order = found.sort_by("row")
        return in_order["index_low"].to_numpy(), in_order["index_high"].to_numpy()

    start, _ = remembered({})
    columns = []
    for each in rule.registers:
        low, high = remembered({each.name: 1.0})
        known = 1 - start - (high - low)
        share = (low - start) / np.where(known > _SAME, known, np.nan)
        # Who has just entered has no year of activity behind them, and nothing that could be unknown.
        columns.append(np.where(1 - start > _SAME, share * (1 - start), 0.0))
    found: Floats = np.column_stack([*columns, start])
    return found


def _masks(
    signs: pa.Table, persons: pa.Array, rule: IndexRule, first_year: int, count: int
) -> tuple[Masks, Masks]:
    """Bits of the registers with activity by person and year, and of those that may have had some."""
    names = pa.array([each.name for each in rule.registers])
    registers = pc.index_in(signs["register"], names)
    if registers.null_count:
        raise ValueError(f"{registers.null_count} signs are of registers that the rule does not know.")
    at = pc.index_in(signs["person_key"], persons).fill_null(-1).to_numpy().astype(np.int64)
    places = signs["year"].to_numpy() - first_year
    kept = np.flatnonzero((at >= 0) & (places >= 0) & (places < count))
    known = np.zeros((len(persons), count), np.uint32)
    uncovered = [
        sum(1 << bit for bit, each in enumerate(rule.registers) if not each.covers(first_year + place))
        for place in range(count)
    ]
    possible = np.tile(np.array(uncovered, np.uint32), (len(persons), 1))
    events = signs["n_events"].cast(pa.int64()).fill_null(-1).to_numpy()
    least = np.array([each.least_events for each in rule.registers], np.int64)
    of_sign = registers.to_numpy().astype(np.int64)
    _marked(at[kept], places[kept], of_sign[kept], events[kept], least, known, possible)
    return known, possible


def _rows_of_persons(register: pa.Table, persons: pa.Array) -> tuple[Numbers, Numbers, Numbers]:
    """The years of the register's rows by person and year, where each person begins, and the rows' order."""
    people = pc.index_in(register["person_key"], persons).to_numpy().astype(np.int64)
    years = register["year"].to_numpy()
    order = np.lexsort((years, people))
    ends = np.bincount(people, minlength=len(persons)).cumsum()
    starts: Numbers = np.concatenate([[0], ends]).astype(np.int64)
    return years[order], starts, order


def _sorted_keys(keys: pa.ChunkedArray) -> pa.Array:
    """The different keys, in order."""
    different = pc.unique(keys.cast(pa.string()))
    return different.take(pc.array_sort_indices(different))


def _numbers_of(values: pa.ChunkedArray) -> Numbers:
    """A number for each value, the same for equal ones."""
    found: Numbers = values.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    return found


def _rules_of(groups: pa.ChunkedArray, rule: IndexRule) -> Numbers:
    """The number of each row's rule."""
    places = pc.index_in(groups, pa.array(list(rule.groups), pa.string()))
    strange = pc.sum(pc.and_(pc.is_valid(groups), pc.is_null(places))).as_py()
    if strange:
        raise ValueError(f"{strange} rows are of groups that the rule does not know.")
    found: Numbers = pc.add(places, 1).fill_null(0).to_numpy().astype(np.int64)
    return found


def _claims(values: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = values.fill_null(False).to_numpy()
    return found


def _certain(residence: pa.ChunkedArray) -> npt.NDArray[np.int8]:
    """1 where a person certainly lives here, 0 where certainly elsewhere, -1 where that is not certain."""
    places = pc.index_in(residence, pa.array(_CODES[:2])).fill_null(-1)
    found: npt.NDArray[np.int8] = places.to_numpy().astype(np.int8)
    return found


def _as_table(
    persons: pa.Array, rule: IndexRule, first_year: int, low: Floats, high: Floats, state: Any, rule_of: Any
) -> pa.Table:
    people, places = np.nonzero(state != NOT_IN_REGISTER)
    groups = pa.array([None, *rule.groups], pa.string())
    return ResidencyIndex.conform(
        pa.table(
            {
                "person_key": persons.take(pa.array(people)),
                "year": places + first_year,
                "group": groups.take(pa.array(rule_of[people, places])),
                "index_low": low[people, places],
                "index_high": high[people, places],
                "residence": pa.array(_CODES).take(pa.array(state[people, places])),
            }
        )
    )
