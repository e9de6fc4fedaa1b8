"""Attacks on published tables: each recovers what a careless release gives away, and no more."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sojourn.disclosure.attacks import PublicTable, averaged, changes, differences


def table(name, dimensions, cells, **settings):
    """A table of counts: codes of the dimensions and a value, None where it is withheld."""
    columns = {dim: [codes[at] for codes, _ in cells] for at, dim in enumerate(dimensions)}
    observations = pa.table(
        columns
        | {
            "TIME_PERIOD": ["2024"] * len(cells),
            "OBS_VALUE": pa.array([value for _, value in cells], pa.float64()),
        }
    )
    return PublicTable(name, "persons", observations, tuple(dimensions), **settings)


YEARS = {
    "Y15T64": frozenset(str(year) for year in range(15, 65)),
    "Y15T69": frozenset(str(year) for year in range(15, 70)),
    "Y65T69": frozenset(str(year) for year in range(65, 70)),
    "Y70": frozenset({"70"}),
}


def test_overlapping_ages_tell_of_the_few_in_between():
    # 1,003 from 15 to 69 and 1,000 from 15 to 64: three are 65 to 69.
    one = table("A", ["AGE"], [(("Y15T64",), 1000)], parts={"AGE": YEARS})
    other = table(
        "B", ["AGE_WIDE"], [(("Y15T69",), 1003)], parts={"AGE_WIDE": YEARS}, variables={"AGE_WIDE": "AGE"}
    )
    (found,) = differences([one, other], minimum=10)
    assert (found.kind, found.variable, found.low, found.high) == ("difference", "AGE", 3.0, 3.0)
    assert (found.larger, found.smaller) == ((1, 0), ((0, 0),))
    assert differences([one], minimum=10) == differences([one, other], minimum=3) == []


def test_rounding_to_five_hides_a_difference_of_three():
    # 1,003 and 1,000 become 1,005 and 1,000: between 0 and 10 are in between.
    one = table("A", ["AGE"], [(("Y15T64",), 1000)], parts={"AGE": YEARS}, step=5)
    other = table("B", ["AGE"], [(("Y15T69",), 1005)], parts={"AGE": YEARS}, step=5)
    assert differences([one, other], minimum=10) == []


def test_nested_geographies_tell_of_the_few_outside():
    towns = {"CITY": frozenset({"a", "b"}), "REGION": frozenset({"a", "b", "c"})}
    city = table("A", ["PLACE"], [(("CITY",), 500)], parts={"PLACE": towns})
    region = table(
        "B", ["PLACE", "SEX"], [(("REGION", "_T"), 502), (("REGION", "F"), 250)], parts={"PLACE": towns}
    )
    (found,) = differences([city, region], minimum=5)
    assert (found.kind, found.low, found.larger) == ("difference", 2.0, (1, 0))


def test_what_one_table_withholds_and_another_shows_is_found():
    one = table("A", ["SEX"], [(("F",), None), (("M",), 40), (("_T",), 100)])
    other = table("B", ["SEX", "AGE"], [(("F", "_T"), 60), (("F", "Y70"), 20)], parts={"AGE": YEARS})
    found = [each for each in differences([one, other], minimum=5) if each.kind == "elsewhere"]
    assert [(each.larger, each.smaller, each.low, each.high) for each in found] == [
        ((1, 0), ((0, 0),), 60, 60)
    ]


def test_a_total_of_one_table_minus_the_parts_of_another_is_found():
    # 100 in all; 40 and 57 in the regions that are shown: three in those that are not.
    parts = table("A", ["REGION"], [(("N",), 40), (("S",), 57), (("E",), None), (("W",), None)])
    total = table("B", ["SEX"], [(("_T",), 100), (("F",), 50)])
    (found,) = differences([parts, total], minimum=10)
    assert (found.kind, found.variable, found.low, found.larger) == ("rest", "REGION", 3.0, (1, 0))
    assert found.smaller == ((0, 0), (0, 1))


def test_a_new_version_tells_of_those_who_were_added():
    old = table("A", ["SEX"], [(("F",), 60), (("M",), 40), (("X",), 12)])
    new = table("A", ["SEX"], [(("F",), 61), (("M",), 40), (("X",), None)])
    found = changes(new, old, minimum=5)
    assert (found.shown_before, found.few) == ((2,), (0,))
    rounded = [
        table("A", ["SEX"], [(("F",), 60)], step=5),
        table("A", ["SEX"], [(("F",), 65)], step=5),
    ]
    assert changes(rounded[1], rounded[0], minimum=5).few == ()


@pytest.mark.parametrize("variance", [1.0, 3.0])
def test_averaging_over_breakdowns_leaves_the_error_that_its_formula_says(variance):
    # A total by sex (2 cells), by region (3), and by both (6): precisions 1 + 1/2 + 1/3 + 1/6 in 1/V.
    codes = [(sex, region) for sex in ("_T", "F", "M") for region in ("_T", "N", "S", "W")]
    cells = [(pair, 10) for pair in codes]
    found = averaged([table("A", ["SEX", "REGION"], cells)], variance=variance)
    best = (int(found.row[0]), int(found.breakdowns[0]), float(found.error[0]))
    assert best == (0, 4, pytest.approx((variance / 2.0) ** 0.5, rel=1e-12))
    assert found.error[-1] == pytest.approx(variance**0.5)


def test_averaging_recovers_what_it_says_in_simulation():
    draw = np.random.default_rng(3)
    truth, noise = np.full((16, 20), 30), draw.normal(0, 3.0**0.5, (4000, 16, 20))
    # 16 breakdowns of 20 cells each beside the total itself.
    own = draw.normal(0, 3.0**0.5, 4000)
    sums = (truth + noise).sum(axis=2)
    weights = np.r_[1.0, np.full(16, 1 / 20)]
    estimate = (np.c_[600 + own, sums] * weights).sum(axis=1) / weights.sum()
    names = [f"D{at}" for at in range(16)]
    tables = [
        table(f"T{at}", [names[at]], [(("_T",), 600), *[((f"c{code}",), 30) for code in range(20)]])
        for at in range(16)
    ]
    found = averaged(tables, variance=3.0)
    assert int(found.breakdowns[0]) == 17
    assert float(found.error[0]) == pytest.approx(float(np.std(estimate)), rel=0.05)
