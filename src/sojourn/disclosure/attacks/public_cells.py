"""Public figures side by side: cells of different tables that are about the same persons.

Two tables may use other codes for one variable: single years and broad groups of age, countries and regions.
A code is therefore the set of its elementary parts, and a total, or a dimension that a table does not have,
is the set of all. Cells of all tables then lie in one space of sets, one for each variable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["ALL", "PublicCells", "PublicTable", "cells_side_by_side"]

ALL = 0
_TOTAL = "_T"
_TIME = "TIME_PERIOD"
Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PublicTable:
    """A table of counts as a reader has it.

    `subject` is what is counted: tables of one subject count the same persons. `dimensions` are columns of
    the observations, `variables` names the variable of those that share one with a dimension of another name,
    and `parts` the elementary parts of a code that stands for several. `step` is what figures are rounded to;
    infinite where they are perturbed by noise that readers do not know.
    """

    name: str
    subject: str
    observations: pa.Table
    dimensions: tuple[str, ...]
    step: float = 0.0
    variables: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)

    def variable(self, dimension: str) -> str:
        """The variable that a dimension is about."""
        return self.variables.get(dimension, dimension)


@dataclass(frozen=True)
class PublicCells:
    """Cells of several tables of one subject, in the order of the tables and their rows.

    `sets[v][k]` is the k-th set of variable v, as bits of its elementary parts; number `ALL` is the whole.
    `place` has for each cell the number of its set in each variable, and `period` that of its time. `value`
    is missing where a figure is withheld. `table` and `row` say where a cell stands.
    """

    variables: tuple[str, ...]
    sets: tuple[tuple[int, ...], ...]
    place: Integers
    period: Integers
    value: Numbers
    step: Numbers
    table: Integers
    row: Integers


def cells_side_by_side(tables: Sequence[PublicTable]) -> PublicCells:
    """The cells of tables of one subject in one space of sets.

    A cell whose codes of one variable have no part in common holds nobody, and is left out.
    """
    variables = tuple(dict.fromkeys(table.variable(name) for table in tables for name in table.dimensions))
    registers = [_Register() for _ in variables]
    periods: dict[str, int] = {}
    pieces = []
    for number, table in enumerate(tables):
        place = np.zeros((table.observations.num_rows, len(variables)), np.int64)
        is_possible = np.ones(table.observations.num_rows, bool)
        for name in table.dimensions:
            at = variables.index(table.variable(name))
            found = _numbers_of(table, name, registers[at])
            place[:, at], possible = registers[at].common(place[:, at], found)
            is_possible &= possible
        pieces.append((number, table, place, is_possible, _period_numbers(table, periods)))
    return PublicCells(
        variables,
        tuple(tuple(register.sets) for register in registers),
        np.concatenate([place[keep] for _, _, place, keep, _ in pieces]),
        np.concatenate([period[keep] for _, _, _, keep, period in pieces]),
        np.concatenate([_values(table)[keep] for _, table, _, keep, _ in pieces]),
        np.concatenate([np.full(int(keep.sum()), table.step) for _, table, _, keep, _ in pieces]),
        np.concatenate([np.full(int(keep.sum()), number) for number, _, _, keep, _ in pieces]),
        np.concatenate([np.nonzero(keep)[0] for _, _, _, keep, _ in pieces]),
    )


class _Register:
    """The sets of one variable, each with its number; parts become bits as they are met."""

    def __init__(self) -> None:
        self.bits: dict[str, int] = {}
        # The whole has a bit for every part there can be: -1 is all ones.
        self.sets: list[int] = [-1]
        self.number_of: dict[int, int] = {-1: ALL}

    def number(self, bits: int) -> int:
        if bits not in self.number_of:
            self.number_of[bits] = len(self.sets)
            self.sets.append(bits)
        return self.number_of[bits]

    def number_of_parts(self, parts: frozenset[str]) -> int:
        bits = 0
        for part in sorted(parts):
            bits |= 1 << self.bits.setdefault(part, len(self.bits))
        return self.number(bits)

    def common(self, first: Integers, second: Integers) -> tuple[Integers, npt.NDArray[np.bool_]]:
        """For pairs of sets the number of what both have, and whether they have anything."""
        if not first.any():
            return second, np.ones(len(second), bool)
        pairs, position = np.unique(np.stack([first, second]), axis=1, return_inverse=True)
        both = [self.sets[a] & self.sets[b] for a, b in pairs.T.tolist()]
        numbers = np.array([self.number(bits) if bits else ALL for bits in both], np.int64)
        return numbers[position], np.array([bits != 0 for bits in both])[position]


def _numbers_of(table: PublicTable, name: str, register: _Register) -> Integers:
    """The number of the set of each row's code."""
    coded = table.observations[name].combine_chunks().dictionary_encode()
    parts = table.parts.get(name, {})
    numbers = [
        ALL if code == _TOTAL else register.number_of_parts(parts.get(code, frozenset({code})))
        for code in coded.dictionary.to_pylist()
    ]
    found: Integers = np.array(numbers, np.int64)[coded.indices.to_numpy()]
    return found


def _period_numbers(table: PublicTable, known: dict[str, int]) -> Integers:
    coded = table.observations[_TIME].combine_chunks().dictionary_encode()
    numbers = [known.setdefault(period, len(known)) for period in coded.dictionary.to_pylist()]
    found: Integers = np.array(numbers, np.int64)[coded.indices.to_numpy()]
    return found


def _values(table: PublicTable) -> Numbers:
    found: Numbers = pc.fill_null(table.observations["OBS_VALUE"], float("nan")).to_numpy()
    return found
