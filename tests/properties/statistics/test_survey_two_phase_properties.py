"""The variance of two phases against its definition: a sum over pairs of records and their probabilities."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sojourn.engine import Engine
from sojourn.statistics.survey import Measure, SecondPhase, Stage, TaylorDesign, survey_cube, survey_table

SOME = settings(max_examples=5, deadline=None, derandomize=True)
STAGES = (Stage("p", "h", population="N"), Stage("d", population="M"))
# Two of five units in each stratum, two of four dwellings in each unit, one to three persons in a dwelling.
UNITS, DWELLINGS = (2, 5), (2, 4)
DWELLING = st.tuples(st.integers(1, 3), st.sampled_from("mn"))
PERSON = st.tuples(st.booleans(), st.sampled_from("ab"), st.integers(-9, 9))


def sample(dwellings, persons, unit):
    """Records of a first phase; of each stratum of the second at least two units are drawn, if it has two."""
    rows, answers = [], iter(persons)
    for (h, p, d), (size, screened) in zip(itertools.product((0, 1), repeat=3), dwellings, strict=True):
        for _ in range(size):
            drawn, g, y = next(answers)
            rows.append(
                {"h": h, "p": p, "d": d, "s": screened, "again": drawn, "g": g, "y": y, "id": len(rows)}
            )
    held = defaultdict(dict)
    for row in rows:
        held[row["s"]].setdefault(unit(row), []).append(row)
    for units in held.values():
        for place, members in enumerate(units.values()):
            is_drawn = members[0]["again"] or place < 2
            for row in members:
                row["again"] = int(is_drawn)
    return rows, {
        name: (sum(each[0]["again"] for each in units.values()), len(units)) for name, units in held.items()
    }


def of_both(drawn):
    """The chance that two given units of a stratum are both drawn, n of N."""
    n, size = drawn
    return n * (n - 1) / (size * (size - 1))


def first_chance(one, other):
    """The chance that the first phase draws both records."""
    share = (UNITS[0] / UNITS[1]) * (DWELLINGS[0] / DWELLINGS[1])
    if one["h"] != other["h"]:
        return share**2
    if one["p"] != other["p"]:
        return of_both(UNITS) * (DWELLINGS[0] / DWELLINGS[1]) ** 2
    return UNITS[0] / UNITS[1] * of_both(DWELLINGS) if one["d"] != other["d"] else share


def second_chance(one, other, drawn, unit):
    """The chance that the second phase draws both."""
    (n, size), (others, of_others) = drawn[one["s"]], drawn[other["s"]]
    if one["s"] != other["s"]:
        return n / size * others / of_others
    return n / size if unit(one) == unit(other) else of_both((n, size))


def by_definition(rows, drawn, unit, score):
    """Särndal, Swensson and Wretman (9.3.7), over pairs of records that were drawn again."""
    variance = 0.0
    for one, other in itertools.product([row for row in rows if row["again"]], repeat=2):
        product = score(one) * score(other)
        first = first_chance(one, one) * first_chance(other, other) / first_chance(one, other)
        own = second_chance(one, one, drawn, unit) * second_chance(other, other, drawn, unit)
        second = own / second_chance(one, other, drawn, unit)
        variance += (1 - first) * product * second + (1 - second) * product
    return variance


@SOME
@pytest.mark.parametrize("whole", [True, False], ids=["dwellings", "persons"])
@given(st.lists(DWELLING, min_size=8, max_size=8), st.lists(PERSON, min_size=24, max_size=24))
def test_the_variance_of_two_phases_is_the_sum_over_pairs(whole, dwellings, persons):
    def unit(row):
        return (row["h"], row["p"], row["d"]) if whole else row["id"]

    rows, drawn = sample(dwellings, persons, unit)
    assume(not all(row["again"] for row in rows))
    table = pa.Table.from_pylist([{**row, "N": UNITS[1], "M": DWELLINGS[1], "w": 5.0} for row in rows])
    second = SecondPhase("again", "d" if whole else "each_record", "first_phase", ("s",))
    design = TaylorDesign("w", STAGES, numbered="within_strata", second_phase=second)
    with Engine() as engine:
        cube = survey_cube(engine.relation(table), design=design, dimensions=["g"], measures=["y"])
    weight = {name: 5.0 * size / n for name, (n, size) in drawn.items()}
    for row in survey_table(cube, Measure("mean", of="y"), by=["g"]).to_pylist():
        members = [each for each in rows if each["again"] and row["g"] in ("_T", each["g"])]
        base = sum(weight[each["s"]] for each in members)
        mean = sum(weight[each["s"]] * each["y"] for each in members) / base
        assert math.isclose(row["value"], mean, abs_tol=1e-12)
        inside = {each["id"] for each in members}
        expected = by_definition(
            rows,
            drawn,
            unit,
            lambda each: weight[each["s"]] * (each["y"] - mean) / base if each["id"] in inside else 0.0,  # noqa: B023  called before the loop goes on
        )
        found = row["variance"]
        assert expected < 1e-9 if found is None else math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
