"""Samples of two phases by hand, over every possible sample, and at their edges."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sojourn.engine import Engine
from sojourn.engine.rules import parse_rule
from sojourn.errors import ContractBroken, ProjectError
from sojourn.statistics.survey import (
    CalibratedTo,
    Gap,
    Measure,
    Replication,
    SecondPhase,
    Stage,
    SurveyCube,
    TaylorDesign,
    survey_cube,
    survey_cube_sql,
    survey_table,
    with_replicates,
)
from sojourn.statistics.survey.figures import figures_of, spread_of, variance_parts
from two_phase_samples import CASES, first_phase

BOTH = SecondPhase("again", "each_record", "both_phases", ("s",))
RECORDS = (Stage("each_record", population="N"),)
DESIGN = TaylorDesign("w", RECORDS, second_phase=BOTH)
COLUMNS = ("N", "s", "again", "g", "w", "y")
# Six of twelve were screened; of four in stratum a two were asked, of two in stratum b both.
PLAIN = [
    (12, "a", 1, "x", 4.0, 10),
    (12, "a", 1, "y", 4.0, 30),
    (12, "a", 0, None, None, None),
    (12, "a", 0, None, None, None),
    (12, "b", 1, "x", 2.0, 5),
    (12, "b", 1, "y", 2.0, 7),
]


def records(rows, columns=COLUMNS):
    """A table of records written as rows of values."""
    return pa.table({name: pa.array([row[at] for row in rows]) for at, name in enumerate(columns)})


def changed(name, *values):
    """The plain records with other values in a column."""
    table = records(PLAIN)
    return table.set_column(COLUMNS.index(name), name, pa.array(values))


def table(rows, measure, design=DESIGN, by=("g",), **settings):
    """The figures of a measure, by cell and kind of figure."""
    with Engine() as engine:
        cube = survey_cube(
            engine.relation(rows),
            design=design,
            dimensions=by,
            measures=["y"],
            distributed=["y"],
            conditions={"high": parse_rule("y > 6", rows.column_names)},
        )
    found = survey_table(cube, measure, by=by, **settings).to_pylist()
    return {(*(row[name] for name in by), row["figure"]): row for row in found}


def test_a_total_of_two_phases_and_its_variance_by_hand():
    # Amounts t are 40 and 120 in stratum a, 10 and 14 in b: the total is 184.
    # 1. The first phase drew 6 of 12: (1 - 1/2) 6/5 (40² + 120² + 10² + 14² - 184²/6) = 3/5 (16,296 - 33,856/6)
    #    = 6,392. 2. In stratum a, where c = (4-2) / (4 · 1) = 1/2: 1/2 · 3/5 (16,000 - 160²/6) = 3,520; in b, of
    #    which all were asked, c is 0. 3. A unit's own square counts (1 - 1/2) 6/5 (1 - 1/6) = 1/2, and in a
    #    2/4 - 1 - 1/2 = -1 of it is taken off: -1/2 · 16,000 = -8,000; in b 1 - 1 - 0 = 0.
    # 4. Between units of stratum a: 2 (1 - 1/2) (40² + 40²) = 3,200.
    row = table(records(PLAIN), Measure("total", of="y"))["_T", "value"]
    assert row["value"] == 184
    assert math.isclose(row["variance"], 6_392 + 3_520 - 8_000 + 3_200)
    # The first phase has 6 - 1 degrees of freedom, the second 4 - 2.
    design = table(records(PLAIN), Measure("total", of="y"), freedom="design")["_T", "value"]
    assert design["degrees_of_freedom"] == 2


# Three units in a stratum, of which two are drawn, and two in another, which both are; their households have one
# or two persons. Columns: stratum, unit, household, screened as, value.
PEOPLE = [
    (0, 0, 0, "m", 4), (0, 0, 0, "m", 7), (0, 0, 1, "n", 1), (0, 0, 2, "m", 9), (0, 1, 0, "n", 3),
    (0, 1, 1, "m", 2), (0, 1, 1, "m", 8), (0, 2, 0, "n", 6), (0, 2, 0, "n", 5), (0, 2, 1, "m", 1),
    (1, 0, 0, "n", 2), (1, 0, 1, "m", 5), (1, 0, 1, "m", 1), (1, 1, 0, "n", 9), (1, 1, 0, "n", 4),
]  # fmt: skip
UNITS = {0: 3, 1: 2}


def first_phases(people, households):
    """Every first phase with its chance: rows, and their weights; of a unit all households, or so many."""
    for units in itertools.combinations(range(3), 2):
        drawn = [[row for row in people if row[:2] == unit] for unit in [(0, units[0]), (0, units[1]), (1, 0), (1, 1)]]
        ways = []
        for rows in drawn:
            held = sorted({row[2] for row in rows})
            kept = min(households or len(held), len(held))
            ways.append([(rows, set(each), len(held) / kept) for each in itertools.combinations(held, kept)])
        every = list(itertools.product(*ways))
        for way in every:
            chosen = [(row, factor) for rows, kept, factor in way for row in rows if row[2] in kept]
            weight = [factor * (1.5 if row[0] == 0 else 1.0) for row, factor in chosen]
            yield 1 / 3 / len(every), [row for row, _ in chosen], np.array(weight)


def second_phases(rows, unit):
    """Every second phase: two units of each stratum, or all where there are no more; chance and factors."""
    strata = {}
    for at, row in enumerate(rows):
        strata.setdefault(row[3], {}).setdefault(row[:3] if unit == "household" else at, []).append(at)
    ways = [list(itertools.combinations(units.values(), min(2, len(units)))) for units in strata.values()]
    every = list(itertools.product(*ways))
    for way in every:
        factor = np.zeros(len(rows))
        for drawn, units in zip(way, strata.values(), strict=True):
            factor[[at for each in drawn for at in each]] = len(units) / len(drawn)
        yield 1 / len(every), factor


def sampled(rows, weight, factor, design):
    """A cube of a sample, made without the engine: there are hundreds of samples."""
    stratum, unit, household, screened, value = zip(*rows, strict=True)
    weight, value = weight * factor, np.array(value, float)
    columns = {
        "contributors": (weight > 0).astype(int),
        "weight__0": weight,
        "weight__squared": weight**2,
        "sum__y__0": weight * value,
        "sum__y__squared": weight * value**2,
        "__stratum": stratum,
        "__unit": unit,
        "__household": household,
        "__screened": screened,
        "__again": (factor > 0).astype(int),
        "__units": [UNITS[each] for each in stratum],
        "__households": [len({row[2] for row in PEOPLE if row[:2] == own[:2]}) for own in rows],
    }
    return SurveyCube(pa.table(columns), (), (), ("y",), (), design)


@pytest.mark.parametrize(
    ("unit", "households"),
    [("household", None), ("each_record", None), ("household", 2)],
    ids=["households of units", "persons of units", "households of households"],
)
def test_over_every_possible_sample_the_variance_is_on_average_that_of_the_total(unit, households):
    units = Stage("unit", "stratum", population="units")
    stages = (units,) if households is None else (units, Stage("household", population="households"))
    second = SecondPhase("again", unit, "both_phases", ("screened",))
    design = TaylorDesign("w", stages, numbered="within_strata", second_phase=second)
    # Of persons there are many samples: those of the first households are enough.
    people = PEOPLE if unit == "household" else [row for row in PEOPLE if row[2] == 0 or row[3] == "m"]
    found = []
    for of_first, rows, weight in first_phases(people, households):
        for of_second, factor in second_phases(rows, unit):
            cube = sampled(rows, weight, factor, design)
            figures = figures_of(cube, Measure("total", of="y"), ())
            parts = variance_parts(figures.entries, figures.components, cube.units, None)
            variance = sum(float(part.variance[0]) for part in parts)
            found.append((of_first * of_second, figures.values[0, 0], variance))
    chance, total, variance = np.array(found).T
    truth = sum(row[4] for row in people)
    assert math.isclose(chance.sum(), 1)
    assert math.isclose(chance @ total, truth)
    assert math.isclose(chance @ variance, chance @ (total - truth) ** 2, rel_tol=1e-10)
    assert (variance < 0).any()  # as unbiased estimates of so few may be
