"""Noise has the distribution of its formula, persons are bounded, and a budget is not overdrawn."""

from __future__ import annotations

import hashlib
import itertools
import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from sojourn.disclosure.differential_privacy import (
    Budget,
    Expense,
    bounded,
    gaussian_noise,
    laplace_noise,
    noisy_counts,
)
from sojourn.errors import DisclosureRisk, ProjectError


def seeded(name: str):
    """Random bytes that are the same in every run."""
    counter = itertools.count()

    def words(size: int) -> bytes:
        stream = hashlib.shake_256(f"{name}-{next(counter)}".encode())
        return stream.digest(size)

    return words


def chance(drawn, weights):
    """How likely draws are this far from their distribution, by chi-square; `weights` by value, unscaled."""
    values = sorted(weights)
    total = sum(weights.values())
    expected = np.array([weights[value] / total for value in values]) * len(drawn)
    observed = np.array([np.sum(drawn == value) for value in values])
    assert observed.sum() == len(drawn)
    keep = expected >= 10
    expected = np.r_[expected[keep], expected[~keep].sum()]
    observed = np.r_[observed[keep], observed[~keep].sum()]
    return stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue


@pytest.mark.parametrize("scale", [Fraction(1, 2), Fraction(1), Fraction(7, 3), Fraction(12)])
def test_laplace_noise_has_the_distribution_of_its_formula(scale):
    drawn = laplace_noise(100_000, scale, seeded(f"laplace {scale}"))
    weights = {z: math.exp(-abs(z) / float(scale)) for z in range(-600, 601)}
    assert chance(drawn, weights) > 0.001


@pytest.mark.parametrize("variance", [Fraction(1, 2), Fraction(3), Fraction(25, 2)])
def test_gaussian_noise_has_the_distribution_of_its_formula(variance):
    drawn = gaussian_noise(40_000, variance, seeded(f"gaussian {variance}"))
    weights = {z: math.exp(-z * z / (2 * float(variance))) for z in range(-60, 61)}
    assert chance(drawn, weights) > 0.001


def test_a_wrong_distribution_would_be_noticed():
    drawn = laplace_noise(200_000, Fraction(1), seeded("control"))
    assert chance(drawn, {z: math.exp(-abs(z) / 1.03) for z in range(-600, 601)}) < 0.001


@pytest.mark.parametrize("scale", [Fraction(0), Fraction(-1), Fraction(1, 10**9)])
def test_noise_that_cannot_be_drawn_exactly_is_refused(scale):
    for draw in (laplace_noise, gaussian_noise):
        with pytest.raises(ProjectError, match="cannot be drawn exactly"):
            draw(3, scale, seeded("refused"))


def test_a_person_adds_to_no_more_cells_than_the_bound_whatever_the_order(engine):
    events = [("a", cell) for cell in "uvwxyz"] * 2 + [("b", "u"), (None, "u"), ("c", None)]
    found = []
    for rows in (events, events[::-1]):
        table = pa.table({"person_key": [person for person, _ in rows], "cell": [cell for _, cell in rows]})
        pairs = bounded(engine.relation(table), most=2, salt="secret")
        found.append(sorted(pairs.rows("person_key", "cell")))
    assert found[0] == found[1]
    assert [person for person, _ in found[0]] == ["a", "a", "b"]
    other = bounded(engine.relation(table), most=2, salt="another").rows("person_key", "cell")
    assert sorted(other) != found[0]


def test_counts_have_noise_in_every_cell_that_could_have_been_counted(engine):
    pairs = pa.table({"person_key": [f"p{n}" for n in range(300)], "cell": ["full"] * 280 + ["few"] * 20})
    found = noisy_counts(
        engine.relation(pairs), cells=["full", "few", "empty"], most=1, epsilon=Fraction(1, 2), threshold=15,
        words=seeded("counts"), purpose="a table",
    )  # fmt: skip
    values = dict(zip(found.table["cell"].to_pylist(), found.table["value"].to_pylist(), strict=True))
    assert values["empty"] is None
    assert abs(values["full"] - 280) < 25
    # Variance 2q/(1-q)² with q = exp(-1/2).
    assert found.variance == pytest.approx(2 * math.exp(-0.5) / (1 - math.exp(-0.5)) ** 2)
    assert found.expense == Expense("a table", epsilon=Fraction(1, 2))


def test_persons_who_were_not_bounded_are_refused(engine):
    pairs = engine.relation(pa.table({"person_key": ["a", "a"], "cell": ["x", "y"]}))
    settings = {"epsilon": Fraction(1), "threshold": 0, "words": seeded("unbounded"), "purpose": "p"}
    with pytest.raises(ProjectError, match="more than 1 cells"):
        noisy_counts(pairs, cells=["x", "y"], most=1, **settings)
    with pytest.raises(ProjectError, match="were not named"):
        noisy_counts(pairs, cells=["x"], most=2, **settings)


def test_a_budget_adds_up_and_is_not_overdrawn():
    budget = Budget(Fraction(1))
    spent = [Expense("a", epsilon=Fraction(1, 2)), Expense("b", epsilon=Fraction(1, 4))]
    assert budget.loss(spent) == 0.75
    budget.require(spent, Expense("c", epsilon=Fraction(1, 4)))
    with pytest.raises(DisclosureRisk, match="c would raise"):
        budget.require(spent, Expense("c", epsilon=Fraction(1, 3)))


def test_concentrated_losses_add_up_to_less_where_there_are_many():
    # A hundred times ε = 0.1 is 10 by sums; as ρ it is 100 · 0.005 = 0.5, and 0.5 + 2·√(0.5·ln 10⁶) = 5.76.
    budget = Budget(Fraction(6), Fraction(1, 10**6))
    spent = [Expense("a", epsilon=Fraction(1, 10))] * 100
    assert budget.loss(spent) == pytest.approx(0.5 + 2 * math.sqrt(0.5 * math.log(1e6)))
    assert Budget(Fraction(6)).loss([Expense("a", rho=Fraction(1, 2))]) == math.inf
