"""Generated tables of three dimensions with hierarchies, and the sizes of their contributors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sojourn.disclosure.suppression import Hierarchy, hierarchy_of

__all__ = ["SHAPES", "Generated", "Shape", "generated", "with_all_totals"]

TOTAL = "_T"


@dataclass(frozen=True)
class Shape:
    """How many codes each level of each dimension splits into, how many contributors, how unequal."""

    levels: dict[str, tuple[int, ...]]
    contributors: int
    spread: float


# As near as generated tables come to the cells and unsafe cells of the methods reference, section 4.4.
SHAPES = {
    "541": Shape({"region": (3, 3), "sex": (2,), "age": (2, 6)}, 1_500, 1.0),
    "1,565": Shape({"region": (4, 4), "sex": (3,), "age": (3, 5)}, 5_000, 0.8),
    "3,556": Shape({"region": (5, 4), "sector": (2, 3), "age": (3, 4)}, 9_000, 0.6),
    "16,431": Shape({"region": (5, 6), "sector": (3, 3), "age": (5, 6)}, 52_500, 1.0),
    "62,226": Shape({"region": (8, 10), "sector": (4, 4), "age": (5, 7)}, 144_000, 1.0),
}


@dataclass(frozen=True)
class Generated:
    """One record for each contributor, its inner cells, and the hierarchies of both."""

    records: pa.Table
    dimensions: tuple[str, ...]
    hierarchies: tuple[Hierarchy, ...]


def generated(shape: Shape, seed: int) -> Generated:
    """Contributors of logarithmic-normal size in codes of which few hold most."""
    draw = np.random.default_rng(seed)
    columns, hierarchies = {}, []
    for name, levels in shape.levels.items():
        parents, lowest = _tree(name[0].upper(), levels)
        hierarchies.append(hierarchy_of(name, parents))
        chances = np.arange(1, len(lowest) + 1) ** -0.7
        columns[name] = np.array(lowest)[
            draw.choice(len(lowest), shape.contributors, p=chances / chances.sum())
        ]
    size = np.ceil(np.exp(draw.normal(3, shape.spread, shape.contributors)))
    return Generated(pa.table({**columns, "value": size}), tuple(shape.levels), tuple(hierarchies))


def with_all_totals(made: Generated) -> pa.Table:
    """The table with every total of every level, one row for each cell that is not empty."""
    table = made.records
    for name, hierarchy in zip(made.dimensions, made.hierarchies, strict=True):
        others = [each for each in (*made.dimensions, "value") if each != name]
        above = {code: [code, *hierarchy.above[code]] for code in hierarchy.codes}
        codes = table.column(name).to_pylist()
        rows = [row for row, code in enumerate(codes) for _ in above[code]]
        lifted = pa.array([higher for code in codes for higher in above[code]])
        table = table.select(others).take(rows).append_column(name, lifted)
        table = table.group_by(list(made.dimensions)).aggregate([("value", "sum")])
        table = table.rename_columns({"value_sum": "value"})
    return table


def _tree(letter: str, levels: tuple[int, ...]) -> tuple[dict[str, str], list[str]]:
    parents: dict[str, str] = {}
    level = [TOTAL]
    for width in levels:
        below = []
        for up in level:
            for number in range(width):
                code = f"{letter if up == TOTAL else up}{number:02d}"
                parents[code] = up
                below.append(code)
        level = below
    return parents, level
