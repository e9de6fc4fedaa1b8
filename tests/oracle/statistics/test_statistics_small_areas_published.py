"""Small areas against what others have published: milk expenditure, and corn in twelve Iowa counties.

How many digits agree is as many as are given: 7 of the converged estimates, about 4 of R sae's, which stops
within a ten-thousandth of the variance, and all that are printed of the others.
"""

from __future__ import annotations

import numpy as np
import pytest

from small_area_examples import NAMES, counties, milk, published, segments
from sojourn.statistics.small_areas import fay_herriot, nested_error
from sojourn.statistics.small_areas.unit_variance import Variances, nested_of, unit_moments

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("method", ["reml", "ml", "fay_herriot"])
def test_milk_expenditure_is_that_of_r_sae_with_its_mean_squared_errors(method):
    found, theirs = fay_herriot(milk(), method=method), published()["milk"]["sae"][method]
    assert found.estimates.estimate == pytest.approx(theirs["estimates"], rel=4e-6)
    assert found.estimates.mse == pytest.approx(theirs["mse"], rel=5e-6)
    if "coefficients" in theirs:
        assert found.fit.coefficients == pytest.approx(theirs["coefficients"], rel=2e-6)
        errors = np.sqrt(np.diag(found.fit.covariance))
        assert errors == pytest.approx(theirs["standard_errors"], rel=4e-6)


def test_milk_expenditure_converged_agrees_in_eight_digits():
    found, theirs = fay_herriot(milk()), published()["milk"]["converged"]
    assert found.estimates.estimate == pytest.approx(theirs["estimates"], rel=1e-8)
    assert np.sqrt(found.fit.area_variance) == pytest.approx(theirs["deviation_of_area_effects"], rel=2e-8)


def test_corn_by_county_is_that_of_the_r_journal_to_the_last_digit_printed():
    found = nested_error(segments(), counties(is_finite=True), NAMES)
    theirs = published()["corn"]["r_journal"]["estimates"]
    assert found.estimates.estimate == pytest.approx(theirs, abs=5.1e-5)


def test_corn_by_maximum_likelihood_is_that_of_r_rsae_to_the_last_digit_printed():
    found, theirs = nested_error(segments(), counties(), NAMES, method="ml"), published()["corn"]["rsae"]
    assert found.estimates.estimate == pytest.approx(theirs["estimates"], abs=5.1e-4)
    synthetic = counties().means @ found.fit.coefficients
    assert synthetic == pytest.approx(theirs["synthetic"], abs=5.1e-4)
    assert found.estimates.estimate - synthetic == pytest.approx(theirs["effects"], abs=5.1e-4)


def test_corn_of_all_segments_with_errors_is_that_of_samplics():
    found, theirs = nested_error(segments(is_whole=True), counties(), NAMES), published()["corn"]["samplics"]
    assert found.fit.coefficients == pytest.approx(theirs["coefficients"], rel=2e-7)
    assert found.fit.area_variance == pytest.approx(theirs["area_variance"], abs=5e-5)
    assert found.fit.unit_variance == pytest.approx(theirs["unit_variance"], abs=5e-5)
    assert found.estimates.kept == pytest.approx(theirs["gamma"], abs=1e-8)
    others = [place for place in range(12) if place != 8]  # Webster has lost digits there
    assert found.estimates.estimate[others] == pytest.approx(np.array(theirs["estimates"])[others], abs=5e-8)
    assert found.estimates.mse == pytest.approx(theirs["mse"], rel=1e-7)


def test_errors_by_maximum_likelihood_are_those_of_samplics_and_the_correction_that_it_leaves_out():
    sums = segments(is_whole=True)
    found, theirs = nested_error(sums, counties(), NAMES, method="ml"), published()["corn"]["samplics"]
    data = nested_of(sums, NAMES)
    _, bias = unit_moments(data, Variances(found.fit.area_variance, found.fit.unit_variance), "ml")
    kept = found.estimates.kept
    correction = -(bias[0] * (1 - kept) ** 2 + bias[1] * kept**2 / sums.size)
    assert np.all(correction > 0)
    assert found.estimates.mse - correction == pytest.approx(theirs["mse_by_ml_without_correction"], rel=5e-6)


def test_corn_of_finite_counties_is_that_of_r_sae_as_samplics_records_it():
    found = nested_error(segments(is_whole=True), counties(is_finite=True), NAMES)
    theirs = published()["corn"]["samplics"]
    assert found.estimates.estimate == pytest.approx(theirs["estimates_of_finite_areas"], abs=1e-6)
    likely = nested_error(segments(is_whole=True), counties(is_finite=True), NAMES, method="ml")
    assert likely.estimates.estimate == pytest.approx(theirs["finite_by_ml"], abs=1e-4)
