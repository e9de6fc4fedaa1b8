"""Adaptive and respondent-driven estimates against numbers that others have published.

S. Thompson, Adaptive cluster sampling, JASA 85 (1990), p. 1055, and Sampling, 2nd edition (2002), chapter 24,
exercise 2, as the tests of the R package ACSampling quote them. The R package RDS (cran/RDS, inst/tests,
test-weights.R) publishes its weights for the 389 people of its data set `faux` in a population of 1,000:
those of RDS-II, which give the degrees, and those of Gile's SS from 1,000 simulated samples, which its own
test reproduces with a mean difference below 0.02.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from all_samples import row_of
from sojourn.sources.sampling.adaptive import AdaptiveDesign, adaptive_estimates, adaptive_weights
from sojourn.sources.sampling.respondent_driven import RespondentDrivenDesign, respondent_driven_weights
from sojourn.sources.sampling.targets import Target

pytestmark = pytest.mark.oracle
DESIGN = AdaptiveDesign("unit", "initial", "meets", "population")


def test_thompsons_sample_of_five_units():
    # Units with 1, 0, 2, 10 and 1000; the first and the fourth are drawn, the third and fifth looked at.
    units = pa.table(
        {
            "unit": [1, 3, 4, 5],
            "initial": [1, 0, 1, 0],
            "meets": [False, False, True, True],
            "population": [5] * 4,
            "y": [1, 2, 10, 1000],
        }
    )
    links = pa.table({"unit": [3, 4], "neighbour": [4, 5]})
    row = row_of(adaptive_estimates(units, links, DESIGN, [Target("y", "total", "y")]))
    assert round(row["value"] / 5, 2) == 289.07


def test_thompsons_exercise_of_a_thousand_units():
    # A hundred units of a thousand hit one network of two units with 3 in it, one of three with 6, and 98
    # empty ones.
    links = pa.table({"unit": [0, 2, 3], "neighbour": [1, 3, 4]})
    units = pa.table(
        {
            "unit": list(range(103)),
            "initial": [1, 0, 1, 0, 0] + [1] * 98,
            "meets": [True] * 5 + [False] * 98,
            "population": [1000] * 103,
            "y": [3, 0, 6, 0, 0] + [0] * 98,
        }
    )
    row = row_of(adaptive_estimates(units, links, DESIGN, [Target("y", "total", "y")]))
    chances = adaptive_weights(units, links, DESIGN)["probability"].to_pylist()
    assert (round(chances[0], 2), round(chances[2], 2)) == (0.19, 0.27)
    # The book says 38, and 552 for the variance, which without its roundings is 553.
    assert (round(row["value"]), round(row["standard_error"] ** 2)) == (38, 553)


# Degree, people with it, and the weight by SS that the package published.
FAUX = (
    (4, 3, 8.07852429943211), (5, 3, 6.38455712638357), (6, 4, 5.48896993495661),
    (7, 2, 4.8604415969412), (8, 8, 4.29821535164131), (9, 14, 3.87047786984813),
    (10, 11, 3.54002750199834), (11, 17, 3.29341477208004), (12, 17, 3.05443442492895),
    (13, 28, 2.85945054771878), (14, 28, 2.66306096642275), (15, 34, 2.53508406952916),
    (16, 30, 2.43439535132526), (17, 31, 2.31958142874284), (18, 22, 2.22446812486855),
    (19, 14, 2.1468860118508), (20, 17, 2.06264239672522), (21, 15, 1.99073333292842),
    (22, 22, 1.91460092295191), (23, 14, 1.8947448233209), (24, 10, 1.8207882698508),
    (25, 8, 1.76806835398565), (26, 5, 1.72845726958708), (27, 5, 1.69033876925473),
    (28, 5, 1.6334888106475), (29, 7, 1.63052784025235), (30, 1, 1.60534777745125),
    (31, 3, 1.5627722513722), (32, 4, 1.50939780983865), (34, 2, 1.46381443711093),
    (36, 1, 1.44759683978263), (38, 1, 1.39907404068377), (39, 1, 1.36476432306482),
    (43, 2, 1.33981767248718),
)  # fmt: skip
# The weight by RDS-II of a degree of 16.
BY_DEGREE = 2.39047483002056


def faux() -> pa.Table:
    """The degrees; who recruited whom does not matter to the weights, so that all are put in one chain."""
    degrees = [degree for degree, people, _ in FAUX for _ in range(people)]
    person = np.arange(len(degrees))
    return pa.table({"person": person, "by": pa.array(person - 1, mask=person == 0), "degree": degrees})


def test_weights_by_degree_are_those_of_the_r_package():
    weights = respondent_driven_weights(faux(), RespondentDrivenDesign("person", "by", "degree"))
    found = dict(zip(*(weights[name].to_pylist() for name in ("degree", "weight")), strict=True))
    # Ours add up to the 389 people, theirs to the population.
    assert found[16] * 1000 / 389 == pytest.approx(BY_DEGREE, rel=1e-12)
    assert found[4] / found[43] == pytest.approx(43 / 4)


def test_weights_by_successive_sampling_are_those_of_the_r_package_within_its_simulation():
    design = RespondentDrivenDesign("person", "by", "degree", "ss", population=1000)
    weights = respondent_driven_weights(faux(), design)
    published = np.array([weight for _, people, weight in FAUX for _ in range(people)])
    ours = weights["weight"].to_numpy()
    assert ours.sum() == pytest.approx(1000)
    assert np.abs(ours - published).mean() < 0.02
    # RDS-II would be off by nine times as much.
    by_degree = 1 / weights["degree"].to_numpy()
    assert np.abs(1000 * by_degree / by_degree.sum() - published).mean() > 0.18
