"""Sums that do not depend on the order of what is added: whole numbers of a scale that the data decide.

Whole numbers add up as they are; fractions are first multiplied by a power of two and rounded, so that 126
bits hold the sum of all records. What the power must be is read off the largest numbers that occur.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sojourn.engine import Relation
from sojourn.engine.compose import WeightedSum, limits_statement
from sojourn.errors import ContractBroken, Problem

__all__ = ["Limits", "limits_of"]

_WHOLE = frozenset(["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"])
_BITS = 126


@dataclass(frozen=True)
class Limits:
    """What was found in the columns that are added up: how many records, and how large each number is."""

    records: int
    largest: dict[str, float]
    smallest: dict[str, float]
    fractional: frozenset[str]
    incomplete: frozenset[str]

    def term(self, name: str, *factors: str | None, only_where: str | None = None) -> WeightedSum:
        """The sum of a product of columns, as wide or as finely scaled as the numbers found in them need."""
        columns = tuple(factor for factor in factors if factor is not None)
        largest = math.prod(self.largest[factor] for factor in columns) * max(self.records, 1)
        scale = None
        if self.fractional & set(columns) or largest >= 2.0**_BITS:
            # The sum of all records must stay below 2**126; frexp gives the bits left of the point.
            scale = max(-900, min(900, _BITS - math.frexp(largest)[1])) if largest else 0
        is_small = scale is None and largest < 2.0**53
        return WeightedSum(name, columns, only_where, scale, is_wide=largest >= 2.0**62, is_small=is_small)


def limits_of(
    records: Relation, types: dict[str, str], weights: Sequence[str], measures: Sequence[str]
) -> Limits:
    """How many records there are, and how large the numbers in these columns.

    Raises: ContractBroken for weights that are missing and for numbers that are not finite.
    """
    columns = list(dict.fromkeys([*weights, *measures]))
    fractional = frozenset(name for name in columns if types[name] not in _WHOLE)
    found = records.engine.query(limits_statement(columns, fractional), {"records": records}).rows()[0]
    about = {name: found[1 + 4 * place : 5 + 4 * place] for place, name in enumerate(columns)}
    problems = [_missing(name, about[name][0]) for name in weights if about[name][0]]
    problems += [
        _not_finite(name, about[name][1])
        for name in columns
        if about[name][1] or math.isinf(about[name][2] or 0.0)
    ]
    if problems:
        raise ContractBroken(problems)
    return Limits(
        records=int(found[0]),
        largest={name: float(about[name][2] or 0.0) for name in columns},
        smallest={name: float(about[name][3] or 0.0) for name in columns},
        fractional=fractional,
        incomplete=frozenset(name for name in columns if about[name][0]),
    )


def _missing(weight: str, records: int) -> Problem:
    return Problem(
        "",
        None,
        f"The weight {weight} is missing in {_counted(records)}.",
        "Every record of a survey has all its weights: fill them in, or leave out who was not sampled.",
    )


def _not_finite(name: str, records: int) -> Problem:
    where = f"not a number (NaN) in {_counted(records)}" if records else "infinite in some records"
    return Problem(
        "", None, f"The column {name} is {where}.", "Leave the cell empty where nothing is stated."
    )


def _counted(records: int) -> str:
    return f"{records:,} record{'' if records == 1 else 's'}"
