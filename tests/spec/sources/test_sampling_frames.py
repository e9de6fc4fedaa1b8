"""Samples from frames that overlap: how weights are shared out, and every possible pair of samples."""

from __future__ import annotations

import pyarrow as pa
import pytest

from all_samples import assert_unbiased, of_total, row_of, samples
from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.frames import FramesDesign, frames_estimates, frames_weights
from sojourn.sources.sampling.staged_designs import Stage, StagedDesign
from sojourn.sources.sampling.targets import Target

TOTAL = [Target("total", "total", "y")]
DRAW = StagedDesign((Stage(population="population"),))
Y = [3, 7, 2, 9, 4, 11, 6, 1]
AREA, REGISTER = range(5), range(3, 8)  # units 3 and 4 are in both
MEMBERS = {"area": "in_area", "register": "in_register"}
CHANCES = {"area": "from_area", "register": "from_register"}


def drawn(area, register) -> pa.Table:
    """Rows of a sample of three from each frame of five."""
    places = [*area, *register]
    return pa.table(
        {
            "unit": places,
            "frame": ["area"] * len(area) + ["register"] * len(register),
            "population": [5] * len(places),
            "in_area": [place in AREA for place in places],
            "in_register": [place in REGISTER for place in places],
            "from_area": [0.6 * (place in AREA) for place in places],
            "from_register": [0.6 * (place in REGISTER) for place in places],
            "y": [float(Y[place]) for place in places],
        }
    )


def design(estimator, **more) -> FramesDesign:
    return FramesDesign("frame", MEMBERS, DRAW, estimator, **more)


@pytest.mark.parametrize(
    "asked",
    [
        design("hartley", share=0.3),
        design("hartley", share=0.0),
        design("single-frame", probabilities=CHANCES),
        design("multiplicity"),
    ],
    ids=["hartley", "screening", "single-frame", "multiplicity"],
)
def test_over_all_pairs_of_samples_estimate_and_variance_are_unbiased(asked):
    made = of_total(
        lambda places: frames_estimates(drawn(places[:3], places[3:]), asked, TOTAL),
        samples((AREA, 3), (REGISTER, 3)),
    )
    assert_unbiased(made, sum(Y))


@pytest.mark.parametrize(
    ("asked", "weights"),
    [
        # Weights 5/3; units 3 and 4 are in both frames, and unit 3 was drawn from both.
        (design("multiplicity"), [1, 0.5, 0.5, 0.5, 1, 1]),
        (design("hartley", share=0.25), [1, 0.25, 0.25, 0.75, 1, 1]),
        (design("single-frame", probabilities=CHANCES), [1, 0.5, 0.5, 0.5, 1, 1]),
        # Effective sizes in the overlap are two and one.
        (design("hartley"), [1, 2 / 3, 2 / 3, 1 / 3, 1, 1]),
    ],
)
def test_weights_of_the_overlap_are_shared_out(asked, weights):
    found = frames_weights(drawn([0, 3, 4], [3, 5, 7]), asked, unit="unit").to_pylist()
    assert [row["weight"] for row in found] == pytest.approx([5 / 3 * part for part in weights])
    assert [row["frame_weight"] for row in found] == pytest.approx([5 / 3] * 6)


def test_a_weight_adjusted_for_answers_keeps_its_adjustment_in_a_single_frame():
    table = drawn([0, 3, 4], [3, 5, 7]).append_column("w", pa.array([2.0] * 6))
    asked = FramesDesign(
        "frame", MEMBERS, StagedDesign((Stage(population="population"),), "w"), "single-frame",
        probabilities=CHANCES,
    )  # fmt: skip
    weights = frames_weights(table, asked, unit="unit")["weight"].to_pylist()
    assert weights == pytest.approx([2, 1, 1, 1, 2, 2])


def three(members) -> pa.Table:
    rows = [("a", 1, 1, 0, 4), ("a", 1, 1, 1, 2), ("b", 1, 1, 0, 4), ("b", 0, 1, 0, 7), ("c", 1, 1, 1, 2)]
    rows.append(("c", 0, 0, 1, 5))
    names = ["frame", *members, "y"]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    return pa.table({**columns, "population": [6] * 6})


