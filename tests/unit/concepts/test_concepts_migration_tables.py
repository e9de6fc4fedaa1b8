"""The tables of migration as data: what they name is there, and what they need is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sojourn.statistics.migration_tables as methods
from sojourn.concepts.migration_tables import (
    MigrationTable,
    migration_tables,
    record_checks,
    table_identities,
)
from sojourn.contracts.respondents import Emigrant, Household, Respondent
from sojourn.engine.rules import parse_rule

TABLES = list(migration_tables().values())
CONTRACTS = {"person": Respondent, "household": Household, "emigrant": Emigrant}
# What a variable is made of, where it is not a column of the contract itself.
MADE_OF = {
    "nativity": {"birthplace", "nativity"},
    "citizen": {"citizenship", "citizen"},
    "age_group": {"age", "birth_year", "age_at_departure"},
    "age": {"age", "birth_year"},
    "arrival_period": {"arrival_year", "arrival_period"},
    "duration_of_stay": {"arrival_year"},
    "has_arrived": {"arrival_year", "arrival_period", "birthplace", "nativity"},
    "second_generation": {"birthplace_mother", "birthplace_father"},
    "naturalised": {"citizenship_acquired", "former_citizenship"},
    "occupation_group": {"occupation"},
    "industry_section": {"industry"},
    "country_5_years_ago": {"country_5_years_ago", "region_5_years_ago"},
    "region_5_years_ago": {"country_5_years_ago", "region_5_years_ago"},
    "country_1_year_ago": {"country_1_year_ago", "region_1_year_ago"},
    "region_1_year_ago": {"country_1_year_ago", "region_1_year_ago"},
}


def variables(table: MigrationTable) -> set[str]:
    """What a table is broken down by, and what its conditions look at."""
    conditions = [text for text in (table.universe, table.when) if text]
    known = {*MADE_OF, *CONTRACTS[table.unit].columns}
    return {*table.by, *(name for text in conditions for name in parse_rule(text, known).columns)}


def test_the_thirteen_tabulations_and_the_six_of_the_yearbook_are_there():
    parts = {table.part_of for table in TABLES}
    assert parts == {str(number) for number in (*range(1, 14), *range(17, 23))}
    exported = [number for table in TABLES if table.yearbook for number in table.yearbook.parts]
    assert exported == [
        "17", "18a", "18b", "18c", "19a", "19b", "19c", "20", "21a", "21b", "21c", "22a", "22b", "22c",
    ]  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_a_table_needs_what_it_is_broken_down_by(table: MigrationTable):
    every = {name for need in table.needs for name in need}
    unmet = {name for name in variables(table) if not every & MADE_OF.get(name, {name})}
    assert unmet == set()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_what_a_table_needs_is_a_variable_of_its_unit(table: MigrationTable):
    assert {name for need in table.needs for name in need} <= set(CONTRACTS[table.unit].columns)


def test_a_need_is_met_by_one_of_its_alternatives():
    table = migration_tables()["T01A"]
    assert table.missing({"nativity", "sex", "birth_year"}) == ()
    assert table.missing({"sex"}) == ("birthplace or nativity", "age or birth_year")


@pytest.mark.parametrize("identity", table_identities(), ids=lambda identity: identity.id)
def test_an_identity_names_tables_and_their_dimensions(identity):
    for cells in (identity.left, *identity.right, *identity.over):
        assert set(cells.codes) <= set(migration_tables()[cells.table].by)


def test_from_15_means_every_group_of_five_years_from_there_on():
    adults = next(found for found in table_identities() if found.id == "foreign-born-adults-of-yearbook")
    groups = adults.right[0].codes["age_group"]
    assert groups[0] == "Y15T19"
    assert {"Y_GE85", "Y85T89", "Y_GE100"} <= set(groups)
    assert "Y10T14" not in groups


def test_every_check_is_made_by_the_sql_of_its_unit():
    folder = Path(methods.__file__).parent
    for unit in CONTRACTS:
        text = (folder / f"{unit}_checks.sql").read_text(encoding="utf-8")
        declared = {check.id for check in record_checks() if check.unit == unit}
        made = set(re.findall(r"AS (\w+)[,\n]", text)) | {"members_disagree"}
        assert declared <= made
        assert {check.severity for check in record_checks()} == {"error", "warning", "query"}
