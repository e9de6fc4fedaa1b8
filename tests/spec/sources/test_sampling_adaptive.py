"""Adaptive cluster samples: networks, edges, and what every possible sample of a few units gives."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from all_samples import assert_unbiased, of_total, row_of, samples
from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.adaptive import (
    AdaptiveDesign,
    adaptive_estimates,
    adaptive_weights,
    grid_links,
)
from sojourn.sources.sampling.targets import Target

TOTAL = [Target("total", "total", "y")]


def chain(count: int) -> pa.Table:
    """Units in a row, each the neighbour of the next."""
    return pa.table({"unit": list(range(count - 1)), "neighbour": list(range(1, count))})


def found_from(y, initial, least, strata=None) -> pa.Table:
    """The units that an initial sample leads to, in a row of units of which those with `least` meet it."""
    seen, open_ = set(initial), list(initial)
    while open_:
        unit = open_.pop()
        if y[unit] >= least:
            new = {unit - 1, unit + 1} & set(range(len(y))) - seen
            seen |= new
            open_ += new
    places = sorted(seen)
    strata = strata or ["all"] * len(y)
    return pa.table(
        {
            "unit": places,
            "initial": [initial.count(place) for place in places],
            "meets": [y[place] >= least for place in places],
            "stratum": [strata[place] for place in places],
            "population": [strata.count(strata[place]) for place in places],
            "y": [y[place] for place in places],
        }
    )


def design(**more) -> AdaptiveDesign:
    return AdaptiveDesign("unit", "initial", "meets", "population", **more)


FIVE = [1, 0, 2, 10, 1000]
HT, HH = {"estimator": "horvitz-thompson"}, {"estimator": "hansen-hurwitz"}


@pytest.mark.parametrize(
    ("initial", "by_probability", "by_draws"),
    [
        # Of ten samples of two of five, seven hit the network of two units: 1/0.7; single units 1/0.4.
        ((0, 1), 2.5, 2.5),  # (1 + 0)/0.4; 5/2 · (1 + 0)
        ((0, 3), 1445.357142857, 1265.0),  # 1/0.4 + 1010/0.7; 5/2 · (1 + 505)
        ((3, 4), 1442.857142857, 2525.0),  # 1010/0.7; 5/2 · (505 + 505)
    ],
)
def test_a_network_counts_by_its_probability_or_by_its_mean_for_each_draw(initial, by_probability, by_draws):
    units = found_from(FIVE, initial, 5)
    for settings, value in ((HT, by_probability), (HH, by_draws)):
        found = adaptive_estimates(units, chain(5), design(**settings), TOTAL)
        assert row_of(found)["value"] == pytest.approx(value)


@pytest.mark.parametrize("improved", [False, True])
@pytest.mark.parametrize("settings", [HT, HH], ids=["ht", "hh"])
def test_over_all_samples_estimates_and_variances_are_unbiased(settings, improved):
    y = [0, 3, 60, 0, 1, 7, 8, 0, 2]
    asked = design(**settings, improved=improved)
    made = of_total(
        lambda initial: adaptive_estimates(found_from(y, initial, 3), chain(9), asked, TOTAL),
        samples((range(9), 4)),
    )
    assert_unbiased(made, sum(y))


def test_the_improved_estimator_varies_less():
    def variance(improved):
        asked = design(**HH, improved=improved)
        values = [
            row_of(adaptive_estimates(found_from(FIVE, each, 5), chain(5), asked, TOTAL))["value"] / 5
            for each in samples((range(5), 2))
        ]
        assert np.mean(values) == pytest.approx(202.6)
        return np.var(values)

    # Means of 0.5, 1.5, 253, 253, 1, 252.5, 252.5, 253.5, 253.5, 505; six of these lead to the same units as
    # two others, and take their mean.
    assert variance(False) == pytest.approx(22861.59)
    assert variance(True) == pytest.approx(18644.773333333)


@pytest.mark.parametrize("settings", [HT, HH], ids=["ht", "hh"])
def test_networks_that_cross_strata_are_unbiased(settings):
    y = [0, 4, 5, 0, 1, 9, 2, 3]
    strata = ["north"] * 3 + ["south"] * 5
    asked = design(**settings, strata=("stratum",))
    made = of_total(
        lambda initial: adaptive_estimates(found_from(y, initial, 3, strata), chain(8), asked, TOTAL),
        samples((range(3), 2), (range(3, 8), 3)),
    )
    assert_unbiased(made, sum(y))


def test_an_initial_sample_with_replacement_is_unbiased():
    y = [0, 4, 5, 0, 1]
    for settings in (HT, HH):
        asked = design(**settings, replacement=True)
        made = of_total(
            lambda initial, asked=asked: adaptive_estimates(
                found_from(y, initial, 3), chain(5), asked, TOTAL
            ),
            samples((range(5), 1), (range(5), 1), (range(5), 1)),
        )
        assert_unbiased(made, sum(y))


def test_edge_units_count_only_when_the_initial_sample_drew_them():
    units = found_from(FIVE, (0, 3), 5)
    rows = adaptive_weights(units, chain(5), design()).to_pylist()
    assert [(row["unit"], row["network_size"], row["weight"]) for row in rows] == [
        (0, 1, pytest.approx(2.5)),
        (2, None, 0.0),
        (3, 2, pytest.approx(1 / 0.7)),
        (4, 2, pytest.approx(1 / 0.7)),
    ]
    assert row_of(adaptive_estimates(units, chain(5), design(), TOTAL))["respondents"] == 3


def test_means_and_shares_are_of_units_not_of_networks():
    units = found_from(FIVE, (0, 3), 5)
    found = adaptive_estimates(units, chain(5), design(), [Target("mean", "mean", "y")])
    # Sum: 1/0.4 + 1010/0.7; units: 1/0.4 + 2/0.7.
    assert row_of(found)["value"] == pytest.approx((2.5 + 1010 / 0.7) / (2.5 + 2 / 0.7))


def test_cells_of_a_grid_share_sides_and_where_asked_corners():
    cells = pa.table({"unit": ["a", "b", "c", "d"], "row": [1, 1, 2, 3], "column": [1, 2, 2, 1]})
    sides = grid_links(cells, unit="unit", row="row", column="column")
    assert sorted(map(tuple, (row.values() for row in sides.to_pylist()))) == [("a", "b"), ("b", "c")]
    corners = grid_links(cells, unit="unit", row="row", column="column", corners=True)
    assert sorted("".join(sorted(row.values())) for row in corners.to_pylist()) == ["ab", "ac", "bc", "cd"]


def test_a_grid_does_not_go_on_from_the_end_of_a_row():
    cells = pa.table({"unit": [1, 2], "row": [1, 2], "column": [3, 1]})
    assert len(grid_links(cells, unit="unit", row="row", column="column", corners=True)) == 0


def test_a_network_that_was_not_followed_to_its_edge_is_refused():
    units = found_from(FIVE, (0, 3), 5)
    with pytest.raises(DataRefused, match="neighbour that was not looked at"):
        adaptive_estimates(units.slice(0, 3), chain(5), design(), TOTAL)


def test_units_that_no_chain_leads_to_are_refused():
    units = found_from(FIVE, (0, 3), 5)
    alone = chain(5).slice(0, 3)
    with pytest.raises(DataRefused, match="no chain of links leads"):
        adaptive_estimates(units, alone, design(), TOTAL)


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("initial", [0, 0, 0, 0], "initial sample is empty"),
        ("initial", [1, 0, 2, 0], "which units the initial sample drew"),
        ("initial", [0, 0, 1, 0], "fewer than two units of the initial sample"),
        ("population", [5, 5, 6, 5], "differs within a stratum"),
        ("population", [3, 3, 3, 3], "More units of a stratum were looked at than it has"),
        ("population", [5, 5, None, 5], "empty in 1 rows"),
        ("meets", [0, 0, 2, 1], "something else than true and false"),
        ("unit", [0, 2, 3, 3], "identifier twice"),
    ],
)
def test_columns_that_cannot_be_are_refused(column, values, said):
    units = found_from(FIVE, (0, 3), 5)
    wrong = units.set_column(units.column_names.index(column), column, pa.array(values))
    with pytest.raises(DataRefused, match=said):
        adaptive_estimates(wrong, chain(5), design(), TOTAL)


def test_strata_cannot_be_improved():
    with pytest.raises(ProjectError, match="without strata"):
        design(strata=("stratum",), improved=True)


def test_when_nobody_meets_the_condition_the_sample_is_a_simple_random_one():
    y = [4.0, 1.0, 2.0, 2.0, 5.0, 0.0]
    units = found_from(y, (0, 2, 5), 99)
    for settings in (HT, HH):
        row = row_of(adaptive_estimates(units, chain(6), design(**settings), TOTAL))
        # 6 · mean(4, 2, 0) = 12; 36 · (1 - 3/6) · 4/3 = 24.
        assert (row["value"], row["standard_error"] ** 2) == (pytest.approx(12), pytest.approx(24))


def test_a_variance_that_comes_out_negative_tells_no_standard_error():
    y = [0, 3, 6, 0, 1, 7, 8, 0, 2]
    told = [
        row_of(adaptive_estimates(found_from(y, each, 3), chain(9), design(**HH, improved=True), TOTAL))
        for each in samples((range(9), 4))
    ]
    (without,) = [row for row in told if row["standard_error"] is None]
    assert (without["lower"], without["upper"]) == (None, None)
    assert without["value"] > 0
