"""The residency index by hand: what is kept, what moves it, who starts where, and what is not known."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sojourn.contracts.microdata import RegisterYear, SignOfLife
from sojourn.integration.residency_index import (
    GroupRule,
    IndexRule,
    Register,
    activity_of,
    residence_changes,
    residency_index,
)

TAX_AND_HEALTH = IndexRule(
    (Register("tax"), Register("health")), GroupRule({"tax": 0.6, "health": 0.5}), start=1.0
)


def signs(*rows):
    """Signs of life: person, register, year, events."""
    names = list(SignOfLife.columns)
    return pa.table(
        {name: [row[place] for row in rows] for place, name in enumerate(names)}, schema=SignOfLife.schema()
    )


def register(*rows):
    """The register: person, year, and what else a row says by name."""
    said = [{"person_key": person, "year": year, **more} for person, year, more in rows]
    names = list(RegisterYear.columns)
    return pa.table({name: [row.get(name) for row in said] for name in names}, schema=RegisterYear.schema())


def story(found, person):
    """The index's two ends and residence of one person, year by year."""
    return [
        (row["year"], round(row["index_low"], 10), round(row["index_high"], 10), row["residence"])
        for row in found.to_pylist()
        if row["person_key"] == person
    ]


def test_the_index_keeps_four_fifths_and_takes_a_fifth_of_the_year_before():
    found = residency_index(
        signs(("anna", "tax", 2020, 1)),
        register(("anna", 2019, {})),
        rule=TAX_AND_HEALTH,
        first_year=2020,
        last_year=2023,
    )
    # 0.8 · 1 + 0.2 · 0.6 = 0.92; then without signs 0.8 · 0.92 = 0.736, and 0.8 · 0.736 = 0.5888 < 0.7.
    assert story(found, "anna") == [
        (2020, 1.0, 1.0, "R"),
        (2021, 0.92, 0.92, "R"),
        (2022, 0.736, 0.736, "R"),
        (2023, 0.5888, 0.5888, "N"),
    ]


def test_activity_in_all_registers_counts_as_one_at_most():
    found = residency_index(
        signs(("anna", "tax", 2020, 4), ("anna", "health", 2020, 1)),
        register(("anna", 2020, {"residence": "N"})),
        rule=TAX_AND_HEALTH,
        first_year=2020,
        last_year=2021,
    )
    # 0.6 + 0.5 is more than one: 0.8 · 0 + 0.2 · 1.
    assert story(found, "anna") == [(2020, 0.0, 0.0, "N"), (2021, 0.2, 0.2, "N")]


def test_who_was_born_or_registered_starts_at_one_on_the_next_first_of_january():
    found = residency_index(
        signs(),
        register(("ben", 2021, {"entered": True})),
        rule=TAX_AND_HEALTH,
        first_year=2020,
        last_year=2023,
    )
    assert story(found, "ben") == [(2022, 1.0, 1.0, "R"), (2023, 0.8, 0.8, "R")]


def test_who_left_the_register_is_out_of_it_until_they_enter_again():
    found = residency_index(
        signs(),
        register(("cleo", 2019, {}), ("cleo", 2020, {"left": True}), ("cleo", 2022, {"entered": True})),
        rule=TAX_AND_HEALTH,
        first_year=2020,
        last_year=2024,
    )
    assert story(found, "cleo") == [(2020, 1.0, 1.0, "R"), (2023, 1.0, 1.0, "R"), (2024, 0.8, 0.8, "R")]


def test_who_left_before_the_first_year_is_not_in_the_result():
    found = residency_index(
        signs(("dora", "tax", 2020, 1)),
        register(("dora", 2010, {}), ("dora", 2012, {"left": True})),
        rule=TAX_AND_HEALTH,
        first_year=2020,
        last_year=2021,
    )
    assert len(found) == 0


def test_a_start_that_nobody_knows_is_between_nothing_and_all():
    rule = IndexRule((Register("tax"),), GroupRule({"tax": 1.0}))
    found = residency_index(
        signs(*[("anna", "tax", year, 1) for year in (2020, 2021, 2022, 2023, 2024, 2025)]),
        register(("anna", 2015, {}), ("ben", 2015, {})),
        rule=rule,
        first_year=2020,
        last_year=2026,
    )
    # After n active years at least 1 - 0.8^n: 0.67232 after five, 0.737856 after six.
    assert story(found, "anna")[-2:] == [(2025, 0.67232, 1.0, "_U"), (2026, 0.737856, 1.0, "R")]
    # After n quiet years at most 0.8^n: 0.8 after one, 0.64 after two.
    assert story(found, "ben")[1:3] == [(2021, 0.0, 0.8, "_U"), (2022, 0.0, 0.64, "N")]


def test_a_year_that_a_register_does_not_cover_is_no_year_without_activity():
    rule = IndexRule((Register("tax", since=2021),), GroupRule({"tax": 1.0}), start=0.8)
    found = residency_index(signs(), register(("anna", 2015, {})), rule=rule, first_year=2020, last_year=2022)
    # 0.64 or 0.84 after the year that is not known; then a known year without activity.
    assert story(found, "anna")[1:] == [(2021, 0.64, 0.84, "_U"), (2022, 0.512, 0.672, "N")]


