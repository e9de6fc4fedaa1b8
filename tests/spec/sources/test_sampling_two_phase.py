"""Two-phase samples: both weights, both variances, and what every possible pair of samples gives."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from all_samples import assert_unbiased, row_of, samples
from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.staged_designs import Stage, StagedDesign
from sojourn.sources.sampling.targets import Target
from sojourn.sources.sampling.two_phase import TwoPhaseDesign, two_phase_estimates, two_phase_weights

TOTAL = [Target("total", "total", "y")]
SIMPLE = StagedDesign((Stage(population="population"),))


def drawn(y, places, again, kinds, **columns) -> pa.Table:
    """Rows of a first phase of which those at `again` were drawn again; others' answers are not known."""
    return pa.table(
        {
            "unit": list(places),
            "y": pa.array([float(y[place]) if place in again else None for place in places]),
            "kind": [kinds[place] for place in places],
            "again": [place in again for place in places],
            **{name: [values[place] for place in places] for name, values in columns.items()},
        }
    )


def test_weights_multiply():
    # 10 of 40 screened; of 4 suspected all 4 asked, of 6 others 3: weights 4 · 1 and 4 · 2.
    again = {0, 1, 2, 3, 4, 6, 8}
    table = drawn(range(10), range(10), again, "ssssoooooo", population=[40] * 10)
    found = two_phase_weights(table, TwoPhaseDesign(SIMPLE, "again", ("kind",)), unit="unit").to_pylist()
    assert [row["weight"] for row in found] == [4.0] * 4 + [8.0] * 3
    assert (found[-1]["first_weight"], found[-1]["second_weight"], found[-1]["adjustment"]) == (4, 2, 1)


def test_everybody_drawn_again_leaves_the_variance_of_the_first_phase():
    y = [3.0, 1.0, 4.0, 1.0, 5.0]
    table = drawn(y, range(5), set(range(5)), "aaaaa", population=[20] * 5)
    row = row_of(two_phase_estimates(table, TwoPhaseDesign(SIMPLE, "again"), TOTAL))
    # 4 · 14 = 56; 20² · (1 - 5/20) · 3.2 / 5 = 192.
    assert row["value"] == pytest.approx(56)
    assert row["first_phase_variance"] == pytest.approx(192)
    assert row["second_phase_variance"] == pytest.approx(0, abs=1e-9)


def everything(y, kinds, design, first, second, **columns):
    """Estimate, and both variances, of every pair of phases: `second` draws so many of each kind."""
    made = []
    for places in first:
        of_kind = {kind: [place for place in places if kinds[place] == kind] for kind in second}
        pools = [(of_kind[kind], min(many, len(of_kind[kind]))) for kind, many in second.items()]
        for again in samples(*[pool for pool in pools if pool[0]]):
            table = drawn(y, places, set(again), kinds, **columns)
            row = row_of(two_phase_estimates(table, design, TOTAL))
            made.append((row["value"], row["first_phase_variance"] + row["second_phase_variance"]))
    return made


def test_over_all_pairs_of_phases_estimate_and_variance_are_unbiased():
    y, kinds = [2, 7, 1, 8, 4, 5], "aaabbb"
    design = TwoPhaseDesign(SIMPLE, "again")
    made = everything(y, ["x"] * 6, design, samples((range(6), 4)), {"x": 2}, population=[6] * 6)
    assert_unbiased(made, sum(y))
    # The first phase by strata of its own: two of a, two of b; the second two of the four, whatever they are.
    first = StagedDesign((Stage(strata=("stratum",), population="population"),))
    design = TwoPhaseDesign(first, "again")
    made = everything(
        y, ["x"] * 6, design, samples((range(3), 2), (range(3, 6), 2)), {"x": 3},
        population=[3] * 6, stratum=list(kinds),
    )  # fmt: skip
    assert_unbiased(made, sum(y))


