from __future__ import annotations

import pytest

from sojourn.errors import ProjectError
from sojourn.statistics import ReplicateDesign

FOUR = ("r1", "r2", "r3", "r4")


@pytest.mark.parametrize(
    ("design", "coefficients"),
    [
        (ReplicateDesign("successive_difference", FOUR), (1.0,) * 4),
        (ReplicateDesign("brr", FOUR), (0.25,) * 4),
        (ReplicateDesign("fay", FOUR, rho=0.5), (1.0,) * 4),
        (ReplicateDesign("jackknife", FOUR, coefficient=0.75), (0.75,) * 4),
        (ReplicateDesign("jackknife", FOUR, coefficient=(0.5, 0.5, 0.25, 0.0)), (0.5, 0.5, 0.25, 0.0)),
        (ReplicateDesign("brr", FOUR, coefficient=2), (2.0,) * 4),
    ],
)
def test_a_kind_decides_the_coefficients_unless_they_are_declared(design, coefficients):
    assert design.coefficients == coefficients


def test_degrees_of_freedom_left_out_are_one_fewer_than_the_replicates():
    assert ReplicateDesign("brr", FOUR).freedom == 3
    assert ReplicateDesign("brr", FOUR, degrees_of_freedom=60).freedom == 60


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"kind": "taylor"}, "cannot be of kind 'taylor'"),
        ({"kind": "jackknife"}, "does not say its coefficient"),
        ({"kind": "fay"}, "does not say its factor"),
        ({"kind": "fay", "rho": 1.0}, "`rho` that does not fit"),
        ({"kind": "brr", "rho": 0.5}, "`rho` that does not fit"),
        ({"kind": "fay", "rho": 0.5, "coefficient": 1.0}, "both `rho` and `coefficient`"),
        ({"kind": "brr", "weights": ("r1",)}, "at least two"),
        ({"kind": "brr", "weights": ("r1", "r1")}, "twice"),
        ({"kind": "brr", "coefficient": (1.0, 2.0)}, "2 coefficients for 4 replicates"),
        ({"kind": "brr", "coefficient": -1.0}, "not a positive number"),
        ({"kind": "brr", "coefficient": 0.0}, "not a positive number"),
        ({"kind": "brr", "centre": "median"}, "cannot be centred on 'median'"),
        ({"kind": "brr", "degrees_of_freedom": 0}, "at least one degree of freedom"),
    ],
)
def test_a_design_that_leaves_something_open_is_an_error(settings, complaint):
    with pytest.raises(ProjectError, match=complaint):
        ReplicateDesign(**{"weights": FOUR} | settings)
