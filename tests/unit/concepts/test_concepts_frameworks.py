"""Frameworks: dated rules, national ones, refusals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from sojourn.concepts import (
    ResidenceRule,
    Standing,
    Unit,
    class_of_stay,
    code_list,
    framework,
    frameworks,
    national_framework,
)
from sojourn.concepts.frameworks import Category, FrameworkRule
from sojourn.errors import ProjectError
from sojourn.project.declarations import DatedRule

NAMES = {"en": "Law on residence"}


def test_four_frameworks_come_with_the_project():
    assert [found.id for found in frameworks()] == ["1998", "2021-06", "2021-12", "national"]


def test_a_framework_says_how_far_it_is_agreed_on():
    assert framework("2021-12").status is Standing.ADOPTED
    assert framework("national").status is Standing.NATIONAL
    assert not framework("national").is_verified


def test_excluded_purposes_and_classes_are_codes():
    for found in frameworks():
        assert set(found.excluded_purposes) <= set(code_list("CL_PURPOSE").for_records)
        used = {category.code for rule in found.rules for category in rule.categories}
        assert used <= set(code_list("CL_STAY_CLASS").for_records)


def test_an_unknown_framework_is_refused_with_the_nearest_one():
    with pytest.raises(ProjectError, match=r"Did you mean 2021-12\?"):
        framework("2021_12")


def test_the_rule_in_force_on_the_day_of_arrival_decides():
    law = national_framework(
        {date(2000, 1, 1): ResidenceRule(365, 365), date(2020, 7, 1): ResidenceRule(183, 365)},
        source="a law",
        titles=NAMES,
    )
    classes = [class_of_stay(200, law, arrived=day) for day in (date(2020, 6, 30), date(2020, 7, 1))]
    assert classes == ["TMP", "RES"]


def test_with_several_rules_a_day_of_arrival_is_needed():
    rules = {date(2000, 1, 1): ResidenceRule(365, 365), date(2020, 7, 1): ResidenceRule(183, 365)}
    law = national_framework(rules, source="a law", titles=NAMES)
    with pytest.raises(ProjectError, match="Give the day of arrival"):
        class_of_stay(200, law)


def test_a_day_before_the_first_rule_takes_that_rule():
    assert class_of_stay(200, framework("2021-06"), arrived=date(1995, 5, 5)) == "RES"


def test_a_short_threshold_leaves_no_middle_band():
    law = national_framework({date(2000, 1, 1): ResidenceRule(60, 365)}, source="a law", titles=NAMES)
    bounds = [(category.band, category.from_days, category.below_days) for category in law.rule().categories]
    assert bounds == [("D0", 0, 1), ("D1", 1, 60), ("D3", 60, None)]


def test_a_national_framework_without_a_rule_cannot_be_made():
    with pytest.raises(ValueError, match="at least one residence rule"):
        national_framework({}, source="a law", titles=NAMES)


def test_a_rule_cannot_ask_for_more_days_than_its_window():
    with pytest.raises(ValueError, match="400 days present within a window of 365 days"):
        ResidenceRule(400, 365)


def test_a_rule_cannot_ask_for_no_days():
    with pytest.raises(ValueError, match="0 days present"):
        ResidenceRule(0, 365)


def test_categories_cannot_leave_a_gap():
    gap = (Category("TMP", "D1", 0, 90), Category("RES", "D3", 183, None))
    with pytest.raises(ValueError, match="RES starts at 183 days, not 90"):
        FrameworkRule(date(2000, 1, 1), None, "", ResidenceRule(183, 365), gap)


def test_a_stay_cannot_be_shorter_than_nothing():
    with pytest.raises(ValueError, match="fewer than zero days"):
        class_of_stay(-1, framework("1998"))


def test_the_table_for_joins_has_one_row_for_each_category():
    table = framework("1998").to_arrow().to_pylist()
    assert [(row["code"], row["from_days"], row["below_days"], row["otherwise"]) for row in table] == [
        ("VIS", 0, 1, None),
        ("VIS", 1, 90, None),
        ("ST", 90, 365, "VIS"),
        ("LT", 365, None, None),
    ]


def test_two_rules_cannot_be_in_force_on_one_day():
    first, second = (
        replace(framework("2021-12").rule(), valid_from=day) for day in (date(2000, 1, 1), date(2010, 1, 1))
    )
    with pytest.raises(ValueError, match="in force on 2010-01-01"):
        replace(framework("national"), rules=(first, second))


def test_a_day_after_the_last_rule_has_no_rule():
    ended = replace(framework("2021-12").rule(), valid_to=date(2022, 12, 31))
    law = replace(framework("national"), rules=(ended,))
    assert class_of_stay(400, law, arrived=date(2022, 12, 31)) == "RES"
    with pytest.raises(ProjectError, match="no rule in force on 2023-01-01"):
        class_of_stay(400, law, arrived=date(2023, 1, 1))


def test_a_rule_in_months_bounds_the_categories_by_twelfths_of_a_year():
    rules = {
        date(2000, 1, 1): ResidenceRule(9, 12, Unit.MONTHS),
        date(2020, 7, 1): ResidenceRule(12, 16, Unit.MONTHS),
    }
    table = national_framework(rules, source="a law", titles=NAMES).to_arrow().to_pylist()
    residents = [row for row in table if row["code"] == "RES"]
    assert [(row["present"], row["window"], row["unit"]) for row in residents] == [
        (9, 12, "months"),
        (12, 16, "months"),
    ]
    assert [row["from_days"] for row in residents] == [274, 365]  # 9 x 365 / 12 = 273.75


@pytest.mark.parametrize(
    "said",
    [
        {"days_present": 365},
        {"days_present": 365, "window_months": 16},
        {"days_present": 365, "window_days": 487, "months_present": 12, "window_months": 16},
        {"months_present": 17, "window_months": 16},
        {},
    ],
)
def test_a_dated_rule_is_in_days_or_in_months(said):
    with pytest.raises(ValueError, match=r"days_present and window_days|17 months present"):
        DatedRule.model_validate({"from": date(2000, 1, 1), **said})
    whole = {"from": date(2000, 1, 1), "months_present": 12, "window_months": 16}
    assert DatedRule.model_validate(whole).residence == ResidenceRule(12, 16, Unit.MONTHS)
