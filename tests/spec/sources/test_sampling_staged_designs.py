"""Designs in stages: weights, variances, and what is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.staged_designs import Stage, StagedDesign, staged_draw


def variance(table, design, values):
    draw = staged_draw(table, design)
    return draw.covariance((draw.weights * np.array(values, float))[:, None])[0, 0]


def test_two_stages_by_hand():
    # Two of five villages, two of four and two of six persons: weights 2.5 · 2 and 2.5 · 3.
    table = pa.table({"village": ["a", "a", "b", "b"], "villages": [5] * 4, "persons": [4, 4, 6, 6]})
    design = StagedDesign((Stage("village", population="villages"), Stage(population="persons")))
    assert staged_draw(table, design).weights.tolist() == [5, 5, 7.5, 7.5]
    # Between: sums 5 · 4 = 20 and 7.5 · 4 = 30, (1 - 2/5) · 2 · 50 = 60.
    # Within: 2/5 · ((1 - 2/4) · 2 · 50 + (1 - 2/6) · 2 · 28.125) = 2/5 · (50 + 37.5) = 35.
    assert variance(table, design, [1, 3, 1.5, 2.5]) == pytest.approx(95.0)


def test_numbers_of_units_may_be_used_again_in_another_stratum():
    table = pa.table({"h": ["n", "n", "s", "s"], "village": [1, 2, 1, 2], "villages": [10] * 4})
    draw = staged_draw(table, StagedDesign((Stage("village", ("h",), "villages"),)))
    assert draw.weights.tolist() == [5.0] * 4
    assert draw.degrees_of_freedom == 2


def test_with_replacement_the_first_stage_alone_counts():
    table = pa.table({"village": ["a", "a", "b"], "w": [10.0, 10.0, 20.0]})
    design = StagedDesign((Stage("village"), Stage()), weight="w", with_replacement=True)
    # Sums 10 + 30 = 40 and 20: 2 · (10² + 10²) = 400.
    assert variance(table, design, [1, 3, 1]) == pytest.approx(400.0)


def test_a_stratum_taken_whole_adds_no_variance():
    table = pa.table({"h": ["n", "s", "s"], "n": [1, 4, 4]})
    design = StagedDesign((Stage(strata=("h",), population="n"),))
    # The stratum n is one unit of one; of s two of four: 4² · (1 - 2/4) · 2 / 2.
    assert variance(table, design, [9, 1, 3]) == pytest.approx(8.0)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"n": [4, 4, None]}, "empty in 1 rows"),
        ({"n": [4, 4, 0]}, "zero or negative in 1 rows"),
        ({"n": [4, 4, -2]}, "zero or negative in 1 rows"),
        ({"n": [2, 2, 2]}, "less than the units that were drawn"),
        ({"n": [4, 4, 5]}, "differs within a stratum"),
        ({"n": ["4", "4", "4"]}, "holds string, not numbers"),
        ({"n": [4.0, 4.0, float("inf")]}, "no finite number"),
        ({"n": [4.0, 4.0, float("nan")]}, "no finite number"),
        ({"m": [4, 4, 4]}, "no column n"),
        ({"n": []}, "The sample has no row"),
    ],
)
def test_populations_that_cannot_be_are_refused(columns, said):
    with pytest.raises(DataRefused, match=said):
        staged_draw(pa.table(columns), StagedDesign((Stage(population="n"),)))


@pytest.mark.parametrize(
    ("weights", "said"), [([1.0, None], "empty in 1 rows"), ([1.0, 0.0], "zero"), ([1.0, -3.0], "negative")]
)
def test_weights_that_are_missing_zero_or_negative_are_refused(weights, said):
    table = pa.table({"n": [4, 4], "w": weights})
    with pytest.raises(DataRefused, match=said):
        staged_draw(table, StagedDesign((Stage(population="n"),), weight="w"))


def test_strata_that_are_missing_are_refused():
    table = pa.table({"h": ["n", None], "n": [4, 4]})
    with pytest.raises(DataRefused, match="h is empty in 1 rows"):
        staged_draw(table, StagedDesign((Stage(strata=("h",), population="n"),)))


def test_a_single_unit_of_several_is_refused_unless_it_is_said_what_it_means():
    table = pa.table({"h": ["n", "s", "s"], "n": [5, 4, 4]})
    stages = (Stage(strata=("h",), population="n"),)
    with pytest.raises(DataRefused, match="1 strata have a single sampled unit"):
        staged_draw(table, StagedDesign(stages))
    assert variance(table, StagedDesign(stages, single_units="certain"), [9, 1, 3]) == pytest.approx(8.0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"stages": ()}, "at least one stage"),
        ({"stages": (Stage(),)}, "how many units its strata have"),
        ({"stages": (Stage(),), "with_replacement": True}, "no weight of their own"),
        ({"stages": (Stage(population="n"), Stage(population="m"))}, "which rows belong to one unit"),
    ],
)
def test_designs_that_leave_something_open_are_errors(settings, said):
    with pytest.raises(ProjectError, match=said):
        StagedDesign(**settings)
