"""Dimensions that records imply: each row of the table below was judged by hand."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pytest

from sojourn.engine import Engine
from sojourn.errors import ProjectError
from sojourn.statistics import DERIVED, dimension_sql, with_dimensions


@pytest.fixture
def engine():
    with Engine() as engine:
        yield engine


def derived(
    engine, columns: dict[str, list[object]], *names: str, **settings: object
) -> list[tuple[object, ...]]:
    count = len(next(iter(columns.values())))
    records = engine.relation(pa.table({"record_id": [f"{place:03d}" for place in range(count)], **columns}))
    found = with_dimensions(records, names, country="KAZ", **settings)
    assert found.columns == tuple(dict.fromkeys(["record_id", *columns, *names]))
    return [row[1:] for row in found.rows("record_id", *names, order_by=("record_id",))]


def test_an_age_falls_into_its_group_and_an_unknown_or_impossible_one_into_none(engine):
    ages = pa.array([0, 4, 5, 85, 130, 131, -1, None], pa.int64())
    assert derived(engine, {"age": ages}, "age_group", "age_broad") == [
        ("Y0T4", "Y0T14"), ("Y0T4", "Y0T14"), ("Y5T9", "Y0T14"), ("Y_GE85", "Y_GE65"), ("Y_GE85", "Y_GE65"),
        ("_U", "_U"), ("_U", "_U"), ("_U", "_U"),
    ]  # fmt: skip


def test_without_an_age_it_is_the_age_reached_in_the_year(engine):
    day = datetime.date(2024, 1, 1)
    columns = {"birth_year": [2010, None, 1990], "reference_date": [day, day, None]}
    assert derived(engine, columns, "age_group") == [("Y10T14",), ("_U",), ("_U",)]


def test_nativity_follows_the_birthplace_and_a_former_state_around_the_country_is_not_known(engine):
    places = ["KAZ", "DEU", "SUN", "YUG", "ATSEA", "_U", "nowhere", None]
    assert derived(engine, {"birthplace": places}, "nativity") == [
        ("NB",), ("FB",), ("_U",), ("FB",), ("_U",), ("_U",), ("_U",), ("_U",),
    ]  # fmt: skip


def test_a_stated_nativity_stands_where_the_birthplace_is_unknown(engine):
    columns = {"birthplace": [None, "DEU", "_U"], "nativity": ["FB", "NB", None]}
    assert derived(engine, columns, "nativity") == [("FB",), ("FB",), ("_U",)]


def test_stateless_persons_are_neither_citizens_nor_foreign_citizens(engine):
    assert derived(engine, {"citizenship": ["KAZ", "STLS", "FRA", "_U", None]}, "citizen") == [
        ("CIT",), ("STLS",), ("NONCIT",), ("_U",), ("_U",),
    ]  # fmt: skip


def test_places_fall_into_regions_of_the_chosen_level(engine):
    columns = {"birthplace": ["FRA", "SUN", None], "citizenship": ["UZB", "STLS", "BRA"]}
    names = ("birthplace_region", "citizenship_region")
    assert derived(engine, columns, *names) == [("155", "143"), ("_U", "_U"), ("_U", "419")]
    assert derived(engine, columns, *names, region_level="region")[0] == ("150", "142")


def test_the_second_generation_counts_parents_born_abroad(engine):
    columns = {
        "birthplace": ["KAZ", "KAZ", "KAZ", "DEU", "KAZ", None],
        "birthplace_mother": ["DEU", "DEU", "KAZ", "DEU", None, "DEU"],
        "birthplace_father": ["FRA", "KAZ", "KAZ", "DEU", "DEU", "DEU"],
    }
    assert derived(engine, columns, "second_generation") == [
        ("BOTH",), ("ONE",), ("NONE",), ("_Z",), ("_U",), ("_U",),
    ]  # fmt: skip


def test_columns_that_are_dimensions_already_need_no_derivation(engine):
    assert derived(engine, {"sex": ["F", "M"]}, "sex") == [("F",), ("M",)]


@pytest.mark.parametrize("dimension", sorted(DERIVED))
def test_the_sql_of_every_derived_dimension_can_be_shown(dimension):
    assert f"AS {dimension}" in dimension_sql(dimension)


def test_what_is_neither_a_column_nor_derived_is_refused(engine):
    with pytest.raises(ProjectError, match="no dimension shoe_size"):
        derived(engine, {"sex": ["F"]}, "shoe_size")
    with pytest.raises(ProjectError, match="no level 'village'"):
        derived(engine, {"birthplace": ["FRA"]}, "birthplace_region", region_level="village")
    with pytest.raises(ProjectError, match="is a column of the records, or unknown"):
        dimension_sql("sex")


def test_a_country_is_needed_not_an_area_of_another_kind(engine):
    records = engine.relation(pa.table({"birthplace": ["FRA"]}))
    with pytest.raises(ProjectError, match="STLS is not a country"):
        with_dimensions(records, ["nativity"], country="STLS")
