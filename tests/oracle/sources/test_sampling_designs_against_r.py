"""Two-phase, dual-frame and respondent-driven estimates against R and its package `survey`."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from answers_of_r import answers_of_r
from sojourn.sources.sampling.frames import FramesDesign, frames_estimates
from sojourn.sources.sampling.respondent_driven import RespondentDrivenDesign, respondent_driven_estimates
from sojourn.sources.sampling.staged_designs import Stage, StagedDesign
from sojourn.sources.sampling.targets import Target
from sojourn.sources.sampling.two_phase import TwoPhaseDesign, two_phase_estimates

SCRIPT = Path(__file__).with_name("oracle_special_designs.R")
TARGETS = [
    Target("total", "total", "y"),
    Target("mean", "mean", "y", by="region"),
    Target("count", "total"),
    Target("ratio", "ratio", "y", denominator="z"),
]
pytestmark = pytest.mark.oracle


def first_phase() -> pa.Table:
    """160 persons in 20 villages of two regions; numbers come from remainders, not from a generator."""
    person = np.arange(160)
    village, region = person // 8, np.where(person < 96, "north", "south")
    screened = (person * 7 % 10 < 4).astype(int)
    turn = np.argsort(person * 61 % 160)
    again = np.zeros(160, bool)
    for kind in (0, 1):
        chosen = [one for one in turn if screened[one] == kind]
        again[chosen[: 22 if kind == 0 else 40]] = True
    clusters_again = np.isin(village, [0, 1, 4, 5, 9, 11, 12, 14, 15, 18])
    return pa.table(
        {
            "id": person,
            "village": village,
            "region": region,
            "size": np.where(village % 3 == 0, "small", "large"),
            "screened": screened,
            "again": again.astype(int),
            "clusters_again": clusters_again.astype(int),
            "everyone": np.full(160, 2400),
            "of_region": np.where(person < 96, 800, 1600),
            "villages": np.where(person < 96, 30, 52),
            "of_village": 20 + village % 5 * 7,
            "x": person * 37 % 101 / 10 + screened,
            "y": person * 53 % 97 / 7 + 4 * screened + village % 4,
            "z": 1 + person * 29 % 31 / 5,
        }
    )


def two_frames() -> pa.Table:
    """A stratified sample of an area and a simple one of a register that overlap."""
    row = np.arange(95)
    of_area = row < 55
    return pa.table(
        {
            "frame": np.where(of_area, "area", "register"),
            "region": np.where(of_area, np.where(row < 30, "north", "south"), "all"),
            "population": np.where(of_area, np.where(row < 30, 420, 380), 510),
            "in_area": (of_area | (row * 7 % 10 < 6)).astype(int),
            "in_register": (~of_area | (row * 3 % 10 < 4)).astype(int),
            "from_area": np.where(np.where(of_area, row < 30, row % 2), 30 / 420, 25 / 380),
            "from_register": np.full(95, 40 / 510),
            "y": row * 53 % 97 / 7 + 3,
        }
    )


def recruits() -> pa.Table:
    """90 people who recruited one another, of three groups; the first five are seeds."""
    person = np.arange(90)
    return pa.table(
        {
            "person": person,
            "recruiter": pa.array((person - 5) // 2 + person % 3, mask=person < 5),
            "degree": 1 + person * 17 % 23,
            "group": np.array(["a", "b", "c"])[(person * 31 % 11) % 3],
        }
    )


def tables() -> dict[str, pa.Table]:
    return {"first_phase": first_phase(), "two_frames": two_frames(), "recruits": recruits()}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    return answers_of_r(SCRIPT, tmp_path_factory.mktemp("designs"), **tables())


def simple_random(**more) -> TwoPhaseDesign:
    return TwoPhaseDesign(StagedDesign((Stage(population="everyone"),)), "again", ("screened",), **more)


def stratified(**more) -> TwoPhaseDesign:
    first = StagedDesign((Stage(strata=("region",), population="of_region"),))
    return TwoPhaseDesign(first, "again", ("screened",), **more)


VILLAGES = Stage("village", ("region",), "villages")


def clusters(**more) -> TwoPhaseDesign:
    return TwoPhaseDesign(StagedDesign((VILLAGES,)), "clusters_again", ("size",), "village", **more)


DESIGNS = {
    "simple-random-full": simple_random(),
    "simple-random-simple": simple_random(variance="simple"),
    "stratified-full": stratified(),
    "stratified-simple": stratified(variance="simple"),
    "clusters-full": clusters(),
    "clusters-simple": clusters(variance="simple"),
    "clusters-then-persons": TwoPhaseDesign(StagedDesign((VILLAGES,)), "again", ("screened",)),
    "two-stages": TwoPhaseDesign(
        StagedDesign((VILLAGES, Stage(population="of_village"))), "again", ("screened",)
    ),
    "regression": simple_random(regress_on=("x", "region")),
    "post-strata": simple_random(post_stratify_by=("region",)),
}


@pytest.mark.parametrize("case", DESIGNS)
def test_estimates_and_both_variances_are_those_of_r(answers, case):
    found = two_phase_estimates(first_phase(), DESIGNS[case], TARGETS).to_pylist()
    ours = {row["target"] if row["group"] == "_T" else row["group"]: row for row in found}
    theirs = {name.split(":")[1]: values for name, values in answers.items() if name.split(":")[0] == case}
    assert theirs
    for name, (value, error, *phases) in theirs.items():
        row = ours[name]
        assert row["value"] == pytest.approx(value, rel=1e-10)
        if phases:
            parts = (row["first_phase_variance"], row["second_phase_variance"])
            assert parts == pytest.approx(tuple(phases), rel=1e-10)
        if math.isnan(error):  # R takes the root of a negative variance; ours has none
            assert row["standard_error"] is None
        else:
            assert row["standard_error"] == pytest.approx(error, rel=1e-10)


DRAW = StagedDesign((Stage(strata=("region",), population="population"),))
MEMBERS = {"area": "in_area", "register": "in_register"}
FRAMES = {
    "hartley-0.4": {"estimator": "hartley", "share": 0.4},
    "hartley-optimal": {"estimator": "hartley", "share": "optimal"},
    "fuller-burmeister": {"estimator": "fuller-burmeister"},
    "single-frame": {
        "estimator": "single-frame",
        "probabilities": {"area": "from_area", "register": "from_register"},
    },
    "multiplicity": {"estimator": "multiplicity"},
}


@pytest.mark.parametrize("case", FRAMES)
def test_two_frames_are_combined_as_with_the_variances_of_r(answers, case):
    design = FramesDesign("frame", MEMBERS, DRAW, **FRAMES[case])
    (row,) = frames_estimates(two_frames(), design, [Target("total", "total", "y")]).to_pylist()
    assert (row["value"], row["standard_error"]) == pytest.approx(answers[case], rel=1e-10)


def test_shares_by_recruitment_are_those_of_the_eigenvector_of_r(answers):
    design = RespondentDrivenDesign("person", "recruiter", "degree", "rds-i", trait="group", replicates=2)
    targets = [Target(group, "share", "group", group) for group in "abc"]
    found = respondent_driven_estimates(recruits(), design, targets)["value"].to_pylist()
    assert found == pytest.approx(answers["rds-i"], rel=1e-10)