def test_villages_then_persons_are_unbiased():
    # Two of four villages of two persons; of the four persons three.
    y = [2, 7, 1, 8, 4, 5, 9, 3]
    first = StagedDesign((Stage("village", population="population"),))
    villages = samples((range(4), 2))
    persons = [tuple(2 * village + one for village in each for one in (0, 1)) for each in villages]
    made = everything(
        y, ["x"] * 8, TwoPhaseDesign(first, "again"), persons, {"x": 3},
        population=[4] * 8, village=[place // 2 for place in range(8)],
    )  # fmt: skip
    assert_unbiased(made, sum(y))


def test_strata_that_the_first_phase_tells_are_unbiased_too():
    # The second phase takes two of each kind; samples of the first phase hold at least two of each.
    y, kinds = [2, 7, 1, 8, 4, 5], "aaabbb"
    first = list(samples((range(6), 5)))
    design = TwoPhaseDesign(SIMPLE, "again", ("kind",))
    made = everything(y, kinds, design, first, {"a": 2, "b": 2}, population=[6] * 6)
    assert_unbiased(made, sum(y))


def test_post_strata_get_the_sums_of_the_first_phase():
    y = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0]
    table = drawn(y, range(6), {0, 1, 4}, "aabbaa", population=[12] * 6, sex=list("fmfffm"))
    design = TwoPhaseDesign(SIMPLE, "again", post_stratify_by=("sex",))
    weights = two_phase_weights(table, design, unit="unit").to_pylist()
    # Four f and two m stand for 8 and 4; drawn again were two f and one m.
    assert [row["weight"] for row in weights] == pytest.approx([4.0, 4.0, 4.0])
    found = two_phase_estimates(table, design, [Target("f", "share", "sex", "f")])
    assert row_of(found)["value"] == pytest.approx(4 / 6)
    assert row_of(found)["second_phase_variance"] == pytest.approx(0, abs=1e-12)


def test_a_regression_on_what_is_asked_leaves_only_the_first_phase():
    y = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0]
    table = drawn(y, range(6), {0, 2, 4, 5}, "aaaaaa", population=[12] * 6, x=[2 * each + 1 for each in y])
    design = TwoPhaseDesign(SIMPLE, "again", regress_on=("x",))
    row = row_of(two_phase_estimates(table, design, TOTAL))
    # x tells y of everybody: 2 · 23.
    assert row["value"] == pytest.approx(46)
    assert row["second_phase_variance"] == pytest.approx(0, abs=1e-9)


def test_groups_and_answers_that_are_missing_leave_the_sample_whole():
    y = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0]
    table = drawn(
        y, range(6), {0, 1, 2, 4}, "aaaaaa", population=[12] * 6, sex=["f", "m", "f", "m", None, "m"]
    )
    gone = pa.array([3.0, 1.0, None, None, 5.0, None])
    table = table.set_column(1, "y", gone)
    rows = two_phase_estimates(
        table, TwoPhaseDesign(SIMPLE, "again"), [Target("mean", "mean", "y", by="sex")]
    ).to_pylist()
    assert [(row["group"], row["value"], row["respondents"], row["unanswered"]) for row in rows] == [
        ("_T", pytest.approx(3.0), 3, 1),
        ("f", pytest.approx(3.0), 1, 1),
        ("m", pytest.approx(1.0), 1, 0),
    ]


def test_a_group_in_which_nobody_answers_has_no_estimate():
    table = drawn([1.0, 2.0, 3.0], range(3), {0, 1, 2}, "aaa", population=[9] * 3, sex=["f", "f", "m"])
    table = table.set_column(1, "y", pa.array([1.0, 2.0, None]))
    rows = two_phase_estimates(
        table, TwoPhaseDesign(SIMPLE, "again"), [Target("mean", "mean", "y", by="sex")]
    ).to_pylist()
    assert [
        (row["value"], row["standard_error"], row["respondents"]) for row in rows if row["group"] == "m"
    ] == [(None, None, 0)]


def test_a_share_of_nearly_one_stays_below_it_and_one_of_one_has_no_interval():
    table = drawn([1] * 8, range(8), set(range(8)), "aaaaaaab", population=[80] * 8, all=["x"] * 8)
    design = TwoPhaseDesign(SIMPLE, "again")
    almost, whole = two_phase_estimates(
        table, design, [Target("almost", "share", "kind", "a"), Target("whole", "share", "all", "x")]
    ).to_pylist()
    assert 0 < almost["lower"] < 7 / 8 < almost["upper"] < 1
    assert (whole["value"], whole["standard_error"], whole["lower"]) == (1.0, 0.0, None)


