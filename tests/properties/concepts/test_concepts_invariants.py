"""What holds for every list, every age, every stay and every area."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.concepts import (
    AreaKind,
    Framework,
    age_group,
    age_groups,
    age_scheme,
    age_schemes,
    areas,
    class_of_stay,
    code_list,
    code_lists,
    framework,
    frameworks,
    present_successors,
    regions_of,
)
from sojourn.concepts.spelling import folded

AGES = st.integers(min_value=0, max_value=150)
DAYS = st.integers(min_value=0, max_value=5000)

PRESENT = [found.code for found in areas() if found.is_present]
WITHDRAWN = [found.code for found in areas() if found.kind is AreaKind.HISTORIC]

# The one present area that the UN geoscheme places in no region.
WITHOUT_SUBREGION = {"ATA"}


@given(age=AGES, scheme=st.sampled_from(age_schemes()))
def test_every_age_is_in_exactly_one_group_of_a_scheme(age: int, scheme: str):
    holding = [
        group.code
        for group in age_scheme(scheme).groups
        if group.lower <= age and (group.upper is None or age <= group.upper)
    ]
    assert holding == [age_group(age, scheme)]


@given(ages=st.lists(st.none() | AGES), scheme=st.sampled_from(age_schemes()))
def test_a_column_of_ages_gives_what_each_age_gives(ages: list[int | None], scheme: str):
    one_by_one = [None if age is None else age_group(age, scheme) for age in ages]
    assert age_groups(pa.array(ages, pa.int64()), scheme).to_pylist() == one_by_one


@given(days=DAYS, under=st.sampled_from(frameworks()))
def test_every_stay_is_in_exactly_one_category(days: int, under: Framework):
    rule = under.rule()
    holding = [
        category
        for category in rule.categories
        if category.from_days <= days and (category.below_days is None or days < category.below_days)
    ]
    assert holding == [rule.category(days)]


@given(days=DAYS)
def test_a_residence_after_twelve_months_is_one_after_six(days: int):
    if class_of_stay(days, framework("2021-12")) == "RES":
        assert class_of_stay(days, framework("2021-06")) == "RES"


@given(days=DAYS)
def test_a_long_term_migrant_of_1998_is_one_who_changes_residence_after_twelve_months(days: int):
    is_long_term = class_of_stay(days, framework("1998")) == "LT"
    assert is_long_term == (class_of_stay(days, framework("2021-12")) == "RES")


@pytest.mark.parametrize("list_id", code_lists())
def test_codes_are_unique_parents_exist_and_nobody_is_their_own_ancestor(list_id: str):
    codes = code_list(list_id)
    names = [code.code for code in codes]
    assert len(names) == len(set(names))
    assert set(codes.parents.values()) <= set(names)
    assert all(code.code not in codes.ancestors(code.code) for code in codes)


@pytest.mark.parametrize("list_id", code_lists())
def test_successors_are_codes_and_validity_does_not_end_before_it_starts(list_id: str):
    codes = code_list(list_id)
    for code in codes:
        assert all(successor in codes for successor in code.successors)
        assert code.valid_from is None or code.valid_to is None or code.valid_from <= code.valid_to


@pytest.mark.parametrize("list_id", code_lists())
def test_every_code_finds_itself_and_suggests_itself_first(list_id: str):
    for code in list(code_list(list_id))[:40]:
        assert code_list(list_id).find(code.code) is code
        assert code in code_list(list_id).suggest(code.code)


@pytest.mark.parametrize(
    "found", [found for found in areas() if found.is_present], ids=lambda found: found.code
)
def test_every_present_area_is_in_exactly_one_subregion(found: object):
    code = found.code  # type: ignore[attr-defined]
    groups = code_list("CL_AREA_GROUP")
    levels = [groups.code(region).attributes["level"] for region in regions_of(code)]
    assert levels.count("subregion") == (0 if code in WITHOUT_SUBREGION else 1)
    assert levels.count("world") == 1


@pytest.mark.parametrize(
    "found", [found for found in areas() if found.is_place], ids=lambda found: found.code
)
def test_a_withdrawn_area_lies_in_every_region_that_holds_all_its_successors(found: object):
    code = found.code  # type: ignore[attr-defined]
    shared = set.intersection(*(set(regions_of(heir)) for heir in present_successors(code)))
    assert set(regions_of(code)) == shared


@pytest.mark.parametrize("code", WITHDRAWN)
def test_the_land_of_a_withdrawn_area_belongs_to_present_ones(code: str):
    assert set(present_successors(code)) <= set(PRESENT)


@given(text=st.text(max_size=30))
def test_any_text_can_be_looked_up(text: str):
    reasons = code_list("CL_REASON")
    found = reasons.find(text)
    assert found is None or found in reasons.codes
    assert len(reasons.suggest(text)) <= 3


@given(text=st.text(max_size=30))
def test_folding_a_folded_text_changes_nothing(text: str):
    assert folded(folded(text)) == folded(text)
