"""Publication profiles: each threshold decides where it says, and the worst verdict wins."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest

from sojourn.errors import ProjectError
from sojourn.production.sdg_settings import profile_of
from sojourn.project.sdg_declarations import SdgDeclaration, shipped_profiles
from sojourn.statistics.sdg_indicators import Profile, Thresholds
from sojourn.statistics.sdg_indicators.profiles import verdicts, weaker

DECLARED = SdgDeclaration(area="USA", period="2024")
GOOD: dict[str, Any] = {
    "value": 0.4, "variance": 0.0004, "cv": 5.0, "lower": 0.36, "upper": 0.44, "degrees_of_freedom": 200,
    "contributors": 600, "effective_size": 500.0, "design_effect": 1.0, "error_method": "linearised",
}  # fmt: skip


def judged(profile: str | Profile, *, is_share: bool = True, **changes: Any) -> tuple[str, str]:
    """Verdict and reason of one figure, which is good but for what is changed."""
    row = {**GOOD, **changes}
    table = pa.table({name: [value] for name, value in row.items()}).cast(
        pa.schema(
            [
                (name, pa.string() if name == "error_method" else pa.float64())
                for name in row
            ]
        )
    )  # fmt: skip
    chosen = profile_of(DECLARED, profile) if isinstance(profile, str) else profile
    verdict, reason = verdicts(table, chosen, is_share=is_share)
    return str(verdict[0]), str(reason[0])


@pytest.mark.parametrize("profile", shipped_profiles())
def test_a_good_figure_is_published_by_every_profile(profile):
    assert judged(profile) == ("PUBLISH", "_Z")


@pytest.mark.parametrize(
    ("profile", "records", "verdict"),
    [
        ("un-default", 29, "SUPPRESS"), ("un-default", 30, "PUBLISH"), ("fifty", 49, "SUPPRESS"),
        ("fifty", 50, "PUBLISH"), ("statcan", 9, "SUPPRESS"), ("statcan", 10, "PUBLISH"),
        ("nchs", 29, "SUPPRESS"),
    ],
)  # fmt: skip
def test_a_figure_needs_as_many_records_as_the_profile_asks_for(profile, records, verdict):
    found = judged(profile, contributors=records, effective_size=100.0)
    assert found == (verdict, "FEW_RECORDS" if verdict == "SUPPRESS" else "_Z")


@pytest.mark.parametrize(
    ("profile", "cv", "verdict"),
    [
        ("un-default", 16.6, "PUBLISH"), ("un-default", 16.7, "CAUTION"), ("un-default", 33.3, "CAUTION"),
        ("un-default", 33.4, "SUPPRESS"), ("statcan", 16.6, "CAUTION"), ("fifty", 33.4, "SUPPRESS"),
    ],
)  # fmt: skip
def test_bands_of_the_coefficient_of_variation_decide(profile, cv, verdict):
    # The bound itself must not fall to the last digit of a square root.
    found = judged(profile, variance=(0.4 * cv / 100) ** 2 * (1 - 1e-12))
    assert found == (verdict, "_Z" if verdict == "PUBLISH" else "HIGH_CV")


def test_a_small_effective_size_hides_what_has_records_enough():
    assert judged("un-default", effective_size=29.9) == ("SUPPRESS", "FEW_EFFECTIVE")


def test_a_figure_without_an_error_is_not_shown_where_its_error_is_judged():
    assert judged("un-default", variance=None) == ("SUPPRESS", "NO_ERROR")


def test_no_figure_is_no_verdict():
    assert judged("un-default", value=None, variance=None, contributors=0) == ("NONE", "NO_FIGURE")


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nobody_and_everybody_are_shown_with_caution(share):
    # A variance of rounding errors alone is none.
    assert judged("un-default", value=share, variance=1e-33) == ("CAUTION", "NO_VARIATION")
    assert judged("un-default", value=share, variance=0.0, contributors=10)[0] == "SUPPRESS"


def test_a_mean_of_zero_that_varies_has_no_finite_coefficient_of_variation():
    assert judged("un-default", is_share=False, value=0.0, variance=4.0) == ("SUPPRESS", "HIGH_CV")


def test_a_census_has_no_error_and_is_judged_by_sizes():
    census = {"error_method": "none", "variance": None, "lower": None, "upper": None, "degrees_of_freedom": 0}
    assert judged("un-default", **census) == ("PUBLISH", "_Z")
    assert judged("nchs", **census) == ("PUBLISH", "_Z")
    assert judged("nchs", value=0.0, **census) == ("PUBLISH", "_Z")
    assert judged("un-default", contributors=12, **census) == ("SUPPRESS", "FEW_RECORDS")


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (0.02, 0.07, ("PUBLISH", "_Z")),  # width 0.05 of a share of 0.04: narrow enough whatever it is of
        (0.02, 0.0721, ("SUPPRESS", "WIDE_RELATIVE")),  # 0.0521 / 0.04 = 1.3025
        (0.02, 0.0719, ("PUBLISH", "_Z")),  # 0.0519 / 0.04 = 1.2975
        (0.00, 0.31, ("SUPPRESS", "WIDE")),
    ],
)
def test_the_health_statistics_centre_looks_at_the_width_of_the_interval(lower, upper, verdict):
    assert judged("nchs", value=0.04, variance=1e-5, lower=lower, upper=upper) == verdict


def test_the_health_statistics_centre_warns_of_the_rest_of_a_large_share():
    # Width 0.14 over the rest 0.1 is 1.4; over the share 0.9 it is 0.16.
    found = judged("nchs", value=0.9, variance=0.0001, lower=0.82, upper=0.96)
    assert found == ("CAUTION", "WIDE_COMPLEMENT")


def test_the_health_statistics_centre_counts_a_simple_sample_of_the_same_variance():
    # 0.4 * 0.6 / 0.01 = 24 below 30, though 600 records and Kish's 500 stand behind the share.
    found = judged("nchs", variance=0.01, lower=0.3, upper=0.5)
    assert found == ("SUPPRESS", "FEW_EFFECTIVE")


def test_the_health_statistics_centre_warns_of_few_degrees_of_freedom():
    assert judged("nchs", degrees_of_freedom=7) == ("CAUTION", "FEW_FREEDOM")
    assert judged("nchs", degrees_of_freedom=8) == ("PUBLISH", "_Z")


def test_means_have_their_own_thresholds_at_the_health_statistics_centre():
    mean = {"is_share": False, "value": 40.0, "variance": 4.0, "lower": 36.0, "upper": 44.0}
    assert judged("nchs", **mean) == ("PUBLISH", "_Z")
    assert judged("nchs", **mean | {"contributors": 59}) == ("CAUTION", "FEW_RECORDS")
    assert judged("nchs", **mean | {"variance": 150.0}) == ("CAUTION", "HIGH_CV")


def test_the_first_reason_of_the_worst_verdict_is_told():
    found = judged("un-default", contributors=5, effective_size=4.0, variance=1.0)
    assert found == ("SUPPRESS", "FEW_RECORDS")


def test_a_country_may_hide_what_does_not_vary():
    strict = Profile("own", "1", Thresholds(no_variation="SUPPRESS"))
    assert judged(strict, value=0.0, variance=0.0) == ("SUPPRESS", "NO_VARIATION")


def test_a_comparison_is_no_better_than_its_weaker_side():
    assert weaker(("PUBLISH", "_Z"), ("PUBLISH", "_Z")) == ("PUBLISH", "_Z")
    assert weaker(("PUBLISH", "_Z"), ("CAUTION", "HIGH_CV")) == ("CAUTION", "ONE_SIDE")
    assert weaker(("SUPPRESS", "FEW_RECORDS"), ("CAUTION", "HIGH_CV")) == ("SUPPRESS", "ONE_SIDE")
    assert weaker(("SUPPRESS", "HIGH_CV"), ("SUPPRESS", "HIGH_CV")) == ("SUPPRESS", "HIGH_CV")


@pytest.mark.parametrize(
    "wrong",
    [
        {"caution_cv": 40, "suppress_cv": 30},
        {"narrow": 0.4, "wide": 0.3},
        {"least_records": 9, "caution_records": 5},
    ],
)
def test_thresholds_in_the_wrong_order_are_refused(wrong):
    with pytest.raises(ProjectError, match="above"):
        Thresholds(**wrong)


def test_a_profile_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ProjectError, match=r"There are un-default, fifty, statcan, nchs") as refused:
        profile_of(DECLARED, "unsd")
    assert "unsd" in str(refused.value)


def test_profiles_say_where_they_come_from_and_which_were_compared_with_it():
    profiles = shipped_profiles()
    assert all(each.source for each in profiles.values())
    assert [name for name, each in profiles.items() if each.verified] == ["nchs"]
    assert math.isclose(profiles["un-default"].figures.suppress_cv or 0.0, 33.3)
