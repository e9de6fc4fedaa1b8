"""Age groups: bounds, nulls and refusals."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sojourn.concepts import (
    AgeGroup,
    AgeScheme,
    age_group,
    age_groups,
    age_scheme,
    age_scheme_of_codes,
)
from sojourn.errors import ProjectError


@pytest.mark.parametrize(
    ("age", "scheme", "code"),
    [
        (0, "five_year", "Y0T4"),
        (4, "five_year", "Y0T4"),
        (5, "five_year", "Y5T9"),
        (84, "five_year", "Y80T84"),
        (85, "five_year", "Y_GE85"),
        (85, "five_year_to_100", "Y85T89"),
        (100, "five_year_to_100", "Y_GE100"),
        (14, "broad", "Y0T14"),
        (64, "broad", "Y15T64"),
        (24, "policy", "Y15T24"),
        (25, "policy", "Y25T64"),
        (17, "children", "Y0T17"),
        (18, "children_and_working_age", "Y18T64"),
        (122, "policy", "Y_GE65"),
    ],
)
def test_an_age_belongs_to_the_group_whose_bounds_hold_it(age: int, scheme: str, code: str):
    assert age_group(age, scheme) == code


def test_an_age_that_is_not_stated_stays_null():
    found = age_groups(pa.array([0, None, 99], pa.int64()))
    assert found.to_pylist() == ["Y0T4", None, "Y_GE85"]


def test_a_column_without_any_stated_age_is_all_null():
    assert age_groups(pa.array([None, None], pa.int64())).to_pylist() == [None, None]


def test_an_empty_column_has_no_groups():
    assert age_groups(pa.array([], pa.int64())).to_pylist() == []


def test_an_age_below_zero_has_no_group():
    with pytest.raises(ValueError, match="below zero"):
        age_group(-1)
    with pytest.raises(ValueError, match="below zero"):
        age_groups(pa.array([3, -1]))


def test_a_scheme_that_loses_ages_cannot_be_made():
    with pytest.raises(ValueError, match="B starts at 20, not 18"):
        AgeScheme("own", (AgeGroup("A", 0, 17), AgeGroup("B", 20, None)))


def test_a_scheme_that_counts_ages_twice_cannot_be_made():
    with pytest.raises(ValueError, match="B starts at 15, not 18"):
        AgeScheme("own", (AgeGroup("A", 0, 17), AgeGroup("B", 15, None)))


def test_a_scheme_that_ends_cannot_be_made():
    with pytest.raises(ValueError, match="ages from 18 are lost"):
        AgeScheme("own", (AgeGroup("A", 0, 17),))


def test_a_group_cannot_follow_an_open_one():
    with pytest.raises(ValueError, match="B starts at 18, not None"):
        AgeScheme("own", (AgeGroup("A", 0, None), AgeGroup("B", 18, None)))


def test_a_project_can_make_a_scheme_of_known_groups():
    scheme = age_scheme_of_codes("school", ("Y0T4", "Y5T9", "Y10T14", "Y_GE15"))
    assert scheme.group(12).code == "Y10T14"


def test_a_total_is_no_group_of_a_scheme():
    with pytest.raises(ProjectError, match="no age group of a scheme"):
        age_scheme_of_codes("own", ("_T",))


def test_an_unknown_scheme_is_refused_with_those_there_are():
    with pytest.raises(ProjectError, match="five_year_to_100"):
        age_scheme("ten_year")


def test_the_table_for_joins_leaves_the_last_group_open():
    table = age_scheme("broad").to_arrow().to_pylist()
    assert [(row["code"], row["lower"], row["upper"]) for row in table] == [
        ("Y0T14", 0, 14),
        ("Y15T64", 15, 64),
        ("Y_GE65", 65, None),
    ]
