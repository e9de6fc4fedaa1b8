"""The thirteen tabulations, and those of the yearbook, of ten persons: every figure is added up by hand.

Weights are 10 in household a, 20 in b, 30 in c and 40 in d; persons are numbered from 1 in the order of
`micro_file.WHO`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from micro_file import all_figures, cell, cells, micro_units
from sojourn.concepts.migration_tables import MigrationTable, migration_tables, table_identities
from sojourn.engine import Engine
from sojourn.statistics.migration_tables import (
    UnitRecords,
    YearbookSource,
    reconciled,
    table_figures,
    yearbook_tables,
)
from sojourn.statistics.survey import CensusDesign, Stage, TaylorDesign


@pytest.fixture(scope="module")
def figures() -> Iterator[dict[str, pa.Table]]:
    with Engine() as engine:
        yield all_figures(engine)


def test_1_foreign_born_and_non_citizens_by_sex_and_age(figures):
    # a: 3 x 10, b: 3 x 20, c: 2 x 30, d: 2 x 40.
    assert cell(figures["T01A"]) == 30 + 60 + 60 + 80
    # 4, 5, 6, 7, 9 and 10 were born abroad; of 8 it is not known.
    assert cells(figures["T01A"], "nativity") == {"NB": 30, "FB": 60 + 30 + 80, "_U": 30, "_T": 230}
    assert cell(figures["T01A"], nativity="FB", sex="F", age_group="Y25T29") == 40
    # 5 has a second citizenship, that of the country.
    assert cells(figures["T01B"], "citizen") == {
        "CIT": 30 + 20 + 60, "NONCIT": 20 + 20, "STLS": 40, "_U": 40, "_T": 230,
    }  # fmt: skip
    assert cell(figures["T01B"], citizen="NONCIT", sex="M", age_group="Y0T4") == 20


def test_2_population_by_country_of_birth_and_of_citizenship(figures):
    assert cells(figures["T02A"], "birthplace") == {
        "KAZ": 30, "DEU": 60, "RUS": 30, "FRA": 80, "_U": 30, "_T": 230,
    }  # fmt: skip
    assert cells(figures["T02B"], "citizenship") == {
        "KAZ": 30 + 20 + 60, "DEU": 40, "STLS": 40, "_U": 40, "_T": 230,
    }  # fmt: skip


def test_3_place_of_birth_by_citizenship_status(figures):
    assert cells(figures["T03"], "citizen", nativity="FB") == {
        "CIT": 20 + 30, "NONCIT": 40, "STLS": 40, "_U": 40, "_T": 170,
    }  # fmt: skip
    assert cells(figures["T03"], "citizen", nativity="NB") == {"CIT": 30, "_T": 30}


def test_4_foreign_born_by_period_of_arrival(figures):
    # 4 and 6 came in 2024, 9 in 2021, 5 in 2015, 7 in 1975; of 10 it is not known.
    assert cells(figures["T04A"], "arrival_period") == {
        "2024": 40, "2021": 40, "2015-2019": 20, "LT1980": 30, "_U": 40, "_T": 170,
    }  # fmt: skip
    assert cell(figures["T04B"], arrival_period="2024", birthplace="DEU") == 40
    assert cell(figures["T04A"], "not_stated") == 1  # 8 may have been born abroad


def test_5_second_generation(figures):
    assert cells(figures["T05"], "second_generation") == {"NONE": 10, "ONE": 10, "BOTH": 10, "_T": 30}


def test_6_who_ever_lived_abroad_by_last_country(figures):
    # 2 came back; 7 does not say, and was born abroad; of 8 nothing is known.
    assert cells(figures["T06A"], "ever_abroad") == {"Y": 10 + 170, "N": 20, "_U": 30, "_T": 230}
    assert cell(figures["T06A"], ever_abroad="Y", nativity="NB", citizen="CIT") == 10
    assert cells(figures["T06B"], "previous_residence") == {
        "DEU": 10 + 60 + 40, "RUS": 30, "FRA": 40, "_T": 180,
    }  # fmt: skip
    assert cell(figures["T06B"], previous_residence="DEU", arrival_period="2022", nativity="NB") == 10


def test_7_recent_immigrants_stand_in_for_the_inflow(figures):
    assert cells(figures["T07A"], "birthplace") == {"DEU": 40, "_T": 40}
    assert cell(figures["T07A"], "not_stated") == 2  # 8 and 10 may have come within a year
    # Within five years also 2, who was born here, and 9.
    assert cells(figures["T07D"], "birthplace") == {"DEU": 40, "KAZ": 10, "FRA": 40, "_T": 90}
    assert cells(figures["T07E"], "citizenship") == {"DEU": 40, "KAZ": 10, "STLS": 40, "_T": 90}
    assert cells(figures["T07F"], "previous_residence") == {"DEU": 90, "_T": 90}


def test_8_emigrants_by_destination_sex_age_and_year(figures):
    assert cells(figures["T08A"], "destination") == {"DEU": 10 + 30, "FRA": 10, "_U": 40, "_T": 90}
    # The third is 30 now and left four years ago: 26 at departure.
    assert cell(figures["T08A"], destination="DEU", sex="F", age_group="Y25T29") == 30
    assert cells(figures["T08B"], "departure_year") == {"2018": 40, "2019": 10, "2020": 40, "_T": 90}
    assert cell(figures["T08A"], "contributors") == 4


def test_9_reasons_of_those_who_came(figures):
    assert cells(figures["T09"], "reason") == {
        "EMP": 10 + 20, "FAM": 20 + 20, "SET": 30, "PRO": 40, "_U": 40, "_T": 180,
    }  # fmt: skip
    assert cell(figures["T09"], reason="FAM", sex="M", age_group="Y0T4") == 20


def test_10_the_naturalisation_rate_is_of_those_of_whom_it_is_known(figures):
    # 5 was naturalised; 4, 6, 7 and 9 were not; of 10 it is not known.
    assert cells(figures["T10A"], "naturalised") == {"Y": 20, "N": 40 + 30 + 40, "_U": 40, "_T": 170}
    assert cell(figures["T10B"]) == pytest.approx(20 / (20 + 110))
    assert cell(figures["T10B"], birthplace="DEU", sex="F") == 1
    assert cell(figures["T10B"], "not_stated") == 2  # 10, and 8 who may have been born abroad


def test_11_activity_occupation_industry_and_education(figures):
    # Without 3 and 6, who are under 15.
    assert cells(figures["T11A"], "activity") == {"EMP": 10 + 10 + 20 + 40, "UNE": 20, "OLF": 100, "_T": 200}
    assert cells(figures["T11B"], "occupation_group") == {"2": 10, "0": 10, "9": 20, "_U": 40, "_T": 80}
    # 8610 is human health (Q), 84 public administration (O), F construction.
    assert cells(figures["T11C"], "industry_section") == {"Q": 10, "O": 10, "F": 20, "_U": 40, "_T": 80}
    assert cells(figures["T11D"], "education") == {
        "L6": 30, "L3": 10, "L2": 20, "L1": 30, "L7": 40, "_U": 70, "_T": 200,
    }  # fmt: skip


def test_12_households_are_counted_as_households(figures):
    # c answers no and reports an emigrant; its members leave the remittances open.
    assert cells(figures["T12A"], "has_emigrants") == {"Y": 10 + 30 + 40, "N": 20, "_T": 100}
    assert cells(figures["T12A"], "receives_remittances") == {"Y": 10, "N": 60, "_U": 30, "_T": 100}
    assert cell(figures["T12B"]) == pytest.approx(80 / 100)
    assert cell(figures["T12C"]) == pytest.approx(10 / 70)
    assert cell(figures["T12A"], "contributors") == 4


def test_13_residence_five_years_before_and_now(figures):
    places = figures["T13A"]
    assert cell(places) == 230 - 20  # without 6, who is three
    assert cell(places, country_5_years_ago="KAZ", region_5_years_ago="A", region="A") == 10 + 30
    assert cell(places, country_5_years_ago="KAZ", region_5_years_ago="B", region="A") == 10
    assert cell(places, country_5_years_ago="KAZ", region_5_years_ago="B", region="B") == 20
    assert cell(places, country_5_years_ago="DEU", region_5_years_ago="_Z", region="A") == 10 + 40
    assert cell(places, country_5_years_ago="_U", region_5_years_ago="_U", region="A") == 30


def test_a_table_is_not_made_without_its_variables(figures):
    assert "T13B" not in figures  # nobody was asked where they lived one year before
    assert set(migration_tables()) - set(figures) == {"T13B"}


def test_the_yearbook_gets_both_sexes_then_men_then_women(figures):
    about = YearbookSource(2024, "Census", "F", is_sample=False)
    parts = yearbook_tables(migration_tables()["DYB18"], figures["DYB18"], about)
    totals = {
        number: {row["origin_code"]: row["value"] for row in part.to_pylist() if row["age_group"] == "_T"}
        for number, part in parts.items()
    }
    # M49: Germany 276, the Russian Federation 643, France 250.
    assert totals == {
        "18a": {"276": 60, "643": 30, "250": 80, "_T": 170},
        "18b": {"276": 40, "250": 40, "_T": 80},
        "18c": {"276": 20, "643": 30, "250": 40, "_T": 90},
    }


def test_the_yearbook_by_education_is_of_adults_and_says_so(figures):
    about = YearbookSource(2024, "Census", "P", is_sample=True)
    part = yearbook_tables(migration_tables()["DYB22"], figures["DYB22"], about)["22a"]
    found = {(row["origin_code"], row["education"]): row for row in part.to_pylist()}
    # Of the foreigners 4, 6 and 9 all but 6 are adults.
    assert {key: row["value"] for key, row in found.items()} == {
        ("276", "L2"): 20, ("STLS", "_U"): 40, ("276", "_T"): 20, ("STLS", "_T"): 40,
        ("_T", "L2"): 20, ("_T", "_U"): 40, ("_T", "_T"): 60,
    }  # fmt: skip
    assert {row["age_group"] for row in found.values()} == {"Y_GE15"}
    assert {(row["status"], row["footnote"]) for row in found.values()} == {("P", "estimate from a sample")}


def test_the_yearbook_by_status_keeps_what_is_not_known(figures):
    about = YearbookSource(2024, "Census", "F", is_sample=False)
    by_birth = yearbook_tables(migration_tables()["DYB17"], figures["DYB17"], about)["17"]
    found = {
        row["origin_code"]: row["value"]
        for row in by_birth.to_pylist()
        if (row["sex"], row["age_group"]) == ("_T", "_T")
    }
    assert found == {"NB": 30, "FB": 170, "_U": 30, "_T": 230}
    by_citizenship = yearbook_tables(migration_tables()["DYB20"], figures["DYB20"], about)["20"]
    assert {row["origin_code"] for row in by_citizenship.to_pylist()} == {"CIT", "NONCIT", "STLS", "_U", "_T"}


def test_standard_errors_come_from_the_neighbourhoods(figures):
    # Born abroad: 60 in neighbourhood 1, 110 in 2. Around 85: 2 x (25² + 25²) = 2500.
    assert cell(figures["T01A"], "standard_error", nativity="FB") == pytest.approx(50)
    # Households with emigrants: 10 and 70, around 40: 2 x (30² + 30²) = 3600.
    assert cell(figures["T12A"], "standard_error", has_emigrants="Y") == pytest.approx(60)
    # Emigrants in Germany: 10 and 30; in France 10 and nobody, 2 x (5² + 5²) = 100.
    assert cell(figures["T08A"], "standard_error", destination="DEU") == pytest.approx(20)
    assert cell(figures["T08A"], "standard_error", destination="FRA") == pytest.approx(10)


def test_a_neighbourhood_whose_households_report_nobody_counts_for_the_error(engine):
    # The emigrants of neighbourhood 1 alone: 20 and nobody, around 10: 2 x (10² + 10²) = 400.
    unit = micro_units(engine).emigrant
    table = MigrationTable(
        "OWN", "own", {"en": "Emigrants of the young"}, "emigrant", (), "count", (), "age < 26"
    )
    [(_, found)] = table_figures(unit, [table])
    assert (cell(found), cell(found, "standard_error")) == (20, pytest.approx(20))


def test_emigrants_came_with_their_household_where_records_were_drawn_themselves(engine):
    from sojourn.statistics.migration_tables import with_household_units

    drawn_alone = TaylorDesign("w", (Stage("each_record"),))
    assert with_household_units(drawn_alone).stages[0].unit == "household_id"
    assert with_household_units(TaylorDesign("w", (Stage("psu"),))).stages[0].unit == "psu"
    unit = micro_units(engine).emigrant
    by_household = UnitRecords(
        "emigrant", unit.records, unit.given, with_household_units(drawn_alone), "is_reported"
    )
    [(_, found)] = table_figures(by_household, [migration_tables()["T08A"]])
    # a has 20, b 0, c 30, d 40, around 22.5: 4/3 x (2.5² + 22.5² + 7.5² + 17.5²) = 3500/3.
    assert cell(found, "standard_error") == pytest.approx((3500 / 3) ** 0.5)


def test_a_census_has_counts_and_no_errors(engine):
    figures = all_figures(engine, CensusDesign(None), only=("T01A", "T08A", "T12A"))
    assert cells(figures["T01A"], "nativity") == {"NB": 3, "FB": 6, "_U": 1, "_T": 10}
    assert cell(figures["T12A"]) == 4
    assert cell(figures["T08A"]) == 4
    for name in ("standard_error", "cv", "lower", "upper", "degrees_of_freedom"):
        assert figures["T01A"][name].null_count == len(figures["T01A"])


def test_all_tables_reconcile(figures):
    everyone = {table.id: 230.0 for table in migration_tables().values() if table.unit == "person"}
    everyone = {name: total for name, total in everyone.items() if migration_tables()[name].universe is None}
    found = reconciled(list(migration_tables().values()), figures, table_identities(), everyone)
    assert found["differing"].to_pylist() == [0] * len(found)
    compared = {row["check_id"] for row in found.to_pylist() if row["holds"]}
    assert {identity.id for identity in table_identities()} <= compared


def test_a_table_that_does_not_add_up_is_told(figures):
    broken = dict(figures)
    values = broken["T03"]["value"].to_pylist()
    values[0] += 1
    place = broken["T03"].column_names.index("value")
    broken["T03"] = broken["T03"].set_column(place, "value", pa.array(values))
    found = reconciled([migration_tables()["T03"]], broken, table_identities(), {"T03": 230.0}).to_pylist()
    wrong = {(row["check_id"], row["dimension"]): row for row in found if row["holds"] is False}
    assert set(wrong) == {("totals", "nativity"), ("totals", "citizen"), ("totals", "sex")}
    assert {row["largest_difference"] for row in wrong.values()} == {1}


def test_an_identity_of_a_table_that_was_not_made_is_not_judged(figures):
    some = {name: figures[name] for name in ("T01A", "T01B")}
    found = reconciled([], some, table_identities(), {}).to_pylist()
    judged = {row["check_id"]: row["holds"] for row in found}
    assert judged["population-by-citizenship"] is True
    assert judged["population-by-country-of-birth"] is None