def test_a_total_of_answers_that_are_missing_is_refused():
    table = drawn([1, 2, 3, 4], range(4), {0, 1}, "aaaa", population=[9] * 4)
    table = table.set_column(1, "y", pa.array([1.0, None, None, None]))
    with pytest.raises(DataRefused, match="missing in 1 rows"):
        two_phase_estimates(table, TwoPhaseDesign(SIMPLE, "again"), TOTAL)


@pytest.mark.parametrize(
    ("again", "design", "said"),
    [
        (set(), {}, "No row of the first phase was drawn again"),
        ({0, 1, 2}, {"strata": ("kind",)}, "1 strata of the second phase have rows, and none"),
        ({0, 1, 3}, {"strata": ("kind",)}, "single sampled unit"),
        ({0, 1, 4}, {"units": "village"}, "only some rows were drawn again"),
        ({0, 1, 2}, {"post_stratify_by": ("kind",)}, "1 categories of kind have nobody"),
        ({0, 1, 2}, {"regress_on": ("x", "twice")}, "say the same twice"),
        ({0, 1, 2}, {"regress_on": ("absent",)}, "no column absent"),
    ],
)
def test_second_phases_that_allow_no_estimate_are_refused(again, design, said):
    x = [1.0, 5.0, 2.0, 2.0, 3.0, 3.0]
    table = drawn(
        range(6), range(6), again, "aaabbb", population=[12] * 6, x=x, twice=[2 * each for each in x],
        village=[0, 0, 1, 1, 2, 2],
    )  # fmt: skip
    with pytest.raises(DataRefused, match=said):
        two_phase_estimates(table, TwoPhaseDesign(SIMPLE, "again", **design), TOTAL)


def test_single_units_may_be_said_to_add_no_variance():
    table = drawn(range(6), range(6), {0, 1, 3}, "aaabbb", population=[12] * 6)
    first = StagedDesign((Stage(population="population"),), single_units="certain")
    row = row_of(two_phase_estimates(table, TwoPhaseDesign(first, "again", ("kind",)), TOTAL))
    # Of kind a two of three, values 0 and 1 weighted 2 · 1.5: 3² · (1 - 2/3) · 0.5 · 2 = 3.
    assert row["second_phase_variance"] == pytest.approx(3.0)


def test_the_simple_variance_is_for_units_that_are_drawn_whole():
    table = drawn(range(6), range(6), {0, 2, 4}, "aaaaaa", population=[12] * 6, village=[0, 0, 1, 1, 2, 2])
    first = StagedDesign((Stage("village", population="population"),))
    design = TwoPhaseDesign(first, "again", variance="simple")
    with pytest.raises(ProjectError, match="draws the units of the first"):
        two_phase_estimates(table, design, TOTAL)
    with pytest.raises(ProjectError, match="one stage"):
        TwoPhaseDesign(
            StagedDesign((Stage("a", population="n"), Stage(population="m"))), "x", variance="simple"
        )


def test_weights_cannot_be_both_regressed_and_post_stratified():
    with pytest.raises(ProjectError, match="both"):
        TwoPhaseDesign(SIMPLE, "again", regress_on=("x",), post_stratify_by=("y",))


def test_the_interval_is_students_by_the_lesser_degrees_of_freedom():
    table = drawn([3, 1, 4, 1, 5, 9], range(6), {0, 1, 2}, "aaaaaa", population=[12] * 6)
    row = row_of(two_phase_estimates(table, TwoPhaseDesign(SIMPLE, "again"), TOTAL))
    assert row["degrees_of_freedom"] == 2
    # The 0.975 quantile of Student's distribution with 2 degrees of freedom is 4.30265.
    assert (row["upper"] - row["value"]) / row["standard_error"] == pytest.approx(4.30265, rel=1e-5)
    assert np.isclose(row["upper"] - row["value"], row["value"] - row["lower"])
