"""Selections: everything asked is understood or refused, and the grid shows each cell once."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from portal_publication import inflow, survey
from sojourn.dissemination.grid import grid
from sojourn.dissemination.publication import PublishedTable, observations_in_order
from sojourn.dissemination.selection import (
    Cells,
    Selection,
    SelectionRefused,
    default_selection,
    headline_selection,
    selection_asked,
)
from sojourn.dissemination.sentences import summary, title_of
from sojourn.dissemination.wording import wording


def cells(table: PublishedTable) -> Cells:
    return Cells(table.description, observations_in_order(table.description, table.observations))


def asked(table: PublishedTable, *parts: tuple[str, str]) -> Selection:
    return selection_asked(table.description, parts, "en")


def test_a_reader_first_sees_all_areas_the_totals_of_the_rest_and_the_latest_periods():
    chosen = default_selection(inflow("1").description)
    assert len(chosen.codes["CITIZENSHIP"]) == 9
    assert chosen.codes["SEX"] == ("_T",)
    assert chosen.periods == ("2021", "2022", "2023", "2024")


def without_totals(table: PublishedTable) -> PublishedTable:
    """The table as another body's figures would stand in it: no code is known for a total."""
    dimensions = [it.model_copy(update={"total": None}) for it in table.description.dimensions]
    described = table.description.model_copy(update={"dimensions": tuple(dimensions)})
    return replace(table, description=described)


def test_a_reader_first_sees_every_code_of_a_dimension_without_a_total_but_no_sum_of_shares():
    assert default_selection(without_totals(inflow("1")).description).codes["SEX"] == ("F", "M")


def test_where_that_would_be_too_much_the_longest_dimension_begins_with_its_first_code(monkeypatch):
    monkeypatch.setattr("sojourn.dissemination.selection.CELLS_AT_FIRST", 8 * 2 * 4 - 1)
    chosen = default_selection(without_totals(inflow("1")).description)
    assert (len(chosen.codes["CITIZENSHIP"]), chosen.codes["SEX"], len(chosen.periods)) == (8, ("F",), 4)


def test_one_series_stands_for_a_table_its_totals_or_the_codes_that_it_declares():
    chosen = headline_selection(inflow("1").description)
    assert {name: codes for name, codes in chosen.codes.items() if name != "TIME_PERIOD"} == {
        "SEX": ("_T",),
        "CITIZENSHIP": ("_T",),
    }
    declared = without_totals(inflow("1")).description
    assert headline_selection(declared) is None
    women_of_syria = declared.model_copy(update={"headline": {"SEX": "F", "CITIZENSHIP": "SYR"}})
    assert headline_selection(women_of_syria).codes["SEX"] == ("F",)
    assert headline_selection(declared.model_copy(update={"headline": {"SEX": "Q"}})) is None


def test_a_sum_is_not_among_the_largest():
    table = without_totals(inflow("1"))
    chosen = default_selection(table.description).with_codes("SEX", ("_T",))
    told = " ".join(summary(table.description, grid(cells(table), chosen), wording("en")))
    assert "Largest in 2024: Ukraine" in told


def test_a_span_of_one_period_is_that_period():
    description = inflow("1").description
    assert description.time_span == "2021–2024"
    assert description.model_copy(update={"time_periods": ("2024",)}).time_span == "2024"


def test_codes_come_in_the_order_of_the_list_whatever_the_order_asked():
    chosen = asked(inflow("1"), ("CITIZENSHIP", "FRA"), ("CITIZENSHIP", "SYR"), ("TIME_PERIOD", "2024"))
    assert chosen.codes["CITIZENSHIP"] == ("SYR", "FRA")
    assert chosen.periods == ("2024",)


def test_a_star_stands_for_every_code():
    assert asked(inflow("1"), ("SEX", "*")).codes["SEX"] == ("_T", "F", "M")


@pytest.mark.parametrize(
    ("part", "nearest"),
    [
        (("CITIZENSHIP", "SYRIA"), "SYR"),
        (("CITIZENSHIP", "syrian arab republic"), "SYR"),
        (("CITIZENSHIP", "Ukrane"), "UKR"),
        (("CITIZENSHIP", "الصين"), "CHN"),
        (("SEX", "f"), "F"),
        (("TIME_PERIOD", "20244"), "2024"),
    ],
)
def test_an_unknown_code_is_refused_with_the_nearest(part: tuple[str, str], nearest: str):
    with pytest.raises(SelectionRefused) as refused:
        asked(inflow("1"), part)
    (unknown,) = refused.value.unknown
    assert (unknown.name, unknown.written, unknown.is_name) == (*part, False)
    assert unknown.nearest[0][0] == nearest


def test_an_unknown_dimension_is_refused_with_the_nearest_one():
    with pytest.raises(SelectionRefused) as refused:
        asked(inflow("1"), ("CITIZENSIP", "SYR"))
    assert refused.value.unknown[0].is_name
    assert refused.value.unknown[0].nearest == (("CITIZENSHIP", "Citizenship"),)


def test_every_unknown_part_is_named_at_once():
    with pytest.raises(SelectionRefused) as refused:
        asked(inflow("1"), ("CITIZENSHIP", "XXX"), ("SEX", "F"), ("SEX", "Q"), ("COLOUR", "red"))
    assert [it.written for it in refused.value.unknown] == ["XXX", "Q", "red"]


