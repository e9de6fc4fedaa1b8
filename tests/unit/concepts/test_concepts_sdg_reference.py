"""The table of SDG indicators: nothing in it is presented as more than it is, and a country may change it."""

from __future__ import annotations

from datetime import date

import pytest

from sojourn.concepts import code_list, extended_reference, sdg_reference, survey_variables
from sojourn.concepts.sdg_reference import REFERENCE_COLUMNS, Disaggregation, IndicatorGroup
from sojourn.errors import ProjectError
from sojourn.project.sdg_declarations import shipped_series

OWN = {"indicator": "9.2.2", "title_en": "Manufacturing employment"}


def test_the_table_has_the_indicators_of_the_domain_reference():
    reference = sdg_reference()
    groups = [each.group for each in reference.indicators]
    assert len(reference.indicators) == 49
    assert groups.count(IndicatorGroup.MIGRATION) == 14
    assert reference.indicator("10.3.1").same_as == "16.b.1"


def test_only_two_titles_prescribe_migrant_status():
    prescribed = [
        each.code for each in sdg_reference().indicators if each.disaggregation is Disaggregation.PRESCRIBED
    ]
    assert prescribed == ["8.8.1", "8.8.2"]


def test_no_line_claims_to_be_on_the_list_of_2017():
    reference = sdg_reference()
    assert not reference.is_verified
    assert {each.status for each in reference.indicators} == {"proposed"}
    assert not any(each.is_verified for each in reference.indicators)
    assert "was not\n" in reference.description or "not seen" in " ".join(reference.description.split())


def test_a_tier_names_who_reported_it_and_is_empty_where_nobody_did():
    for each in sdg_reference().indicators:
        assert bool(each.tier) == bool(each.tier_source), each.code
    assert sdg_reference().indicator("10.7.4").tier == ""


def test_wording_that_is_not_the_official_one_is_marked():
    unverified = [each.code for each in sdg_reference().indicators if not each.title_is_verified]
    assert unverified == ["17.18.1"]


def test_a_countrys_line_goes_over_the_shipped_one_and_is_national():
    changed = {"indicator": "8.5.2", "title_en": "Unemployment of all over 16", "tier": "I", "gender": "yes"}
    reference = extended_reference([OWN, changed], version="2025", source="Statistics office")
    assert len(reference.indicators) == 50
    assert reference.indicator("8.5.2").title() == "Unemployment of all over 16"
    assert reference.indicator("9.2.2").status == "national"
    assert (reference.version, reference.status) == ("2025", "national")


def test_a_countrys_table_may_stand_alone():
    reference = extended_reference([OWN], version="1", source="", replaces=True)
    assert [each.code for each in reference.indicators] == ["9.2.2"]


def test_lines_hold_for_their_days():
    old = {**OWN, "valid_to": "2024-12-31", "title_en": "Old"}
    new = {**OWN, "valid_from": "2025-01-01", "title_en": "New"}
    reference = extended_reference([old, new], version="1", source="", replaces=True)
    assert [each.title() for each in reference.in_force(date(2024, 12, 31))] == ["Old"]
    assert [each.title() for each in reference.in_force(date(2025, 1, 1))] == ["New"]
    assert [each.title() for each in reference.in_force()] == ["New"]
    assert reference.indicator("9.2.2", date(2020, 1, 1)).title() == "Old"


def test_two_lines_at_one_time_are_refused():
    with pytest.raises(ProjectError, match=r"Two lines .* what 9\.2\.2 is"):
        extended_reference([OWN, OWN], version="1", source="")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"indicator": "1.1.1"}, "lacks its number or its title"),
        ({**OWN, "group": "OTHER"}, "9.2.2"),
        ({**OWN, "disaggregation": "wished"}, "9.2.2"),
        ({**OWN, "valid_from": "soon"}, "9.2.2"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_what_it_may_hold(line, said):
    with pytest.raises(ProjectError, match=said):
        extended_reference([line], version="1", source="")


def test_an_indicator_that_is_not_in_the_table_is_refused():
    with pytest.raises(ProjectError, match=r"has no 99\.9\.9"):
        sdg_reference().indicator("99.9.9")


def test_the_file_has_the_columns_that_are_told():
    from sojourn.concepts.package_data import rows

    assert tuple(rows("sdg_reference.csv")[0]) == REFERENCE_COLUMNS


def test_every_indicator_of_the_table_has_a_series_that_says_how_it_is_made():
    with_series = {each.indicator for each in shipped_series()}
    assert {each.code for each in sdg_reference().indicators} == with_series


def test_every_variable_has_a_meaning_and_its_codes_exist():
    for each in survey_variables().values():
        assert each.meaning
        assert each.codes is None or code_list(each.codes)
    assert survey_variables()["electricity"].allowed == ("Y", "N", "_Z", "_U")
    assert "NONCIT_STLS" in (survey_variables()["citizen"].allowed or ())
    assert "NONCIT_STLS" not in code_list("CL_CITIZEN").for_records
