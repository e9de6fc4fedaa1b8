"""Facts about countries and areas, their codes over time and their regions."""

from __future__ import annotations

from datetime import date

import pytest

from sojourn.concepts import (
    UN_LANGUAGES,
    AreaKind,
    area,
    area_of_alpha_2,
    area_of_m49,
    areas,
    members_of,
    present_successors,
    region_table,
    regions_of,
    subregion_of,
    territory_name,
)
from sojourn.errors import ProjectError


def code_of(found: object) -> str:
    return found.code  # type: ignore[attr-defined,no-any-return]


def test_an_area_carries_its_three_codes():
    namibia = area("NAM")
    assert (namibia.alpha_2, namibia.m49, namibia.kind) == ("NA", "516", AreaKind.COUNTRY)


def test_a_country_is_named_in_the_six_un_languages():
    assert [area("DEU").name(language) for language in UN_LANGUAGES] == [
        "ألمانيا",
        "德国",
        "Germany",
        "Allemagne",
        "Германия",
        "Alemania",
    ]


def test_any_language_of_the_cldr_can_be_asked_for():
    assert area("DEU").name("pt-BR") == "Alemanha"


def test_a_language_that_nobody_knows_is_refused():
    with pytest.raises(ProjectError, match="no names in a language called 'xx-nowhere'"):
        territory_name("DE", "xx-nowhere")


def test_a_present_country_is_named_by_the_cldr_in_every_un_language():
    unnamed = [
        (found.code, language)
        for found in areas()
        if found.kind is AreaKind.COUNTRY
        for language in UN_LANGUAGES
        if not found.entry.is_named_in(language)
    ]
    assert unnamed == []


def test_two_letters_that_were_given_anew_are_read_by_the_day():
    assert code_of(area_of_alpha_2("CS", date(1990, 1, 1))) == "CSK"
    assert code_of(area_of_alpha_2("CS", date(2004, 1, 1))) == "SCG"
    assert area_of_alpha_2("CS", date(2020, 1, 1)) is None


def test_two_letters_without_a_day_mean_the_present_holder_or_the_last_one():
    assert code_of(area_of_alpha_2("BY")) == "BLR"
    assert code_of(area_of_alpha_2("CS")) == "SCG"
    assert area_of_alpha_2("QQ") is None


def test_a_number_may_be_written_without_its_leading_zeros():
    assert code_of(area_of_m49(4)) == "AFG"
    assert code_of(area_of_m49("004")) == "AFG"


def test_a_number_of_former_borders_is_known():
    assert code_of(area_of_m49(736)) == "SDN"
    assert code_of(area_of_m49(280)) == "DEU"
    assert area_of_m49(999) is None


def test_the_land_of_a_withdrawn_area_is_followed_through_all_changes():
    # Serbia and Montenegro took over from Yugoslavia and was itself divided in 2006.
    assert set(present_successors("YUG")) == {"BIH", "HRV", "MKD", "MNE", "SRB", "SVN"}
    assert present_successors("FRA") == ("FRA",)


def test_the_soviet_union_has_fifteen_successors():
    assert len(present_successors("SUN")) == 15


def test_regions_are_narrowest_first():
    assert regions_of("KEN") == ("014", "202", "002", "001")
    assert regions_of("FRA") == ("155", "150", "001")


def test_the_subregion_is_the_level_that_all_continents_have():
    assert (subregion_of("KEN"), subregion_of("FRA")) == ("202", "155")


def test_a_withdrawn_area_across_two_continents_belongs_to_the_world_alone():
    assert regions_of("SUN") == ("001",)
    assert subregion_of("SUN") is None


def test_a_stateless_person_has_no_region():
    assert regions_of("STLS") == ()
    assert not area("STLS").is_place


def test_antarctica_has_no_region_but_the_world():
    assert regions_of("ATA") == ("001",)


def test_a_withdrawn_area_is_a_place_but_no_present_one():
    assert area("CSK").is_place
    assert not area("CSK").is_present


def test_the_members_of_northern_america_are_five():
    assert members_of("021") == ("BMU", "CAN", "GRL", "SPM", "USA")


def test_an_unknown_region_is_refused():
    with pytest.raises(ProjectError, match="no code '999'"):
        members_of("999")


def test_the_region_table_tells_what_m49_states_from_what_is_practice():
    table = region_table().to_pylist()
    basis = {row["area"]: row["basis"] for row in table}
    assert (basis["FRA"], basis["TWN"], basis["YUG"]) == ("m49", "un practice", "derived")


def test_the_region_table_has_one_row_for_each_area_and_region():
    pairs = [(row["area"], row["region"]) for row in region_table().to_pylist()]
    assert len(pairs) == len(set(pairs))
    assert ("KEN", "202") in pairs


def test_kosovo_has_letters_of_the_range_left_to_users():
    kosovo = area("XKX")
    assert (kosovo.kind, kosovo.alpha_2, kosovo.m49) == (AreaKind.USER_ASSIGNED, "XK", None)
    assert not kosovo.entry.is_verified