def test_time_runs_across_when_there_are_several_periods():
    laid_out = grid(cells(inflow("1")), asked(inflow("1"), ("CITIZENSHIP", "SYR"), ("CITIZENSHIP", "FRA")))
    assert (laid_out.row_dimensions, laid_out.column_dimension) == (("CITIZENSHIP",), "TIME_PERIOD")
    assert laid_out.fixed == (("SEX", "_T"),)
    assert laid_out.rows == (("SYR",), ("FRA",))
    # 1240 * 1.36 = 1686.4, to the nearest 5 is 1685; 310 * 1.36 = 421.6 is 420.
    assert laid_out.numbers("OBS_VALUE")[:, -1].tolist() == [1685.0, 420.0]


def test_a_small_dimension_runs_across_when_there_is_one_period():
    selection = asked(
        inflow("1"), ("CITIZENSHIP", "SYR"), ("CITIZENSHIP", "FRA"), ("SEX", "*"), ("TIME_PERIOD", "2021")
    )
    laid_out = grid(cells(inflow("1")), selection)
    assert (laid_out.row_dimensions, laid_out.column_dimension) == (("CITIZENSHIP",), "SEX")
    # 1240 * 0.45 = 558 is 560 and 1240 * 0.55 = 682 is 680;
    # 310 * 0.45 = 139.5 is 140 and 310 * 0.55 = 170.5 is 170.
    assert laid_out.numbers("OBS_VALUE").tolist() == [[1240.0, 560.0, 680.0], [310.0, 140.0, 170.0]]


def test_a_single_cell_is_a_grid_of_one():
    selection = asked(inflow("1"), ("CITIZENSHIP", "SYR"), ("SEX", "F"), ("TIME_PERIOD", "2021"))
    laid_out = grid(cells(inflow("1")), selection)
    assert laid_out.numbers("OBS_VALUE").tolist() == [[560.0]]


def test_a_withheld_cell_has_a_place_in_the_grid_and_no_number():
    selection = asked(inflow("1"), ("CITIZENSHIP", "STLS"), ("SEX", "F"))
    laid_out = grid(cells(inflow("1")), selection)
    assert laid_out.at[0, 1] >= 0
    assert math.isnan(laid_out.numbers("OBS_VALUE")[0, 1])
    assert laid_out.texts("CONF_STATUS")[0].tolist() == ["F", "C", "F", "F"]


def test_cells_that_the_table_does_not_have_are_no_rows():
    table = survey("1")
    few = Cells(table.description, observations_in_order(table.description, table.observations).slice(0, 2))
    laid_out = grid(few, asked(table))
    assert laid_out.rows == (("_T",),)


def test_a_summary_says_level_change_largest_and_what_is_missing():
    table = inflow("1")
    laid_out = grid(cells(table), asked(table))
    # Totals: 8520 in 2021 and 8520 * 1.36 = 11587.2, so 11585, in 2024: 3065 more, 36.0 per cent.
    assert summary(table.description, laid_out, wording("en")) == (
        "Total, 2024: 11,585 (Persons).",
        "It rose by 3,065 (36.0%) since 2021.",
        "Largest in 2024: Ukraine (7,210), Syrian Arab Republic (1,685), and China (1,195).",
        "9 figures are provisional.",
    )


def test_a_summary_of_two_rows_without_a_total_says_the_level_of_both():
    table = without_totals(inflow("1"))
    chosen = asked(table, ("CITIZENSHIP", "SYR"), ("CITIZENSHIP", "FRA"), ("SEX", "_T"))
    found = summary(table.description, grid(cells(table), chosen), wording("en"))
    assert [it for it in found if "2024" in it] == [
        "Syrian Arab Republic, 2024: 1,685 (Persons).",
        "France, 2024: 420 (Persons).",
    ]


def test_a_summary_counts_what_is_withheld():
    table = inflow("1")
    selection = asked(table, ("CITIZENSHIP", "STLS"), ("SEX", "F"), ("SEX", "M"))
    assert "2 figures are withheld to protect persons." in summary(
        table.description, grid(cells(table), selection), wording("en")
    )


def test_a_change_within_sampling_error_is_not_called_a_rise():
    table = survey("1")
    # 8.4 to 8.7; standard errors 0.42 and 0.435, so 1.96 * 0.605 = 1.19 is more than 0.3.
    found = summary(table.description, grid(cells(table), asked(table, ("REF_AREA", "_T"))), wording("en"))
    assert found[:3] == (
        "Ruritania, 2024: 8.7 (Per cent).",
        "With 95% confidence it lies between 7.8 and 9.6.",
        "The change since 2023 is within the error of the figures.",
    )


def test_a_title_names_what_the_selection_fixes_but_not_totals():
    table = inflow("1")
    selection = asked(table, ("SEX", "F"), ("TIME_PERIOD", "2024"))
    assert title_of(table.description, grid(cells(table), selection), wording("en")) == (
        "Immigrants by citizenship and sex: Women, 2024"
    )
    assert title_of(table.description, grid(cells(table), asked(table)), wording("en")) == (
        "Immigrants by citizenship and sex"
    )


def test_an_arabic_summary_uses_the_arabic_plural_of_its_numbers():
    table = inflow("1")
    selection = asked(table, ("CITIZENSHIP", "STLS"), ("SEX", "F"), ("SEX", "M"))
    found = summary(table.description, grid(cells(table), selection), wording("ar"))
    assert "حُجب رقمان لحماية الأشخاص." in found
