"""What a code list promises, and how it refuses."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import date

import pyarrow as pa
import pytest

from sojourn.concepts import Standing, code_list, code_list_from_rows, code_lists
from sojourn.concepts.package_data import declarations, entries_of, entry_in
from sojourn.contracts.aggregates import Estimate, Observation
from sojourn.contracts.microdata import Identity, Movement, PermitOutcome, Person, Status
from sojourn.contracts.respondents import Emigrant, Household, Respondent
from sojourn.errors import ProjectError

HEADER = {
    "id": "CL_COLOUR",
    "version": "1",
    "agency": "TEST",
    "source": "a colour chart",
    "status": "national",
    "verified": "no",
    "valid_from": "2020-01-01",
    "title": {"en": "Colour", "fr": "Couleur"},
}


def test_the_entries_of_the_lists_read_one_by_one_say_what_the_file_says():
    found = entries_of("lists.yaml")
    assert [entry_in(text) for _, text in found] == declarations("lists.yaml")
    assert [list_id for list_id, _ in found] == [entry["id"] for entry in declarations("lists.yaml")]


def test_the_codes_of_sex_are_those_of_the_standard_list():
    assert {code.code for code in code_list("CL_SEX")} == {"F", "M", "_T", "_O", "_N", "_U", "_Z"}


def test_a_code_is_named_in_arabic():
    assert code_list("CL_SEX").code("F").name("ar") == "أنثى"


def test_membership_is_asked_with_in():
    assert "F" in code_list("CL_SEX")
    assert "f" not in code_list("CL_SEX")
    assert None not in code_list("CL_SEX")


def test_a_list_keeps_the_order_of_its_file():
    assert [code.code for code in code_list("CL_DIRECTION")] == ["A", "D", "NET", "_U", "_T"]


def test_a_slip_of_the_finger_is_answered_with_the_country_meant():
    assert code_list("CL_AREA").suggest("Untied Kingdom")[0].code == "GBR"


def test_a_text_like_nothing_known_is_answered_with_nothing():
    assert code_list("CL_SEX").suggest("qqqqqqqq") == ()


def test_the_code_itself_is_the_first_suggestion():
    assert code_list("CL_AREA").suggest("EL")[0].code == "GRC"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Côte d'Ivoire", "CIV"),
        ("COTE D IVOIRE", "CIV"),
        ("الأردن", "JOR"),
        ("德国", "DEU"),
        ("Германия", "DEU"),
        ("UK", "GBR"),
        ("Turkey", "TUR"),
        ("Burma", "MMR"),
        ("USSR", "SUN"),
    ],
)
def test_a_name_finds_its_code_whatever_its_case_accents_or_language(written: str, meant: str):
    found = code_list("CL_AREA").find(written)
    assert found is not None
    assert found.code == meant


def test_a_name_that_fits_two_codes_finds_none():
    entries = ({"code": "1", "name_en": "Grey"}, {"code": "2", "name_en": "grey"})
    assert code_list_from_rows(HEADER, entries).find("GREY") is None


def test_an_unknown_code_is_refused_with_the_nearest_ones():
    with pytest.raises(ProjectError, match="no code 'EMPL'") as refused:
        code_list("CL_REASON").code("EMPL")
    assert "EMP (Employment)" in str(refused.value)


def test_an_unknown_list_is_refused_with_the_nearest_one():
    with pytest.raises(ProjectError, match=r"Did you mean CL_SEX\?"):
        code_list("CL_SX")


def test_an_unknown_version_is_refused_with_those_there_are():
    with pytest.raises(ProjectError, match=r"There is 2\.1"):
        code_list("CL_SEX", "9.9")


def test_a_version_can_be_named():
    assert code_list("CL_SEX", "2.1") == code_list("CL_SEX")


def test_totals_are_words_of_tables_not_of_records():
    citizenship = code_list("CL_CITIZEN")
    assert citizenship.for_records == ("CIT", "NONCIT", "STLS", "_U")


def test_non_citizens_hold_foreign_citizens_and_stateless_persons():
    assert [code.code for code in code_list("CL_CITIZEN").children("NONCIT_STLS")] == ["NONCIT", "STLS"]


def test_the_codes_above_a_code_are_nearest_first():
    assert code_list("CL_AREA_GROUP").ancestors("014") == ("202", "002", "001")


def test_a_code_without_a_name_in_a_language_gives_the_english_one_and_says_so():
    wake = code_list("CL_AREA").code("WAK")
    assert wake.name("ar") == "Wake Island"
    assert not wake.is_named_in("ar")


def test_a_missing_name_is_null_in_the_table_and_english_is_never_missing():
    table = code_list("CL_AREA").to_arrow(("ar",))
    row = table.filter(pa.compute.equal(table["code"], "WAK")).to_pylist()[0]
    assert (row["name_en"], row["name_ar"]) == ("Wake Island", None)
    assert table["name_en"].null_count == 0


def test_the_table_for_joins_has_typed_columns_and_keeps_codes_as_text():
    table = code_list("CL_AREA_GROUP").to_arrow()
    assert table.column_names[:7] == [
        "code",
        "position",
        "parent",
        "valid_from",
        "valid_to",
        "only_in_tables",
        "name_en",
    ]
    assert table.schema.field("valid_from").type == pa.date32()
    assert table["code"].to_pylist()[:2] == ["001", "002"]


def test_namibia_keeps_its_letters():
    table = code_list("CL_AREA").to_arrow()
    row = table.filter(pa.compute.equal(table["code"], "NAM")).to_pylist()[0]
    assert row["alpha_2"] == "NA"


def test_unknown_not_applicable_and_stateless_are_three_different_codes():
    codes = code_list("CL_AREA")
    assert len({codes.code(code).name() for code in ("_U", "_Z", "STLS")}) == 3


@pytest.mark.parametrize("list_id", code_lists())
def test_every_list_says_where_it_comes_from_and_is_named_in_six_languages(list_id: str):
    codes = code_list(list_id)
    assert codes.source
    assert codes.agency
    assert set(codes.titles) == {"en", "ar", "fr", "es", "ru", "zh"}


@pytest.mark.parametrize("list_id", [known for known in code_lists() if known != "CL_AREA"])
def test_every_code_but_withdrawn_areas_is_named_in_english_and_arabic(list_id: str):
    assert [code.code for code in code_list(list_id) if not code.is_named_in("ar")] == []


@pytest.mark.parametrize(
    "contract",
    [
        Identity,
        Person,
        Movement,
        Status,
        PermitOutcome,
        Respondent,
        Household,
        Emigrant,
        Estimate,
        Observation,
    ],
)
def test_every_code_list_that_a_contract_names_exists(contract: type):
    named = {column.codes for column in contract.columns.values() if column.codes is not None}
    assert named <= set(code_lists())


def test_what_was_written_from_memory_is_marked():
    assert not code_list("CL_REASON").is_verified
    assert not code_list("CL_SEX").code("_N").is_verified
    assert code_list("CL_SEX").code("F").is_verified


def test_a_national_list_is_made_from_rows_with_its_own_columns_as_attributes():
    entries = (
        {"code": "01", "name_en": "Warm", "valid_to": "2024-12-31", "wavelength": "long"},
        {"code": "02", "name_en": "Red", "parent": "01", "status": "proposed", "verified": "yes"},
    )
    codes = code_list_from_rows(HEADER, entries)
    assert codes.code("01").attributes == {"wavelength": "long"}
    assert codes.code("02").status is Standing.PROPOSED
    assert codes.code("02").is_verified
    assert codes.title("fr") == "Couleur"
    assert codes.title("ru") == "Colour"


def test_a_code_holds_on_its_last_day_and_not_after_it():
    entries = ({"code": "1", "name_en": "Red", "valid_from": "2020-01-01", "valid_to": "2024-12-31"},)
    red = code_list_from_rows(HEADER, entries).code("1")
    days = [date(2019, 12, 31), date(2020, 1, 1), date(2024, 12, 31), date(2025, 1, 1)]
    assert [red.is_valid(day) for day in days] == [False, True, True, False]


def test_a_list_with_a_code_twice_cannot_be_made():
    with pytest.raises(ValueError, match="holds 1 more than once"):
        code_list_from_rows(HEADER, ({"code": "1", "name_en": "Red"}, {"code": "1", "name_en": "Blue"}))


def test_a_list_whose_parent_is_no_code_cannot_be_made():
    with pytest.raises(ValueError, match="the parent of 1, 9, is no code"):
        code_list_from_rows(HEADER, ({"code": "1", "name_en": "Red", "parent": "9"},))


def test_a_list_with_a_circle_of_parents_cannot_be_made():
    entries = (
        {"code": "1", "name_en": "Red", "parent": "2"},
        {"code": "2", "name_en": "Blue", "parent": "1"},
    )
    with pytest.raises(ValueError, match="its own ancestor"):
        code_list_from_rows(HEADER, entries)


def test_a_line_without_an_english_name_cannot_be_read():
    with pytest.raises(ValueError, match="lacks its code or its English name"):
        code_list_from_rows(HEADER, ({"code": "1", "name_fr": "Rouge"},))


def test_a_code_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        code_list("CL_SEX").code("F").code = "X"  # type: ignore[misc]


def test_only_free_figures_may_be_published():
    free = [code.code for code in code_list("CL_CONF_STATUS") if code.attributes["may_be_published"] == "yes"]
    assert free == ["F"]
