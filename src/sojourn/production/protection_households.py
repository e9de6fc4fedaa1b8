"""Households of a file: which records are together, how risky they are, and which change places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.disclosure.microdata import (
    Secret,
    agreeing_sums,
    household_risk,
    individual_risk,
    key_codes,
    patterns_of,
    swapped_households,
)
from sojourn.errors import DataRefused
from sojourn.project.protection_declarations import ProtectionDeclaration, SwapStep

__all__ = ["RecordRisk", "household_numbers", "record_risk", "swapped_table"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class RecordRisk:
    """Records that agree with each record, its risk, and that of its household or of itself alone."""

    agreeing: Floats
    risk: Floats
    of_household: Floats


def household_numbers(table: pa.Table, household: str | None) -> Integers:
    """The number of each record's household from 0 on; every record is one of its own without a column.

    Raises: DataRefused where a record has no household.
    """
    if household is None:
        return np.arange(len(table))
    column = table[household]
    if column.null_count:
        raise DataRefused(
            f"{column.null_count:,} records have no household.", "Give each one, or leave `household` out."
        )
    return key_codes(table, [household], ()).codes[:, 0].astype(np.int64)


def record_risk(table: pa.Table, declared: ProtectionDeclaration) -> RecordRisk:
    """The risk of each record of a table."""
    keys = key_codes(table, declared.keys, declared.unknown)
    found = patterns_of(keys.codes)
    weights = (
        np.ones(len(table))
        if declared.weight is None
        else table[declared.weight].cast(pa.float64()).fill_null(0.0).to_numpy()
    )
    amounts = np.column_stack([found.records, np.bincount(found.of_record, weights)])
    sums = agreeing_sums(found.codes, amounts, declared.missing)
    risk = individual_risk(sums[:, 0], sums[:, 1])[found.of_record]
    household = household_numbers(table, declared.household)
    return RecordRisk(sums[found.of_record, 0], risk, household_risk(risk, household))


def swapped_table(
    table: pa.Table,
    identifiers: pa.Array,
    declared: ProtectionDeclaration,
    how: SwapStep,
    secret: Secret,
    least: int,
) -> tuple[pa.Table, dict[str, Any]]:
    """The table after swapping; households with a member with whom fewer than `least` agree are at risk.

    Raises: DataRefused where members of a household are in different places.
    """
    household = household_numbers(table, declared.household)
    households = int(household.max()) + 1
    first = np.full(households, len(table), np.int64)
    np.minimum.at(first, household, np.arange(len(table)))
    place = patterns_of(key_codes(table, how.place, ()).codes).of_record
    if np.any(place != place[first[household]]):
        raise DataRefused(
            "Members of a household are in different places.",
            "Name columns of the place that are the same for all of a household.",
        )
    at_risk = np.bincount(household, record_risk(table, declared).agreeing < least, households) > 0
    found = swapped_households(
        place[first],
        [_profile(table, columns, household, households) for columns in how.alike],
        at_risk,
        _of_households(secret.numbers(identifiers, "swapping"), household, households),
        rate=how.rate,
    )
    source = pa.array(first[found.partner][household])
    for name in how.place:
        table = table.set_column(table.column_names.index(name), name, table[name].take(source))
    return table, {
        "columns": list(how.place),
        "households": households,
        "swapped": found.swapped,
        "at_risk": found.at_risk,
        "without_partner": found.without_partner,
    }


def _of_households(numbers: Hashes, household: Integers, households: int) -> Floats:
    """A chance for each household from the numbers of its members, in whatever order."""
    found = np.zeros(households, np.uint64)
    np.add.at(found, household, numbers)
    return (found >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _profile(table: pa.Table, columns: tuple[str, ...], household: Integers, households: int) -> Integers:
    """A number for each household: the same where the members, in any order, are the same in the columns."""
    own = np.zeros(len(table), np.int64)
    if columns:
        own = patterns_of(key_codes(table, columns, ()).codes).of_record
    # A sum of random numbers stands for the bag of members: chance makes two bags alike once in 2^64 pairs.
    signs = np.random.default_rng(0).integers(0, 2**64, int(own.max()) + 1, dtype=np.uint64)
    found = np.zeros(households, np.uint64)
    np.add.at(found, household, signs[own])
    _, numbered = np.unique(found, return_inverse=True)
    return numbered.reshape(-1).astype(np.int64)
