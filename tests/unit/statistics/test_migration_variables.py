"""Variables of migration tables: what several answers say together, each row judged by hand."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pyarrow as pa
import pytest

from sojourn.engine import Engine
from sojourn.errors import ContractBroken, ProjectError
from sojourn.statistics.migration_tables import (
    ArrivalPeriods,
    TableSettings,
    checked_records,
    emigrant_variables,
    household_variables,
    households_of,
    person_variables,
    reported_emigrants,
)

YEAR_END = TableSettings("KAZ", datetime.date(2024, 12, 31))
MIDSUMMER = TableSettings("KAZ", datetime.date(2024, 6, 30))
WHOLE = (
    "age", "arrival_year", "arrival_month", "birth_year", "citizenship_year", "age_at_departure",
    "departure_year", "departure_month",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def one_engine() -> Iterator[None]:
    """One engine for all tests of this file."""
    with Engine(threads=1) as opened:
        ENGINES.append(opened)
        yield
    ENGINES.clear()


ENGINES: list[Engine] = []


def table(columns: dict[str, list[object]]) -> pa.Table:
    return pa.table(
        {
            name: pa.array(values, pa.int64() if name in WHOLE else pa.string())
            for name, values in columns.items()
        }
    )


def told(
    columns: dict[str, list[object]], *names: str, settings: TableSettings = YEAR_END
) -> list[tuple[object, ...]]:
    """The variables of persons in the order in which they are given."""
    count = len(next(iter(columns.values())))
    records = table({"household_id": [f"{place:03d}" for place in range(count)], **columns})
    found = person_variables(ENGINES[0].relation(records), settings)
    return [row[1:] for row in found.rows("household_id", *names, order_by=("household_id",))]


def test_years_since_the_arrival_are_known_where_the_year_alone_decides_them():
    born = {"birthplace": ["DEU"] * 6, "arrival_year": [2024, 2023, 2020, 2019, 2014, None]}
    assert told(born, "duration_of_stay") == [
        ("Y_LT1",), ("Y1T4",), ("Y1T4",), ("Y5T9",), ("Y_GE10",), ("_U",),
    ]  # fmt: skip


def test_in_the_middle_of_a_year_the_month_decides():
    columns = {"birthplace": ["DEU"] * 5, "arrival_year": [2024, 2023, 2023, 2023, 2022]}
    columns["arrival_month"] = [None, None, 5, 8, None]
    # Of 2023 without a month it may have been eighteen months ago, or six.
    assert told(columns, "duration_of_stay", settings=MIDSUMMER) == [
        ("Y_LT1",), ("_U",), ("Y1T4",), ("Y_LT1",), ("Y1T4",),
    ]  # fmt: skip


def test_calendar_years_are_the_difference_of_the_years():
    calendar = TableSettings("KAZ", datetime.date(2024, 6, 30), stay="calendar_years")
    columns = {"birthplace": ["DEU"] * 3, "arrival_year": [2024, 2023, 2019]}
    assert told(columns, "duration_of_stay", settings=calendar) == [("Y_LT1",), ("Y1T4",), ("Y5T9",)]


def test_an_arrival_after_the_day_is_not_believed():
    columns = {"birthplace": ["DEU"], "arrival_year": [2025]}
    assert told(columns, "duration_of_stay", "arrival_period", "has_arrived") == [("_U", "_U", "Y")]


def test_periods_of_arrival_are_years_then_bands_then_all_before():
    years = [2024, 2020, 2019, 2015, 2014, 1980, 1979, None]
    columns = {"birthplace": ["DEU"] * 8, "arrival_year": years}
    assert told(columns, "arrival_period") == [
        ("2024",), ("2020",), ("2015-2019",), ("2015-2019",), ("2010-2014",), ("1980-1984",), ("LT1980",),
        ("_U",),
    ]  # fmt: skip
    short = TableSettings(
        "KAZ", datetime.date(2024, 12, 31), periods=ArrivalPeriods(single_years=1, band_years=10, bands=1)
    )
    assert told(columns, "arrival_period", settings=short)[:5] == [
        ("2024",), ("2014-2023",), ("2014-2023",), ("2014-2023",), ("2014-2023",),
    ]  # fmt: skip
    assert told(columns, "arrival_period", settings=short)[5:] == [("LT2014",), ("LT2014",), ("_U",)]


def test_a_period_that_was_asked_stands_where_there_is_no_year():
    columns = {"birthplace": ["DEU"] * 2, "arrival_year": [None, 2021]}
    columns["arrival_period"] = ["2010-2014", "2020-2024"]
    assert told(columns, "arrival_period", "duration_of_stay") == [("2010-2014", "_U"), ("2021", "Y1T4")]


def test_who_never_came_has_no_period_no_reason_and_no_country_before():
    columns = {"birthplace": ["KAZ"] * 4, "ever_abroad": ["N", "Y", "_U", None]}
    names = ("has_arrived", "arrival_period", "duration_of_stay", "reason", "previous_residence")
    assert told(columns, *names) == [
        ("N", "_Z", "_Z", "_Z", "_Z"),
        ("Y", "_U", "_U", "_U", "_U"),
        ("_U", "_U", "_U", "_U", "_U"),
        ("_U", "_U", "_U", "_U", "_U"),
    ]


def test_natives_have_not_come_where_nobody_was_asked_about_life_abroad():
    assert told({"birthplace": ["KAZ", "_U"]}, "has_arrived") == [("N",), ("_U",)]


def test_born_abroad_is_lived_abroad_whatever_was_answered():
    columns = {"birthplace": ["DEU", "KAZ"], "ever_abroad": ["N", "N"]}
    assert told(columns, "ever_abroad", "stated_ever_abroad") == [("Y", "N"), ("N", "N")]


def test_the_citizenship_of_the_country_counts_before_all_others():
    columns = {
        "citizenship": ["DEU", "DEU", "KAZ", "_U", "_U", None],
        "second_citizenship": ["KAZ", "FRA", "DEU", "KAZ", "FRA", "FRA"],
    }
    assert told(columns, "citizenship", "citizen") == [
        ("KAZ", "CIT"), ("DEU", "NONCIT"), ("KAZ", "CIT"), ("KAZ", "CIT"), ("_U", "_U"), (None, "_U"),
    ]  # fmt: skip


def test_naturalised_is_a_citizen_by_another_way_than_birth():
    columns = {
        "citizenship": ["KAZ", "KAZ", "KAZ", "KAZ", "DEU", "STLS", "_U", "KAZ"],
        "citizenship_acquired": ["NAT", "BIRTH", "_U", None, "NAT", None, "NAT", None],
        "former_citizenship": [None, None, "DEU", "_Z", None, None, None, "_U"],
    }
    assert told(columns, "naturalised") == [
        ("Y",), ("N",), ("Y",), ("N",), ("N",), ("N",), ("_U",), ("_U",),
    ]  # fmt: skip


def test_occupations_are_major_groups_and_the_armed_forces_begin_with_0():
    columns = {
        "occupation": ["2211", "0110", "9", "22", None, None, None, "_Z", "teacher", "12345"],
        "activity": ["EMP", "EMP", "EMP", "EMP", "EMP", "OLF", None, "EMP", "EMP", "EMP"],
    }
    assert [code for (code,) in told(columns, "occupation_group")] == [
        "2", "0", "9", "2", "_U", "_Z", "_U", "_Z", "_U", "_U",
    ]  # fmt: skip


def test_industries_are_sections_by_letter_or_by_division():
    columns = {
        "industry": ["A", "A011", "0111", "33", "4100", "68", "99", "34", "1", "X", None, None],
        "activity": ["EMP"] * 11 + ["UNE"],
    }
    assert [code for (code,) in told(columns, "industry_section")] == [
        "A", "A", "A", "C", "F", "L", "U", "_U", "_U", "_U", "_U", "_Z",
    ]  # fmt: skip


def test_residence_before_is_the_same_place_another_region_or_a_country():
    columns = {
        "age": [30, 30, 30, 30, 4, 30, None],
        "region": ["A", "A", "A", "A", "A", None, "A"],
        "here_5_years_ago": ["Y", "N", "N", "_U", None, "Y", "N"],
        "region_5_years_ago": [None, "B", None, None, None, None, "B"],
        "country_5_years_ago": [None, None, "DEU", None, None, None, "KAZ"],
    }
    assert told(columns, "country_5_years_ago", "region_5_years_ago") == [
        ("KAZ", "A"), ("KAZ", "B"), ("DEU", "_Z"), ("_U", "_U"), ("_Z", "_Z"), ("KAZ", "_U"), ("KAZ", "B"),
    ]  # fmt: skip


def test_a_birthplace_in_a_former_state_is_named_within_present_borders():
    # All of South Yemen lies in Yemen; the land of the Soviet Union lies in many states.
    columns = {"birthplace": ["YMD", "SUN"]}
    assert told(columns, "birthplace", "nativity") == [("YEM", "FB"), ("SUN", "_U")]


def test_the_age_is_that_reached_in_the_year_where_only_the_birth_year_is_stated():
    assert told({"birth_year": [1990, None]}, "age", "age_group") == [(34, "Y30T34"), (None, "_U")]


def test_settings_refuse_what_makes_no_sense():
    with pytest.raises(ValueError, match="at least one single year"):
        ArrivalPeriods(single_years=0)
    with pytest.raises(ProjectError, match="Years of stay cannot be 'guessed'"):
        TableSettings("KAZ", datetime.date(2024, 12, 31), stay="guessed")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ProjectError, match="no age scheme 'decades'"):
        TableSettings("KAZ", datetime.date(2024, 12, 31), age_groups="decades")
    with pytest.raises(ProjectError, match="is not a country"):
        TableSettings("STLS", datetime.date(2024, 12, 31))


def households(columns: dict[str, list[object]], weights: list[float]) -> list[tuple[object, ...]]:
    rows = ENGINES[0].relation(table(columns).append_column("w", pa.array(weights)))
    names = ("household_id", "has_emigrants", "w", "members_disagree")
    return households_of(rows, ("w",)).rows(*names, order_by=("household_id",))


def test_members_who_disagree_leave_the_answer_of_their_household_not_known():
    columns = {
        "household_id": ["a", "a", "b", "b", "c", "d"],
        "has_emigrants": ["Y", "N", None, "Y", "_U", None],
    }
    assert households(columns, [1, 1, 2, 2, 3, 4]) == [
        ("a", "_U", 1, True), ("b", "Y", 2, False), ("c", "_U", 3, False), ("d", None, 4, False),
    ]  # fmt: skip


def test_members_with_different_weights_are_refused():
    with pytest.raises(ContractBroken, match="w differs between members of 1 households"):
        households({"household_id": ["a", "a", "b"], "has_emigrants": ["Y", "Y", "N"]}, [1, 2, 1])


def test_persons_without_a_household_are_refused():
    with pytest.raises(ContractBroken, match="1 records state no household"):
        households({"household_id": ["a", None], "has_emigrants": ["Y", "Y"]}, [1, 1])


def test_records_that_cannot_tell_households_apart_are_refused(engine):
    with pytest.raises(ProjectError, match="there is no household_id"):
        households_of(engine.relation(table({"has_emigrants": ["Y"]})))


def test_a_reported_emigrant_says_more_than_the_answer(engine):
    given = engine.relation(
        table({"household_id": ["a", "b", "c", "d"], "has_emigrants": ["N", None, "Y", None]})
    )
    reported = engine.relation(table({"household_id": ["a", "b", "b"]}))
    names = ("household_id", "has_emigrants", "emigrants_reported")
    found = household_variables(given, reported)
    assert found.rows(*names, order_by=("household_id",)) == [
        ("a", "Y", 1), ("b", "Y", 2), ("c", "Y", 0), ("d", "_U", 0),
    ]  # fmt: skip
    complete = household_variables(given, reported, report_is_complete=True)
    assert complete.rows("has_emigrants", order_by=("household_id",)) == [("Y",), ("Y",), ("Y",), ("N",)]


def test_emigrants_of_households_that_are_not_there_are_refused(engine):
    there = engine.relation(table({"household_id": ["a"]}))
    reported = emigrant_variables(engine.relation(table({"household_id": ["a", "z"]})), YEAR_END)
    with pytest.raises(ContractBroken, match="1 emigrants are reported by households that are not among"):
        reported_emigrants(there, reported)


def checks(unit: str, columns: dict[str, list[object]]) -> dict[str, tuple[int, int, int]]:
    """Records, failing and undecided of each check whose variables are given."""
    records = ENGINES[0].relation(table(columns))
    variables = person_variables if unit == "person" else emigrant_variables
    found = checked_records({unit: variables(records, YEAR_END)}, {unit: frozenset(columns)}, country="KAZ")
    return {
        row["check_id"]: (row["records"], row["failing"], row["undecided"])
        for row in found.to_pylist()
        if row["records"] is not None
    }


def test_nobody_arrives_before_the_year_of_birth():
    # Who is 20 at the end of 2024 was born in 2004, or in 2003 where the day of the answers is another.
    found = checks("person", {"age": [20, 20, 20, None, 20], "arrival_year": [2002, 2003, 2004, 1900, None]})
    assert found["arrival_before_birth"] == (5, 1, 2)
    by_year = checks("person", {"birth_year": [2004, 2004], "arrival_year": [2003, 2004]})
    assert by_year["arrival_before_birth"] == (2, 1, 0)


def test_nobody_arrives_after_the_day_of_the_answers():
    columns = {"arrival_year": [2025, 2024, 2024, None], "arrival_month": [1, 12, 13, None]}
    found = checks("person", columns)
    assert found["arrival_after_reference_day"] == (4, 2, 1)
    assert found["arrival_month_impossible"] == (4, 1, 1)


def test_who_was_born_abroad_has_an_arrival_and_has_lived_abroad():
    columns = {
        "birthplace": ["DEU", "DEU", "KAZ", "_U"],
        "arrival_year": [None, 2000, None, None],
        "ever_abroad": ["N", "Y", "N", "N"],
    }
    found = checks("person", columns)
    assert found["born_abroad_without_arrival"] == (4, 1, 1)
    assert found["born_abroad_never_abroad"] == (4, 1, 1)


def test_who_lived_abroad_five_years_before_has_lived_abroad():
    columns = {
        "ever_abroad": ["N", "N", "Y", "_U"],
        "country_5_years_ago": ["DEU", "KAZ", "DEU", "DEU"],
        "age": [30, 30, 30, 30],
    }
    assert checks("person", columns)["lived_abroad_never_abroad"] == (4, 1, 1)


def test_citizens_by_birth_with_both_parents_and_themselves_born_abroad_are_queried():
    columns = {
        "birthplace": ["DEU", "DEU", "KAZ", "DEU"],
        "birthplace_mother": ["DEU", "DEU", "DEU", "_U"],
        "birthplace_father": ["DEU", "KAZ", "DEU", "DEU"],
        "citizenship_acquired": ["BIRTH"] * 4,
    }
    assert checks("person", columns)["citizen_by_birth_of_parents_born_abroad"] == (4, 1, 1)


def test_citizenship_is_not_obtained_before_arrival_or_birth():
    columns = {
        "citizenship_year": [1999, 1999, 2001, 1990],
        "arrival_year": [2000, 2000, 2000, 1995],
        "birthplace": ["DEU"] * 4,
        "birthplace_mother": ["DEU", "KAZ", "DEU", "DEU"],
        "birthplace_father": ["DEU"] * 4,
        "age": [40, 40, 40, 30],
    }
    found = checks("person", columns)
    # The second has a mother born here; the fourth was born in 1994 and naturalised in 1990.
    assert found["citizenship_before_arrival"] == (4, 2, 0)
    assert found["citizenship_before_birth"] == (4, 1, 0)


def test_other_contradictions_of_persons_are_counted():
    columns = {
        "citizenship": ["DEU", "KAZ", "_U"],
        "citizenship_acquired": ["NAT", "NAT", "NAT"],
        "age": [131, 40, 4],
        "birth_year": [1893, 1990, 2020],
        "country_5_years_ago": [None, None, "DEU"],
        "occupation": ["teacher", "2211", None],
        "industry": ["X", "86", None],
    }
    found = checks("person", columns)
    assert found["naturalised_without_citizenship"] == (3, 1, 1)
    assert found["age_impossible"] == (3, 1, 0)
    assert found["age_against_birth_year"] == (3, 1, 0)  # 40 and 1990 are six years apart
    assert found["residence_before_birth"] == (3, 1, 0)
    assert found["occupation_unreadable"] == (3, 1, 1)
    assert found["industry_unreadable"] == (3, 1, 1)


def test_contradictions_of_emigrants_are_counted():
    columns = {
        "household_id": ["a", "b", "c", "c"],
        "sex": ["F", "F", "M", "M"],
        "age": [30, 30, 45, 45],
        "age_at_departure": [25, 25, 30, 44],
        "departure_year": [2019, 2019, 2020, 2025],
        "destination": ["DEU", "DEU", "KAZ", None],
    }
    found = checks("emigrant", columns)
    assert found["destination_is_this_country"] == (4, 1, 1)
    assert found["departure_after_reference_day"] == (4, 1, 0)
    # 45 less four years since 2020 is 41, not 30; 45 less minus one is 46, not 44.
    assert found["age_at_departure_against_age"] == (4, 2, 0)
    assert found["reported_twice"] == (4, 2, 1)


def test_a_check_without_its_variables_has_no_counts():
    variables = person_variables(ENGINES[0].relation(table({"age": [1]})), YEAR_END)
    found = checked_records({"person": variables}, {"person": frozenset(["age"])}, country="KAZ")
    by_id = {row["check_id"]: row["failing"] for row in found.to_pylist()}
    assert by_id["age_impossible"] == 0
    assert by_id["arrival_before_birth"] is None
    assert by_id["reported_twice"] is None
