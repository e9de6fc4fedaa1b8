"""Respondent-driven samples: chains, estimators by hand, bootstraps, diagnostics, and their label."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from all_samples import row_of
from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.recruitment import recruitment_chains
from sojourn.sources.sampling.recruitment_bootstrap import chain_replicates, tree_replicates
from sojourn.sources.sampling.recruitment_diagnostics import recruitment_diagnostics
from sojourn.sources.sampling.respondent_driven import (
    RespondentDrivenDesign,
    respondent_driven_estimates,
    respondent_driven_weights,
)
from sojourn.sources.sampling.targets import Target

MODEL = "model-based, not a probability sample"
SHARE = [Target("share", "share", "group", "a")]


def recruits(*people) -> pa.Table:
    """People as (identifier, recruiter, degree, group)."""
    names = ["person", "by", "degree", "group"]
    return pa.table({name: [one[place] for one in people] for place, name in enumerate(names)})


# ann ─ bob ─ cid ─ dot        Of a: ann, cid, dot, gus. Of b: bob, eve, fay.
#  └─ eve    └─ fay ─ gus
SEVEN = recruits(
    ("ann", None, 2, "a"), ("bob", "ann", 4, "b"), ("cid", "bob", 1, "a"), ("dot", "cid", 4, "a"),
    ("eve", "ann", 2, "b"), ("fay", "bob", 4, "b"), ("gus", "fay", 2, "a"),
)  # fmt: skip


def design(**more) -> RespondentDrivenDesign:
    return RespondentDrivenDesign("person", "by", "degree", **{"replicates": 20, **more})


def test_everybody_is_weighted_by_one_divided_by_degree():
    row = row_of(respondent_driven_estimates(SEVEN, design(), SHARE))
    # Of a: 1/2 + 1 + 1/4 + 1/2; of b: 1/4 + 1/2 + 1/4.
    assert row["value"] == pytest.approx(2.25 / 3.25)


def test_seeds_may_be_left_out():
    row = row_of(respondent_driven_estimates(SEVEN, design(without_seeds=True), SHARE))
    assert row["value"] == pytest.approx(1.75 / 2.75)
    weights = respondent_driven_weights(SEVEN, design(without_seeds=True))
    assert weights["weight"][0].as_py() == 0


def test_shares_by_recruitment_with_two_groups():
    row = row_of(respondent_driven_estimates(SEVEN, design(estimator="rds-i", trait="group"), SHARE))
    # a recruited b, b and a: 2/3 cross; b recruited a, b and a: 2/3 cross. Mean degrees 4/2.25 and 3/1.
    # Share of a: 3 · 2/3 / (3 · 2/3 + 4/2.25 · 2/3).
    assert row["value"] == pytest.approx(3 / (3 + 4 / 2.25))


def test_as_the_population_grows_successive_sampling_becomes_the_weighting_by_degree():
    plain = row_of(respondent_driven_estimates(SEVEN, design(), SHARE))["value"]
    large = row_of(respondent_driven_estimates(SEVEN, design(estimator="ss", population=1e6), SHARE))["value"]
    assert large == pytest.approx(plain, rel=1e-4)


def test_when_everybody_was_asked_successive_sampling_weighs_all_the_same():
    row = row_of(respondent_driven_estimates(SEVEN, design(estimator="ss", population=7), SHARE))
    assert row["value"] == pytest.approx(4 / 7)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"estimator": "rds-i", "trait": "group"},
        {"estimator": "ss", "population": 50},
        {"trait": "group", "bootstrap": "salganik"},
    ],
)
def test_every_result_says_that_it_is_of_no_probability_sample(settings):
    asked = design(**settings)
    assert set(respondent_driven_estimates(SEVEN, asked, SHARE)["basis"].to_pylist()) == {MODEL}
    assert set(respondent_driven_weights(SEVEN, asked)["basis"].to_pylist()) == {MODEL}
    assert set(recruitment_diagnostics(SEVEN, asked, SHARE)["basis"].to_pylist()) == {MODEL}


def test_waves_and_trees():
    found = respondent_driven_weights(SEVEN, design()).to_pylist()
    assert [row["wave"] for row in found] == [0, 1, 2, 3, 1, 2, 3]
    assert {row["seed"] for row in found} == {"ann"}


def chains():
    table = recruits(*(tuple(row.values()) for row in SEVEN.to_pylist()), ("hal", None, 3, "b"))
    return recruitment_chains(table, person="person", recruiter="by", degree="degree")


def test_a_tree_bootstrap_draws_recruits_of_those_it_drew():
    times = tree_replicates(chains(), replicates=4000, seed=5)
    # Two seeds are drawn of two; ann's two recruits are drawn anew each time she is.
    assert set(times[:, [0, 7]].sum(axis=1)) == {2}
    assert (times[:, [1, 4]].sum(axis=1) == 2 * times[:, 0]).all()
    assert (times[:, [2, 5]].sum(axis=1) == 2 * times[:, 1]).all()
    assert (times[:, 6] == times[:, 5]).all()
    # Everybody is in it once on average; the error of a mean is about 1.3/√4000.
    assert times.mean(axis=0) == pytest.approx(np.ones(8), abs=0.12)


def test_a_chain_bootstrap_goes_on_to_those_whom_the_group_recruited():
    table = recruits(("a1", None, 2, "a"), ("b1", "a1", 2, "b"), ("a2", "b1", 2, "a"), ("b2", "a2", 2, "b"))
    made = recruitment_chains(table, person="person", recruiter="by", degree="degree")
    times = chain_replicates(made, np.array([0, 1, 0, 1]), replicates=3000, seed=5)
    assert (times.sum(axis=1) == 3).all()
    assert (times[:, 0] == 0).all()
    # Groups take turns: a, b, a has one of b; b, a, b has two.
    assert set(times[:, 2]) == {1, 2}
    # Where one of a was chosen to begin with, two of b follow, each b1 or b2.
    assert times[:, 1].mean() == pytest.approx(0.75, abs=0.06)


def test_the_same_seed_gives_the_same_intervals_and_another_one_others():
    table = many()
    one, again, other = (
        row_of(respondent_driven_estimates(table, design(seed=seed, replicates=100), SHARE))
        for seed in (1, 1, 2)
    )
    assert (
        (one["lower"], one["upper"]) == (again["lower"], again["upper"]) != (other["lower"], other["upper"])
    )
    assert one["lower"] <= one["value"] <= one["upper"]


def many() -> pa.Table:
    person = np.arange(120)
    return pa.table(
        {
            "person": person,
            "by": pa.array((person - 4) // 2, mask=person < 4),
            "degree": 1 + person * 17 % 13,
            "group": np.array(["a", "b", "b"])[(person * 31 % 11) % 3],
            "age": 20.0 + person % 40,
        }
    )


def test_an_answer_that_is_missing_is_left_out_and_counted():
    table = recruits(
        *[
            (*row[:3], None if row[0] == "cid" else row[3])
            for row in map(tuple, map(dict.values, SEVEN.to_pylist()))
        ]
    )
    row = row_of(respondent_driven_estimates(table, design(), SHARE))
    assert (row["value"], row["unanswered"]) == (pytest.approx(1.25 / 2.25), 1)
    mixed = row_of(respondent_driven_estimates(table, design(trait="group", bootstrap="salganik"), SHARE))
    assert mixed["value"] == row["value"]


def test_who_recruited_whom_and_whether_a_group_keeps_to_itself():
    rows = recruitment_diagnostics(SEVEN, design(), SHARE).to_pylist()
    moves = {
        (row["group"], row["other"]): row["people"] for row in rows if row["diagnostic"] == "recruitment"
    }
    assert moves == {("a", "a"): 1, ("a", "b"): 2, ("b", "a"): 2, ("b", "b"): 1}
    homophily = {row["group"]: row["value"] for row in rows if row["diagnostic"] == "homophily"}
    # a recruited 1/3 of its own, where its share is 9/13: (1/3 - 9/13) / (9/13). b: 1/3 where it is 4/13.
    assert homophily["a"] == pytest.approx((1 / 3 - 9 / 13) / (9 / 13))
    assert homophily["b"] == pytest.approx((1 / 3 - 4 / 13) / (9 / 13))
    # Two of six went to the own group, where 3 · 3/6 + 3 · 3/6 = 3 are expected.
    assert homophily["_T"] == pytest.approx(2 / 3)


def test_estimates_by_wave_end_at_the_estimate_and_trees_are_numbered_by_size():
    table = recruits(*(tuple(row.values()) for row in SEVEN.to_pylist()), ("hal", None, 3, "b"))
    rows = recruitment_diagnostics(table, design(), SHARE).to_pylist()
    waves = [
        (row["other"], row["people"], row["value"]) for row in rows if row["diagnostic"] == "convergence"
    ]
    whole = row_of(respondent_driven_estimates(table, design(), SHARE))["value"]
    assert [wave for wave, _, _ in waves] == ["0", "1", "2", "3"]
    assert waves[0][1:] == (2, pytest.approx(0.5 / (0.5 + 1 / 3)))
    assert waves[-1][1:] == (8, pytest.approx(whole))
    trees = [(row["other"], row["people"], row["value"]) for row in rows if row["diagnostic"] == "bottleneck"]
    assert trees == [("1", 7, pytest.approx(2.25 / 3.25)), ("2", 1, 0.0)]


def test_totals_are_refused():
    with pytest.raises(ProjectError, match="tells no totals"):
        respondent_driven_estimates(SEVEN, design(), [Target("all", "total")])


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([("a", None, 2, "x"), ("b", "z", 2, "x")], "1 recruiters are not among the people"),
        (
            [("a", None, 2, "x"), ("b", "c", 2, "x"), ("c", "b", 2, "x")],
            "2 people were recruited in a circle",
        ),
        ([("a", None, 2, "x"), ("b", "b", 2, "x")], "1 people were recruited in a circle"),
        ([("a", None, 2, "x"), ("b", None, 2, "x")], "Nobody recruited anybody"),
        ([("a", None, 0, "x"), ("b", "a", 2, "x")], "zero or negative in 1 rows"),
        ([("a", None, 0.5, "x"), ("b", "a", 2.0, "x")], "degree is below 1"),
        ([("a", None, None, "x"), ("b", "a", 2, "x")], "degree is empty in 1 rows"),
        ([("a", None, 2, "x"), ("a", "a", 2, "x")], "identifier twice"),
        ([(None, None, 2, "x"), ("a", None, 2, "x")], "empty cells"),
    ],
)
def test_chains_that_cannot_be_are_refused(people, said):
    with pytest.raises(DataRefused, match=said):
        respondent_driven_estimates(recruits(*people), design(), [Target("x", "share", "group", "x")])


def test_groups_that_recruit_in_one_direction_only_are_refused_by_rds_i():
    table = recruits(("p", None, 2, "a"), ("q", "p", 2, "b"), ("r", "q", 2, "b"))
    with pytest.raises(DataRefused, match="did not recruit each other in both directions"):
        respondent_driven_estimates(table, design(estimator="rds-i", trait="group"), SHARE)


def test_a_population_smaller_than_the_sample_is_refused():
    with pytest.raises(DataRefused, match="population of 5 is less than the 7 people"):
        respondent_driven_estimates(SEVEN, design(estimator="ss", population=5), SHARE)


def test_a_category_that_nobody_has_is_refused():
    with pytest.raises(DataRefused, match="no row has the category z"):
        respondent_driven_estimates(SEVEN, design(), [Target("z", "share", "group", "z")])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"estimator": "rds-i"}, "no trait"),
        ({"bootstrap": "salganik"}, "no trait"),
        ({"estimator": "ss"}, "needs the size of the population"),
        ({"population": 100}, "the others do not take one"),
        ({"replicates": 1}, "tells no variance"),
    ],
)
def test_designs_that_leave_something_open_are_errors(settings, said):
    with pytest.raises(ProjectError, match=said):
        design(**settings)
