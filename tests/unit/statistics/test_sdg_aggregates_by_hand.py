"""SDG indicators from tables of aggregates, each figure a sum that can be done by hand."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest

from sojourn.errors import DataRefused, ProjectError
from sojourn.project.sdg_declarations import shipped_series
from sojourn.statistics.sdg_indicators.aggregates import AGGREGATES
from sojourn.statistics.sdg_indicators.country_accounts import (
    deaths_and_disappearances,
    migration_policies,
    remittance_costs,
    remittances_over_gdp,
)
from sojourn.statistics.sdg_indicators.population_rates import (
    health_workers,
    occupational_injuries,
    rates,
    refugees_by_origin,
    trafficking_victims,
    under_five_mortality,
)


def rows(table: pa.Table, *keys: str) -> dict[Any, dict[str, Any]]:
    """The rows of a result by some of its columns."""
    found = {}
    for row in table.to_pylist():
        found[tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]] = row
    return found


def columns(*names: str, of: list[tuple[Any, ...]]) -> pa.Table:
    """A table from its rows."""
    return pa.table({name: [row[at] for row in of] for at, name in enumerate(names)})


def test_a_rate_is_events_over_people_and_its_interval_that_of_a_count():
    table = columns("status", "events", "population", of=[("FB", 3, 20_000), ("NB", 10, 100_000)])
    found = rows(rates(table, by=("status",)), "status")
    assert found["FB"]["rate"] == pytest.approx(100_000 * 3 / 20_000)
    assert found["_T"]["rate"] == pytest.approx(100_000 * 13 / 120_000)
    # Garwood's table for a count of 3: 0.6187 to 8.7673; for 10: 4.7954 to 18.3904.
    assert found["FB"]["lower"] == pytest.approx(5 * 0.6187, abs=5e-4)
    assert found["FB"]["upper"] == pytest.approx(5 * 8.7673, abs=5e-4)
    assert (found["NB"]["lower"], found["NB"]["upper"]) == pytest.approx((4.7954, 18.3904), abs=1e-4)


def test_no_events_are_a_rate_of_zero_and_no_people_are_no_rate():
    found = rows(
        rates(pa.table({"s": ["a", "b"], "events": [0, 4], "population": [1000, 0]}), by=("s",)), "s"
    )
    assert (found["a"]["rate"], found["a"]["lower"]) == (0.0, 0.0)
    # -log(0.025) = 3.6889 events are the upper end where none were seen.
    assert found["a"]["upper"] == pytest.approx(100_000 * -math.log(0.025) / 1000)
    assert (found["b"]["rate"], found["b"]["upper"]) == (None, None)


def test_what_is_not_known_of_one_group_is_not_known_of_the_total():
    found = rows(
        rates(pa.table({"s": ["a", "b"], "events": [None, 4], "population": [9, 9]}), by=("s",)), "s"
    )
    assert (found["a"]["rate"], found["_T"]["rate"]) == (None, None)
    assert found["b"]["events"] == 4


def test_injuries_have_migrant_status_in_numerator_and_denominator_and_the_unknown_are_told():
    found = rows(
        occupational_injuries(
            columns(
                "mig_status", "sex", "fatal", "non_fatal", "workers",
                of=[
                    ("FB", "M", 6, 300, 40_000), ("FB", "F", 1, 100, 30_000), ("NB", "M", 9, 700, 150_000),
                    ("NB", "F", 2, 500, 140_000), ("_U", "M", 2, 40, None),
                ],
            )
        ),
        "injury", "mig_status", "sex",
    )  # fmt: skip
    assert found["FATAL", "FB", "M"]["rate"] == pytest.approx(15.0)
    assert found["FATAL", "FB", "_T"]["rate"] == pytest.approx(100_000 * 7 / 70_000)
    assert found["NON_FATAL", "NB", "_T"]["rate"] == pytest.approx(100_000 * 1200 / 290_000)
    assert found["FATAL", "_T", "_T"]["rate"] == pytest.approx(100_000 * 20 / 360_000)
    assert found["FATAL", "_T", "_T"]["unknown_share"] == pytest.approx(2 / 20)
    assert (found["FATAL", "_U", "M"]["rate"], found["FATAL", "_U", "M"]["injuries"]) == (None, 2)
    assert found["FATAL", "FB", "M"]["unknown_share"] is None


def test_health_workers_by_birth_are_over_the_whole_population():
    found = rows(
        health_workers(
            columns(
                "occupation", "status", "workers", "population",
                of=[("DOC", "FB", 30, 100_000), ("DOC", "NB", 90, 100_000), ("NUR", "FB", 100, 100_000)],
            )
        ),
        "occupation", "status",
    )  # fmt: skip
    assert found["DOC", "FB"]["density"] == pytest.approx(3.0)
    assert found["DOC", "_T"]["density"] == pytest.approx(12.0)
    assert found["DOC", "FB"]["share"] == pytest.approx(25.0)
    assert found["NUR", "FB"]["share"] == 100


def test_refugees_are_over_their_origins_population_and_themselves():
    found = refugees_by_origin(
        columns(
            "origin", "refugees", "population", "population_basis",
            of=[("AAA", 500, 9_500, "END_YEAR"), ("BBB", 0, 10, "END_YEAR"), ("CCC", None, 10, "END_YEAR")],
        )
    )  # fmt: skip
    assert found["rate"].to_pylist() == [pytest.approx(5_000.0), 0.0, None]
    assert set(found["population_basis"].to_pylist()) == {"END_YEAR"}


def test_end_year_and_mid_year_populations_are_not_mixed():
    with pytest.raises(DataRefused, match="mixed"):
        refugees_by_origin(
            columns(
                "origin", "refugees", "population", "population_basis",
                of=[("AAA", 5, 9, "END_YEAR"), ("BBB", 5, 9, "MID_YEAR")],
            )
        )  # fmt: skip


def test_detected_victims_are_a_lower_bound_and_people_count_once_in_totals_over_forms():
    found = rows(
        trafficking_victims(
            columns(
                "sex", "age", "form", "detected", "undetected", "population",
                of=[
                    ("F", "Y_GE18", "SEXUAL", 30, 70, 1_000_000),
                    ("F", "Y_GE18", "LABOUR", 10, 40, 1_000_000),
                    ("M", "Y_GE18", "LABOUR", 20, 80, 900_000), ("F", "Y0T17", "SEXUAL", 5, None, 250_000),
                ],
            )
        ),
        "sex", "age", "form",
    )  # fmt: skip
    assert found["F", "Y_GE18", "SEXUAL"]["detected_rate"] == pytest.approx(3.0)
    assert found["F", "Y_GE18", "SEXUAL"]["rate"] == pytest.approx(10.0)
    assert found["F", "Y_GE18", "_T"]["population"] == 1_000_000
    assert found["F", "Y_GE18", "_T"]["rate"] == pytest.approx(15.0)
    assert found["_T", "Y_GE18", "LABOUR"]["rate"] == pytest.approx(100_000 * 150 / 1_900_000)
    assert found["_T", "_T", "_T"]["detected_rate"] == pytest.approx(100_000 * 65 / 2_150_000)
    assert found["_T", "_T", "_T"]["rate"] is None


def test_one_population_for_each_sex_and_age():
    wrong = columns(
        "sex", "age", "form", "detected", "population",
        of=[("F", "A", "X", 1, 10), ("F", "A", "Y", 1, 11)],
    )  # fmt: skip
    with pytest.raises(DataRefused, match="population differs between rows of one sex and age"):
        trafficking_victims(wrong)


def test_mortality_below_five_is_one_less_the_product_of_surviving_each_segment():
    found = under_five_mortality(
        columns(
            "status", "segment", "exposed", "deaths",
            of=[
                ("FB", "0", 1000, 20), ("FB", "1-11", 900, 9), ("FB", "12-59", 500, 10),
                ("NB", "0-59", 100, 0),
            ],
        ),
        by=("status",),
    ).to_pylist()  # fmt: skip
    survived = 0.98 * 0.99 * 0.98
    assert found[0]["rate"] == pytest.approx(1000 * (1 - survived))
    # Greenwood: 20 / (1000 * 980) + 9 / (900 * 891) + 10 / (500 * 490).
    spread = 20 / 980_000 + 9 / 801_900 + 10 / 245_000
    assert found[0]["standard_error"] == pytest.approx(1000 * survived * math.sqrt(spread))
    assert (found[1]["rate"], found[1]["standard_error"]) == (0.0, 0.0)


def test_more_deaths_than_children_are_refused():
    with pytest.raises(DataRefused, match="more children died"):
        under_five_mortality(columns("segment", "exposed", "deaths", of=[("0-59", 5, 6)]))


def policies(**changed: float | None) -> pa.Table:
    """Six domains of five answers, all 1 but those that are changed."""
    cells = [(f"D{domain}", f"S{sub}") for domain in range(1, 7) for sub in range(1, 6)]
    return columns(
        "domain", "subcategory", "score", of=[(*cell, changed.get("_".join(cell), 1.0)) for cell in cells]
    )


def test_a_policy_domain_is_the_mean_of_five_answers_and_the_total_that_of_six_domains():
    found = rows(migration_policies(policies(D1_S1=0.0, D1_S2=0.5, D2_S5=0.0)), "domain")
    assert found["D1"]["score"] == pytest.approx(70)
    assert found["D2"]["score"] == pytest.approx(80)
    assert found["_T"]["score"] == pytest.approx((70 + 80 + 400) / 6)
    assert [found[each]["class"] for each in ("D1", "D2", "D3", "_T")] == [
        "PARTIAL",
        "MEETS",
        "FULLY",
        "MEETS",
    ]


def test_a_policy_answer_that_is_not_known_leaves_its_domain_and_the_total_open():
    found = rows(migration_policies(policies(D4_S2=None)), "domain")
    assert [found[each]["score"] for each in ("D3", "D4", "_T")] == [100.0, None, None]
    assert found["_T"]["class"] is None


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (policies().slice(1), "not 6 domains with 5"),
        (policies(D1_S1=1.5), "score is above 1"),
        (policies(D1_S1=-1.0), "below zero"),
        (pa.concat_tables([policies(), policies()]), "two rows have the same"),
    ],
)
def test_answers_that_are_not_six_by_five_are_refused(table, said):
    with pytest.raises(DataRefused, match=said):
        migration_policies(table)


def test_the_dead_and_missing_are_added_up_and_unknown_numbers_are_told():
    table = columns(
        "incident_id", "route", "dead", "missing", "source_quality",
        of=[(1, "sea", 3, 10, 5), (2, "sea", None, 4, 1), (3, "land", 2, 0, 3), (4, None, 1, None, 2)],
    )  # fmt: skip
    found = rows(deaths_and_disappearances(table, by=("route",)), "route")
    assert found["sea"] == {
        "route": "sea",
        "incidents": 2,
        "incomplete": 1,
        "dead": 3,
        "missing": 14,
        "total": 17,
    }
    assert (found["_T"]["total"], found["_T"]["incomplete"]) == (20, 2)
    assert found["_U"]["dead"] == 1
    better = rows(deaths_and_disappearances(table, by=("route",), least_quality=3), "route")
    assert better["_T"]["total"] == 15


def test_an_incident_that_stands_there_twice_is_refused():
    with pytest.raises(DataRefused, match="two rows have the same incident_id"):
        deaths_and_disappearances(columns("incident_id", "dead", "missing", of=[(1, 1, 0), (1, 1, 0)]))


def test_the_cost_of_a_remittance_is_fee_and_margin_and_corridors_count_alike():
    table = columns(
        "corridor", "service", "amount", "fee", "exchange_margin", "qualifies", "market_share",
        of=[
            ("A-B", "s1", 200, 4, 1.0, True, 50), ("A-B", "s2", 200, 10, 0.0, True, 20),
            ("A-B", "s3", 200, 2, 2.0, True, 15), ("A-B", "s4", 200, 0, 0.5, False, 5),
            ("A-C", "s1", 200, 20, 2.0, True, None), ("A-C", "s2", 200, None, 2.0, True, None),
        ],
    )  # fmt: skip
    found = rows(remittance_costs(table), "corridor")
    # 4/200 + 1 = 3; 5; 3; 0.5: mean 2.875; the three that qualify 3, 5, 3.
    assert found["A-B"]["cost"] == pytest.approx(2.875)
    assert found["A-B"]["cheapest"] == pytest.approx(11 / 3)
    assert (found["A-B"]["is_covered"], found["A-B"]["above_target"]) == (True, False)
    assert (found["A-C"]["cost"], found["A-C"]["services"], found["A-C"]["cheapest"]) == (12.0, 1, None)
    assert found["A-C"]["above_target"] is True
    assert found["_T"]["cost"] == pytest.approx((2.875 + 12) / 2)


def test_remittances_are_over_the_domestic_product_of_the_same_period():
    found = remittances_over_gdp(
        columns("time_period", "remittances", "gdp", of=[(2023, 30, 1200), (2024, 1, 0)])
    )
    assert found["share"].to_pylist() == [2.5, None]


@pytest.mark.parametrize("name", AGGREGATES)
def test_a_table_without_its_columns_is_refused_with_what_it_needs(name):
    with pytest.raises((DataRefused, ProjectError), match="column"):
        AGGREGATES[name](pa.table({"nothing": [1]}))


@pytest.mark.parametrize("name", AGGREGATES)
def test_a_table_without_rows_has_no_figures_or_is_refused(name):
    method = AGGREGATES[name]
    kinds = {**dict.fromkeys(method.texts, pa.string()), **dict.fromkeys(method.numbers, pa.float64())}
    empty = pa.schema(list(kinds.items())).empty_table()
    if name == "migration_policies":
        with pytest.raises(DataRefused, match="not 6 domains"):
            method(empty)
        return
    found = method(empty)
    assert {row.get("rate", row.get("cost")) for row in found.to_pylist()} <= {None}


def test_a_total_among_the_rows_is_refused():
    with pytest.raises(DataRefused, match="_T, the code of totals"):
        rates(pa.table({"s": ["_T"], "events": [1], "population": [2]}), by=("s",))


def test_every_function_that_a_series_names_is_there_for_its_indicator():
    named = {each.function: each.indicator for each in shipped_series() if each.function is not None}
    assert {name: AGGREGATES[name].indicator for name in named} == named
