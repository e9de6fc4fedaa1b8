"""What no matching can know of two files: bounds of joint shares, beside what the matching made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import pyarrow as pa

from sojourn.project.joining_declarations import BoundsDeclaration, MatchingDeclaration
from sojourn.statistics.weighting import JointBounds, classes_of_numbers, joint_bounds, joint_shares

__all__ = ["Bounds", "bounds_of", "bounds_table"]

_SCHEMA = pa.schema(
    [
        ("recipients_column", pa.string()),
        ("recipients_code", pa.string()),
        ("donors_column", pa.string()),
        ("donors_code", pa.string()),
        ("lower", pa.float64()),
        ("upper", pa.float64()),
        ("independent", pa.float64()),
        ("matched", pa.float64()),
        ("lower_without", pa.float64()),
        ("upper_without", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Bounds:
    """The bounds of a pair of columns, and the shares that the matched file has, if it has both."""

    declared: BoundsDeclaration
    shared: tuple[str, ...]
    found: JointBounds
    shares: dict[tuple[str, str], float] | None

    def to_json(self) -> dict[str, Any]:
        """The cells and what they mean, as plain values."""
        first, second = self.declared.recipients, self.declared.donors
        cells = []
        for row in self.found.cells.to_pylist():
            pair = row.pop(first), row.pop(second)
            share = None if self.shares is None else self.shares.get(pair, 0.0)
            cells.append({"recipients_code": pair[0], "donors_code": pair[1], **row, "matched": share})
        return {
            "recipients": first,
            "donors": second,
            "shared": list(self.shared),
            "uncertainty": self.found.uncertainty,
            "uncertainty_without": self.found.uncertainty_without,
            "cells": cells,
        }


def bounds_of(
    matched: pa.Table, donors: pa.Table, asked: BoundsDeclaration, declared: MatchingDeclaration
) -> Bounds:
    """Fréchet's bounds of a pair of columns, the recipients being those of the matched file.

    Raises: as `joint_bounds`.
    """
    shared = declared.within if asked.shared is None else asked.shared
    first = _cut(matched, asked, (*shared, asked.recipients, asked.donors))
    found = joint_bounds(
        first, _cut(donors, asked, (*shared, asked.donors)), shared=shared,
        of_first=asked.recipients, of_second=asked.donors,
        first_weight=declared.weights.recipients, second_weight=declared.weights.donors,
        classes_of=_side(asked),
    )  # fmt: skip
    shares = None
    if asked.donors in declared.give.names:
        shares = joint_shares(first, asked.recipients, asked.donors, weight=declared.weights.recipients)
    return Bounds(asked, shared, found, shares)


def bounds_table(bounds: Sequence[dict[str, Any]]) -> pa.Table:
    """The cells of all pairs of columns, one after another."""
    rows = [
        {"recipients_column": each["recipients"], "donors_column": each["donors"], **cell}
        for each in bounds
        for cell in each["cells"]
    ]
    return pa.Table.from_pylist(rows, _SCHEMA)


def _side(asked: BoundsDeclaration) -> Literal["both", "first", "second"]:
    named = {"both": "both", "recipients": "first", "donors": "second"}[asked.classes_of]
    return cast("Literal['both', 'first', 'second']", named)


def _cut(table: pa.Table, asked: BoundsDeclaration, names: Sequence[str]) -> pa.Table:
    """A table with the numbers of some columns as codes of classes."""
    for name, cuts in asked.cuts.items():
        if name in names and name in table.column_names:
            place = table.column_names.index(name)
            table = table.set_column(place, name, classes_of_numbers(table, name, cuts))
    return table
