"""The tables of residence permits, counted by hand."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from conftest import rows
from permit_definition import whole
from sojourn.contracts.microdata import PermitOutcome
from sojourn.engine import Engine
from sojourn.engine.rules import parse_rule
from sojourn.project.dimensions import dimensions_of
from sojourn.statistics import cube, with_dimensions
from sojourn.statistics.cube import COUNT
from sojourn.statistics.permits import changes_of_reason, first_permits, long_term_permits, valid_permits


@pytest.fixture
def outcomes(given):
    """Eight permits of five persons, and a visa."""
    drawn = given(
        PermitOutcome,
        """
        person_key | kind   | citizenship | reason  | valid_from | valid_to   | months | occasion | previous_reason | stands_until
        -----------|--------|-------------|---------|------------|------------|--------|----------|-----------------|-------------
        anna       | permit | UKR         | EDU     | 2022-09-01 | 2023-08-31 | 12     | FIRST    | _Z              | 2023-08-31
        anna       | permit | UKR         | EMP_NEW | 2023-09-01 | 2024-08-31 | 12     | CHANGE   | EDU             | 2024-08-31
        boris      | permit | UKR         | EDU     | 2023-01-01 | 2023-12-30 | 11     | FIRST    | _Z              | 2023-12-30
        carla      | permit | IND         | PRO     | 2023-05-01 | 2028-04-30 | 60     | FIRST    | _Z              | 2028-04-30
        dora       | permit | IND         | FAM_MAR | 2023-05-01 | 2023-12-31 | 8      | FIRST    | _Z              | 2023-05-31
        dora       | permit | IND         | EMP     | 2023-06-01 |            |        | CHANGE   | FAM             |
        egon       | permit | IND         |         | 2023-10-01 | 2024-03-31 | 6      | FIRST    | _Z              | 2024-03-31
        egon       | permit | IND         | EMP     | 2023-12-31 | 2024-03-30 | 3      | _U       | _U              | 2023-12-30
        frida      | visa   | IND         | EDU     | 2023-01-01 | 2024-12-31 | 24     | _Z       | _Z              |
        """,  # noqa: E501  a drawn table reads across
    )
    nothing = {name: (lambda _: "_U") for name in ("outcome", "side_at_end", "after_validity")}
    return whole(PermitOutcome, drawn, record_id=str, **nothing)


def counted(records, *dimensions):
    """How many permits each cell counts, without totals."""
    sums = cube(with_dimensions(records, dimensions, country="DEU"), dimensions=dimensions)
    cells = rows(sums, *dimensions, COUNT)
    return {cell[:-1]: cell[-1] for cell in cells if "_T" not in cell}


def test_first_permits_by_citizenship_reason_and_duration(outcomes):
    found = first_permits(outcomes, year=2023)
    assert counted(found, "citizenship", "permit_reason", "permit_duration") == {
        ("UKR", "EDUC", "M6-11"): 1,  # a day less than a year
        ("IND", "OTH", "M_GE12"): 1,
        ("IND", "FAM", "M6-11"): 1,
        ("IND", "_U", "M6-11"): 1,
    }


def test_changes_of_reason_from_one_to_another(outcomes):
    found = changes_of_reason(outcomes, year=2023)
    assert counted(found, "previous_permit_reason", "permit_reason") == {
        ("EDUC", "EMP"): 1,
        ("FAM", "EMP"): 1,
    }
    assert changes_of_reason(outcomes, year=2022).count() == 0


def test_permits_valid_at_the_end_of_the_year_count_each_holder_once(outcomes):
    found = valid_permits(outcomes, on=[date(2023, 12, 31)])
    assert counted(found, "permit_reason", "permit_duration") == {
        ("EMP", "M_GE12"): 1,  # anna
        ("OTH", "M_GE12"): 1,  # carla
        ("EMP", "OPEN"): 1,  # dora, by the permit without an end
        ("_U", "M6-11"): 1,  # egon, by the one that ends later
    }


def test_stocks_of_several_days_stand_in_one_table(outcomes):
    found = valid_permits(outcomes, on=[date(2022, 8, 31), date(2022, 12, 31), date(2023, 5, 31)])
    assert rows(found, "reference_date", "person_key") == [
        (date(2022, 12, 31), "anna"),
        (date(2023, 5, 31), "anna"),
        (date(2023, 5, 31), "boris"),
        (date(2023, 5, 31), "carla"),
        (date(2023, 5, 31), "dora"),
    ]


def test_the_stock_of_a_day_can_be_written_as_a_rule_of_an_indicator(outcomes):
    written = (
        "occasion <> '_Z' and valid_from <= '2023-12-31'"
        " and (stands_until is null or stands_until >= '2023-12-31')"
    )
    rule = parse_rule(written, PermitOutcome.columns)
    chosen = outcomes.engine.query(f"SELECT * FROM records WHERE {rule.sql}", {"records": outcomes})
    stock = valid_permits(outcomes, on=[date(2023, 12, 31)])
    assert rows(chosen, "record_id") == rows(stock, "record_id")


def test_outcomes_can_be_broken_down_by_all_their_codes_and_by_what_these_imply():
    coded = {name for name, column in PermitOutcome.columns.items() if column.codes is not None}
    derived = {
        "permit_reason",
        "previous_permit_reason",
        "permit_duration",
        "age_group",
        "citizenship_region",
    }
    found = dimensions_of(PermitOutcome)
    assert coded | derived | {"kind", "category", "region"} <= set(found)
    assert {found[name].codes for name in coded} == {PermitOutcome.columns[name].codes for name in coded}


def test_long_term_permits_are_those_of_five_years_and_those_without_an_end(outcomes):
    found = long_term_permits(outcomes, on=[date(2023, 12, 31)])
    assert rows(found, "person_key") == [("carla",), ("dora",)]


def test_a_permit_of_three_months_ends_the_day_before_the_same_day_three_months_later():
    days = [
        (date(2023, 1, 1), date(2023, 3, 30), "M_LT3"),
        (date(2023, 1, 1), date(2023, 3, 31), "M3-5"),
        (date(2023, 11, 30), date(2024, 2, 28), "M3-5"),  # until 29 February, the last day of the month
        (date(2023, 11, 30), date(2024, 2, 27), "M_LT3"),
        (date(2023, 1, 1), date(2023, 6, 29), "M3-5"),
        (date(2023, 1, 1), date(2023, 6, 30), "M6-11"),
        (date(2023, 1, 1), date(2023, 12, 30), "M6-11"),
        (date(2023, 1, 1), date(2023, 12, 31), "M_GE12"),
        (date(2024, 2, 29), date(2025, 2, 27), "M_GE12"),  # a year after 29 February is 28 February
        (date(2023, 1, 1), None, "OPEN"),
        (date(2023, 1, 1), date(2022, 12, 31), "_U"),
    ]
    first, last, expected = zip(*days, strict=True)
    table = {"place": range(len(days)), "valid_from": first, "valid_to": last}
    with Engine() as engine:
        records = engine.relation(pa.table(table))
        found = with_dimensions(records, ["permit_duration"], country="DEU")
        assert [code for _, code in rows(found, "place", "permit_duration")] == list(expected)


def test_reasons_fall_into_the_groups_of_the_code_list():
    reasons = ["EMP_SEEK", "EDU", "FAM_ACC", "PRO", "HEA", "_O", "_U", "_Z", None, "TOTAL"]
    with Engine() as engine:
        records = engine.relation(pa.table({"place": range(len(reasons)), "reason": reasons}))
        found = with_dimensions(records, ["permit_reason", "previous_permit_reason"], country="DEU")
        assert [code for _, code, _ in rows(found, "place", "permit_reason", "previous_permit_reason")] == [
            "EMP", "EDUC", "FAM", "OTH", "OTH", "OTH", "_U", "_Z", "_U", "_U",
        ]  # fmt: skip
        assert {code for _, code in rows(found, "place", "previous_permit_reason")} == {"_U"}