def test_an_activity_of_which_it_is_not_known_whether_it_was_bounds_the_index():
    found = residency_index(
        signs(("anna", "tax", 2020, None)),
        register(("anna", 2015, {})),
        rule=TAX_AND_HEALTH,
        first_year=2020,
        last_year=2021,
    )
    assert story(found, "anna")[1] == (2021, 0.8, 0.92, "R")


def test_fewer_events_than_the_register_asks_for_are_no_sign():
    rule = IndexRule((Register("tax", least_events=3),), GroupRule({"tax": 1.0}), start=0.5)
    found = residency_index(
        signs(("anna", "tax", 2020, 2), ("ben", "tax", 2020, 3)),
        register(("anna", 2015, {}), ("ben", 2015, {})),
        rule=rule,
        first_year=2020,
        last_year=2021,
    )
    assert (story(found, "anna")[1][1], story(found, "ben")[1][1]) == (0.4, 0.6)


def test_a_group_has_its_own_weights_and_threshold_from_its_year_on():
    rule = IndexRule(
        (Register("school"),),
        GroupRule({"school": 0.0}),
        {"child": GroupRule({"school": 1.0}, threshold=0.5)},
        start=0.6,
    )
    found = residency_index(
        signs(("anna", "school", 2020, 1), ("anna", "school", 2021, 1)),
        register(("anna", 2015, {"group": "child"}), ("anna", 2022, {})),
        rule=rule,
        first_year=2020,
        last_year=2022,
    )
    # 0.6 lives here as a child; 0.68; 0.744 on the day on which she is no child any more.
    assert story(found, "anna") == [(2020, 0.6, 0.6, "R"), (2021, 0.68, 0.68, "R"), (2022, 0.744, 0.744, "R")]
    assert [row["group"] for row in found.to_pylist()] == ["child", "child", None]


def test_changes_between_two_first_of_januaries_are_told_with_the_year_between_them():
    found = residency_index(
        signs(),
        register(("anna", 2015, {}), ("ben", 2015, {}), ("ben", 2022, {"residence": "R"})),
        rule=IndexRule((Register("tax"),), GroupRule({"tax": 1.0}), start=0.8),
        first_year=2020,
        last_year=2022,
    )
    changes = residence_changes(found).to_pylist()
    told = [
        tuple(row[name] for name in ("person_key", "year", "residence_before", "residence_after"))
        for row in changes
    ]
    assert told == [("anna", 2020, "R", "N"), ("ben", 2020, "R", "N"), ("ben", 2021, "N", "R")]


def test_what_is_remembered_of_a_register_is_what_its_weight_multiplies():
    rule = IndexRule(TAX_AND_HEALTH.registers, GroupRule({"tax": 0.3, "health": 0.2}, base=0.1), start=0.9)
    known = signs(("anna", "tax", 2020, 1), ("anna", "tax", 2022, 1), ("anna", "health", 2021, 1))
    rows = register(("anna", 2015, {}), ("ben", 2021, {"entered": True}))
    people = pa.table({"person_key": ["ben", "anna"], "year": [2023, 2023]})
    (ben, anna) = activity_of(known, rows, people, rule=rule, first_year=2020).tolist()
    # 0.2 · (0.64 + 1) of tax, 0.2 · 0.8 of health, 0.8³ of the start; Ben entered a year before, in 2021.
    assert anna == pytest.approx([0.328, 0.16, 0.512])
    assert ben == pytest.approx([0.0, 0.0, 0.8])
    found = residency_index(known, rows, rule=rule, first_year=2020, last_year=2023)
    assert story(found, "anna")[-1][1] == pytest.approx(
        0.3 * 0.328 + 0.2 * 0.16 + 0.1 * (1 - 0.512) + 0.9 * 0.512
    )


def test_years_that_a_register_does_not_cover_are_stood_for_by_the_others():
    rule = IndexRule((Register("tax", since=2022), Register("school", since=2030)), GroupRule({}), start=1.0)
    people = pa.table({"person_key": ["anna"], "year": [2023]})
    found = activity_of(
        signs(("anna", "tax", 2022, 1)), register(("anna", 2015, {})), people, rule=rule, first_year=2021
    )
    # The known year was active: all of 1 - 0.64. Of school nothing is known.
    assert found[0].tolist() == pytest.approx([0.36, float("nan"), 0.64], nan_ok=True)


def test_groups_and_registers_that_the_rule_does_not_know_are_refused():
    years = {"rule": TAX_AND_HEALTH, "first_year": 2020, "last_year": 2021}
    with pytest.raises(ValueError, match="1 rows are of groups"):
        residency_index(signs(), register(("anna", 2015, {"group": "child"})), **years)
    with pytest.raises(ValueError, match="1 signs are of registers"):
        residency_index(signs(("anna", "bank", 2020, 1)), register(("anna", 2015, {})), **years)