def test_three_frames_go_by_multiplicity():
    members = {name: f"in_{name}" for name in "abc"}
    asked = FramesDesign("frame", members, DRAW, "multiplicity")
    found = row_of(frames_estimates(three(list(members.values())), asked, TOTAL))
    # 6/2 · (4/2 + 2/3 + 4/2 + 7 + 2/3 + 5)
    assert found["value"] == pytest.approx(3 * (2 + 2 / 3 + 2 + 7 + 2 / 3 + 5))
    with pytest.raises(ProjectError, match="for two frames, not for 3"):
        FramesDesign("frame", members, DRAW, "hartley")


def test_the_optimal_share_makes_the_variance_least_and_is_told():
    table = drawn([0, 3, 4], [3, 5, 7])
    best = row_of(frames_estimates(table, design("hartley", share="optimal"), TOTAL))
    assert 0 <= best["overlap_share"] <= 1
    for share in (0.0, 0.1, 0.25, 0.5, 0.75, 1.0):
        other = row_of(frames_estimates(table, design("hartley", share=share), TOTAL))
        assert best["standard_error"] <= other["standard_error"] + 1e-9
    fuller = row_of(frames_estimates(table, design("fuller-burmeister"), TOTAL))
    assert fuller["standard_error"] <= best["standard_error"] + 1e-9


def test_of_a_number_of_units_fuller_and_burmeister_say_what_hartley_does():
    table = drawn([0, 3, 4], [3, 5, 7])
    count = [Target("count", "total")]
    one = row_of(frames_estimates(table, design("hartley", share="optimal"), count))
    other = row_of(frames_estimates(table, design("fuller-burmeister"), count))
    assert other["value"] == pytest.approx(one["value"])
    assert other["standard_error"] == pytest.approx(one["standard_error"])


def test_a_mean_by_fuller_and_burmeister_does_not_move_with_the_unit():
    table = drawn([0, 3, 4], [3, 5, 7])
    scaled = table.set_column(
        table.column_names.index("y"), "y", pa.array([1000 * value for value in table["y"].to_pylist()])
    )
    mean = [Target("mean", "mean", "y")]
    for asked in (design("fuller-burmeister"), design("hartley", share="optimal")):
        one, thousand = (row_of(frames_estimates(each, asked, mean)) for each in (table, scaled))
        assert thousand["value"] == pytest.approx(1000 * one["value"])
        assert thousand["standard_error"] == pytest.approx(1000 * one["standard_error"])


def test_estimators_that_weigh_each_figure_anew_have_no_one_set_of_weights():
    for asked in (design("hartley", share="optimal"), design("fuller-burmeister")):
        with pytest.raises(ProjectError, match="weights of their own for each figure"):
            frames_weights(drawn([0, 3, 4], [3, 5, 7]), asked, unit="unit")


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("frame", ["area", "area", "area", "else", "register", "register"], "1 frames that are not declared"),
        ("frame", ["area"] * 6, "no row drawn from register"),
        ("frame", ["area", "area", "area", None, "register", "register"], "frame is empty in 1 rows"),
        ("in_register", [0, 1, 1, 0, 1, 1], "drawn from register and are not in it"),
        ("in_register", [0, 1, None, 1, 1, 1], "in_register is empty in 1 rows"),
        ("from_area", [0.6, 0.0, 0.6, 0.6, 0.0, 0.0], "from_area is not a probability"),
        ("from_area", [0.6, 1.6, 0.6, 0.6, 0.0, 0.0], "from_area is not a probability"),
    ],
)
def test_samples_that_contradict_their_frames_are_refused(column, values, said):
    table = drawn([0, 3, 4], [3, 5, 7])
    wrong = table.set_column(table.column_names.index(column), column, pa.array(values))
    with pytest.raises(DataRefused, match=said):
        frames_estimates(wrong, design("single-frame", probabilities=CHANCES), TOTAL)


def test_a_sample_without_overlap_has_no_effective_share():
    table = drawn([0, 1, 2], [3, 5, 7])
    with pytest.raises(DataRefused, match="sample of area has nobody of the overlap"):
        frames_estimates(table, design("hartley"), TOTAL)
    assert row_of(frames_estimates(table, design("multiplicity"), TOTAL))["value"] > 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"members": {"area": "in_area"}}, "not several frames"),
        ({"estimator": "hartley", "share": 1.5}, "is not one"),
        ({"estimator": "single-frame"}, "probability of every unit in every frame"),
    ],
)
def test_designs_that_cannot_be_are_errors(settings, said):
    with pytest.raises(ProjectError, match=said):
        FramesDesign(**{"frame": "frame", "members": MEMBERS, "draw": DRAW, **settings})
