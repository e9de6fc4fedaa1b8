"""Counts, shares and means of a table small enough to compute by hand."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sojourn.contracts.aggregates import Estimate
from sojourn.engine import Engine, Relation
from sojourn.errors import ContractBroken, ProjectError
from sojourn.statistics import cube, cube_sql, estimates, estimates_sql
from sojourn.statistics.cube import COUNT


@pytest.fixture
def engine():
    with Engine() as engine:
        yield engine


@pytest.fixture
def survey(engine) -> Relation:
    """Five persons in two regions; one states no sex, one no income."""
    return engine.relation(
        pa.table(
            {
                "person_key": ["a", "b", "c", "d", "e"],
                "region": ["N", "N", "N", "S", "S"],
                "sex": ["F", "F", "M", "M", None],
                "income": [10, 20, None, 40, 50],
                "w": [10, 20, 30, 40, 50],
            }
        )
    )


def figures(table: Relation, *dimensions: str) -> dict[tuple[str, ...], tuple[object, ...]]:
    found = table.rows(*dimensions, "value", "contributors", "variance")
    return {row[: len(dimensions)]: row[len(dimensions) :] for row in found}


def made(survey: Relation, **settings: object) -> Relation:
    return cube(
        survey,
        dimensions=["region", "sex"],
        weight="w",
        measures=["income"],
        **settings,
    )


def test_a_count_is_the_sum_of_weights(survey):
    table = estimates(made(survey), statistic="count", dimensions=["region"], time_period="2024", method="m")
    # North: 10 + 20 + 30. South: 40 + 50.
    assert figures(table, "region") == {
        ("N",): (60.0, 3, None), ("S",): (90.0, 2, None), ("_T",): (150.0, 5, None),
    }  # fmt: skip


def test_a_share_is_of_all_who_are_counted(survey):
    table = estimates(made(survey), statistic="share", dimensions=["region"], time_period="2024", method="m")
    assert figures(table, "region")["N",] == (60 / 150, 3, None)


def test_shares_within_a_dimension_are_of_its_own_totals(survey):
    table = estimates(
        made(survey),
        statistic="share",
        dimensions=["region", "sex"],
        within=["region"],
        time_period="2024",
        method="m",
    )
    shares = {cell: value for cell, (value, _, _) in figures(table, "region", "sex").items()}
    assert shares["N", "F"] == 30 / 60
    assert shares["S", "_U"] == 50 / 90
    assert shares["_T", "M"] == 70 / 150
    assert shares["S", "_T"] == 1.0


def test_a_mean_is_taken_among_those_who_state_the_measure(survey):
    table = estimates(
        made(survey), statistic="mean", of="income", dimensions=["region"], time_period="2024", method="m"
    )
    # Of the three persons in the north two state an income: (10*10 + 20*20) / 30.
    assert figures(table, "region")["N",] == (500 / 30, 2, None)


def test_a_mean_of_nobody_is_null(survey):
    table = estimates(
        made(survey), statistic="mean", of="income", dimensions=["region", "sex"], time_period="2024",
        method="m",
    )  # fmt: skip
    assert figures(table, "region", "sex")["N", "M"] == (None, 0, None)


def test_without_a_weight_every_record_counts_one(survey):
    table = cube(survey, dimensions=["sex"])
    counts = estimates(table, statistic="count", dimensions=["sex"], time_period="2024", method="m")
    assert figures(counts, "sex") == {
        ("F",): (2.0, 2, None), ("M",): (2.0, 2, None), ("_U",): (1.0, 1, None), ("_T",): (5.0, 5, None),
    }  # fmt: skip


def test_a_person_in_several_cells_is_one_contributor_of_the_total(engine):
    crossings = engine.relation(
        pa.table({"person_key": ["a", "a", "a", "b"], "border_point": ["X", "X", "Y", "Y"]})
    )
    counts = estimates(
        cube(crossings, dimensions=["border_point"]), statistic="count", dimensions=["border_point"],
        time_period="2024", method="m",
    )  # fmt: skip
    assert figures(counts, "border_point") == {
        ("X",): (2.0, 1, None), ("Y",): (2.0, 2, None), ("_T",): (4.0, 2, None),
    }  # fmt: skip


def test_a_person_of_weight_zero_contributes_to_nothing(engine):
    records = engine.relation(pa.table({"g": ["x", "x"], "w": [0.0, 2.5]}))
    counts = estimates(
        cube(records, dimensions=["g"], weight="w"),
        statistic="count",
        dimensions=["g"],
        time_period="2024",
        method="m",
    )
    assert figures(counts, "g")["x",] == (2.5, 1, None)


def test_totals_can_be_left_out_or_listed(survey):
    table = made(survey)
    settings = {"statistic": "count", "dimensions": ["region", "sex"], "time_period": "2024", "method": "m"}
    none = figures(estimates(table, totals="none", **settings), "region", "sex")
    listed = figures(estimates(table, totals=[("sex",)], **settings), "region", "sex")
    assert set(none) == {("N", "F"), ("N", "M"), ("S", "M"), ("S", "_U")}
    assert set(listed) - set(none) == {("N", "_T"), ("S", "_T")}


def test_a_completed_count_shows_zeros_for_what_does_not_occur(survey):
    table = estimates(
        cube(survey, dimensions=["region", "sex"], weight="w"),
        statistic="count", dimensions=["region", "sex"],
        time_period="2024", method="m", complete=True, codes={"region": ["W"]},
    )  # fmt: skip
    found = figures(table, "region", "sex")
    assert len(found) == 4 * 4
    assert found["N", "_U"] == (0.0, 0, None)
    assert found["W", "_T"] == (0.0, 0, None)
    Estimate.conform(table.to_arrow(), ("region", "sex"))


def test_estimates_conform_to_their_contract(survey):
    table = estimates(
        made(survey),
        statistic="share",
        dimensions=["sex", "region"],
        time_period="2024",
        method="m",
    )
    found = Estimate.conform(table.to_arrow(), ("sex", "region"))
    assert found.column_names[:2] == ["sex", "region"]
    assert set(found.column("degrees_of_freedom").to_pylist()) == {None}


def test_the_sql_of_a_figure_can_be_shown_and_run(survey, engine):
    text = cube_sql(survey, dimensions=["region"], weight="w")
    assert "one row for each combination of codes that occurs" in text
    again = engine.query(text, {"records": survey}, {"unknown": "_U"})
    assert again.rows("region", COUNT, order_by=("region",)) == [("N", 60), ("S", 90), ("_T", 150)]
    shown = estimates_sql(again, statistic="count", dimensions=["region"])
    settings = {"time_period": "2024", "method": "m"}
    assert engine.query(shown, {"cube": again}, settings).count() == 3


def test_records_that_hold_the_code_of_totals_are_refused(engine):
    records = engine.relation(pa.table({"sex": ["F", "_T"]}))
    with pytest.raises(ContractBroken, match="code of totals, _T, in sex"):
        cube(records, dimensions=["sex"])


@pytest.mark.parametrize("weight", [[1.0, None], [1.0, float("nan")], [1.0, float("inf")]])
def test_a_weight_that_is_missing_or_no_number_is_refused(engine, weight):
    records = engine.relation(pa.table({"sex": ["F", "M"], "w": weight}))
    with pytest.raises(
        ContractBroken, match=r"The (weight w is missing|column w is (infinite|not a number))"
    ):
        cube(records, dimensions=["sex"], weight="w")


def test_a_record_of_nobody_is_refused(engine):
    records = engine.relation(pa.table({"sex": ["F", "M"], "person_key": ["a", None]}))
    with pytest.raises(ContractBroken, match="1 records do not say whose they are"):
        cube(records, dimensions=["sex"])


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"dimensions": ["colour"]}, "no column colour"),
        ({"dimensions": ["sex"], "weight": "mass"}, "no column mass"),
        ({"dimensions": ["sex", "sex"]}, "named twice"),
        ({"dimensions": ['x"; DROP TABLE t; --']}, "no column"),
    ],
)
def test_a_cube_of_absent_or_contradictory_columns_is_refused(survey, settings, complaint):
    with pytest.raises(ProjectError, match=complaint):
        cube(survey, **settings)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"statistic": "mean"}, "Means, and only means, are of a measure"),
        ({"statistic": "count", "of": "income"}, "Means, and only means"),
        ({"statistic": "count", "within": ["sex"]}, "Only a share"),
        ({"statistic": "share", "within": ["age"]}, "cannot be within age"),
        ({"statistic": "share", "complete": True}, "Only counts can be completed"),
        ({"statistic": "mean", "of": "height"}, "no measure height"),
        ({"statistic": "median"}, "no statistic 'median'"),
        ({"statistic": "count", "dimensions": ["age"]}, "no dimension age"),
        ({"statistic": "count", "totals": "some"}, "Totals cannot be 'some'"),
        ({"statistic": "count", "totals": [("age",)]}, "A margin totals age"),
        ({"statistic": "count", "complete": True, "codes": {"age": ["1"]}}, "Codes are declared for age"),
    ],
)
def test_settings_that_contradict_one_another_are_refused(survey, settings, complaint):
    with pytest.raises(ProjectError, match=complaint):
        estimates(
            made(survey), **{"dimensions": ["region", "sex"], "time_period": "2024", "method": "m"} | settings
        )
