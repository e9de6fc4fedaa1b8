"""Designs and records at their edges: each has a defined result, or an error that says what to do."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from sojourn.engine import Engine
from sojourn.engine.rules import parse_rule
from sojourn.errors import ContractBroken, ProjectError
from sojourn.statistics import ReplicateDesign
from sojourn.statistics.survey import (
    CensusDesign,
    Gap,
    Measure,
    Replication,
    Stage,
    TaylorDesign,
    survey_cube,
    survey_table,
    with_replicates,
)

UNITS = (Stage("unit", "stratum"),)
DESIGN = TaylorDesign("w", UNITS, numbered="within_strata")


def records(rows, columns="stratum unit g w y"):
    """A table of records written as rows of values."""
    names = columns.split()
    return pa.table({name: [row[at] for row in rows] for at, name in enumerate(names)})


PLAIN = records(
    [
        ("a", 1, "x", 2, 10),
        ("a", 2, "x", 3, 20),
        ("b", 1, "y", 4, 30),
        ("b", 2, "y", 1, None),
        ("b", 2, "x", 0, 5),
    ]
)


def table(rows, measure, design=DESIGN, by=("g",), **settings):
    """The figures of a measure, by cell and kind of figure."""
    with Engine() as engine:
        cube = survey_cube(
            engine.relation(rows),
            design=design,
            dimensions=by,
            measures=["y"],
            distributed=["y"],
            conditions={
                "adult": parse_rule("y >= 15", rows.column_names),
                "nobody": parse_rule("w < 0", rows.column_names),
            },
        )
    found = survey_table(cube, measure, by=by, **settings).to_pylist()
    return {(*(row[name] for name in by), row["figure"]): row for row in found}


def test_a_total_and_its_variance_by_hand():
    # Stratum a: units 2·10 = 20 and 3·20 = 60; their spread is 2/(2-1) · (20² + 20²) = 1600.
    # Stratum b: units 4·30 = 120 and 0; 2 · (60² + 60²) = 14,400. The total is 200, its variance 16,000.
    row = table(PLAIN, Measure("total", of="y"))["_T", "value"]
    assert row["value"] == 200
    assert math.isclose(row["variance"], 16_000)
    assert row["degrees_of_freedom"] == 2
    assert (row["contributors"], row["not_stated"]) == (3, 1)


def test_a_group_never_changes_the_design():
    # Of group y only unit 1 of stratum b has an answer; unit 2 was drawn all the same and adds zero.
    row = table(PLAIN, Measure("total", of="y"))["y", "value"]
    assert (row["value"], row["variance"]) == (120, 14_400)


def test_a_group_that_lies_in_one_unit_has_a_variance_but_no_freedom_of_its_cell_and_so_no_interval():
    row = table(PLAIN, Measure("total", of="y"), freedom="cell")["y", "value"]
    assert row["degrees_of_freedom"] == 0
    assert (row["lower"], row["upper"]) == (None, None)


def test_records_of_weight_zero_count_as_drawn_and_not_as_contributors():
    row = table(PLAIN, Measure("count"))["x", "value"]
    assert (row["value"], row["contributors"]) == (5, 2)


def test_the_gap_of_two_groups_in_the_same_units_is_more_certain_than_apart():
    rows = records([(s, u, g, 1, v + (g == "y")) for s in "ab" for u, v in ((1, 1), (2, 9)) for g in "xy"])
    found = table(rows, Measure("mean", of="y"), gaps=[Gap("g", "y", "x")])
    gap = found["y-x", "difference"]
    assert gap["value"] == pytest.approx(1)
    assert gap["variance"] == pytest.approx(0, abs=1e-12)  # both move together, unit by unit
    assert found["x", "value"]["variance"] > 1


def test_a_gap_may_be_a_ratio():
    rows = records(
        [(s, u, g, 1, v * (1 + (g == "y"))) for s in "ab" for u, v in ((1, 1), (2, 9)) for g in "xy"]
    )
    gap = table(rows, Measure("mean", of="y"), gaps=[Gap("g", "y", "x", "ratio")])["y/x", "ratio"]
    assert gap["value"] == pytest.approx(2)
    assert gap["variance"] == pytest.approx(0, abs=1e-12)


def test_a_group_that_occurs_nowhere_has_no_gap():
    assert ("z-x", "difference") not in table(PLAIN, Measure("count"), gaps=[Gap("g", "z", "x")])


def test_an_empty_universe_is_a_count_of_nobody_and_no_mean():
    count = table(PLAIN, Measure("count", where="nobody"))["_T", "value"]
    assert (count["value"], count["contributors"]) == (0, 0)
    mean = table(PLAIN, Measure("mean", of="y", where="nobody"))["_T", "value"]
    assert (mean["value"], mean["variance"], mean["standard_error"]) == (None, None, None)


@pytest.mark.parametrize(
    "measure",
    [
        Measure("mean", of="y"),
        Measure("quantile", of="y", at=0.5),
        Measure("gini", of="y"),
        Measure("proportion", when="adult"),
    ],
)
def test_a_measure_that_nobody_states_has_no_figure(measure):
    empty = PLAIN.set_column(4, "y", pa.nulls(5, pa.float64()))
    row = table(empty, measure)["_T", "value"]
    assert (row["value"], row["standard_error"], row["contributors"]) == (None, None, 0)
    assert row["not_stated"] == 4


def test_a_condition_that_is_not_known_is_neither_yes_nor_no():
    row = table(PLAIN, Measure("proportion", when="adult"))["_T", "value"]
    assert row["value"] == pytest.approx((3 + 4) / (2 + 3 + 4))
    assert (row["contributors"], row["meeting"], row["not_stated"]) == (3, 2, 1)


def test_a_ratio_over_nothing_has_no_figure():
    rows = records([("a", 1, "x", 1, 0), ("a", 2, "x", 1, 0), ("b", 1, "x", 1, 0), ("b", 2, "x", 1, 0)])
    row = table(rows, Measure("ratio", of="y", over="y"))["_T", "value"]
    assert (row["value"], row["variance"]) == (None, None)


def test_the_only_stratum_needs_no_name():
    rows = records([("a", unit, "x", 1, unit) for unit in (1, 2, 3)])
    row = table(rows, Measure("total", of="y"), TaylorDesign("w", (Stage("unit"),)))["_T", "value"]
    assert row["variance"] == pytest.approx(3 / 2 * 2)  # 3/(3-1) · ((1-2)² + 0 + (3-2)²)


def test_where_all_units_were_drawn_nothing_is_left_to_vary():
    rows = PLAIN.append_column("N", pa.array([2] * 5))
    design = TaylorDesign("w", (Stage("unit", "stratum", population="N"),), numbered="within_strata")
    assert table(rows, Measure("total", of="y"), design)["_T", "value"]["variance"] == 0


def test_a_fraction_says_the_same_as_a_population():
    rows = PLAIN.append_column("N", pa.array([8] * 5)).append_column("f", pa.array([0.25] * 5))
    found = [
        table(rows, Measure("mean", of="y"), TaylorDesign("w", (stage,), numbered="within_strata"))[
            "_T", "value"
        ]
        for stage in (Stage("unit", "stratum", population="N"), Stage("unit", "stratum", fraction="f"))
    ]
    assert found[0] == found[1]


def test_a_census_has_figures_without_error():
    row = table(PLAIN, Measure("mean", of="y"), CensusDesign())["_T", "value"]
    assert row["value"] == pytest.approx((10 + 20 + 30 + 5) / 4)
    assert (row["standard_error"], row["lower"], row["error_method"]) == (None, None, "none")


SINGLE = records([("a", 1, "x", 2, 10), ("a", 2, "x", 3, 20), ("b", 1, "y", 4, 30)])


def test_a_stratum_with_one_unit_is_an_error_that_names_the_rules():
    with pytest.raises(ProjectError, match="1 of 2 strata \\(stratum\\) have one sampled unit") as caught:
        table(SINGLE, Measure("total", of="y"))
    assert "certainty, around_zero or average" in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "variance"),
    # Stratum a adds 1600. Stratum b adds nothing, (4·30)² = 14,400, or what a adds.
    [("certainty", 1600), ("around_zero", 1600 + 14_400), ("average", 2 * 1600)],
)
def test_each_rule_for_single_units_adds_what_it_says(rule, variance):
    design = TaylorDesign("w", UNITS, numbered="within_strata", single_unit=rule)
    assert table(SINGLE, Measure("total", of="y"), design)["_T", "value"]["variance"] == pytest.approx(
        variance
    )


def test_an_average_over_no_other_stratum_leaves_no_variance():
    rows = records([("a", 1, "x", 2, 10), ("b", 1, "y", 4, 30)])
    design = TaylorDesign("w", UNITS, numbered="within_strata", single_unit="average")
    assert table(rows, Measure("total", of="y"), design)["_T", "value"]["variance"] is None


def test_numbers_that_recur_in_strata_must_be_declared():
    with pytest.raises(ProjectError, match="recur in several strata of stratum: one unit, or several"):
        table(PLAIN, Measure("count"), TaylorDesign("w", UNITS))


def test_numbers_declared_to_count_across_strata_may_not_recur():
    with pytest.raises(ContractBroken, match="more than one stratum"):
        table(PLAIN, Measure("count"), TaylorDesign("w", UNITS, numbered="across"))


def changed(name, value, at=0):
    values = PLAIN[name].to_pylist()
    values[at] = value
    return PLAIN.set_column(PLAIN.column_names.index(name), name, pa.array(values))


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (changed("w", None), "The weight w is missing in 1 record."),
        (changed("stratum", None), "stratum is missing in 1 record:"),
        (changed("unit", None), "unit is missing in 1 record:"),
        (changed("w", -1), "The main weight w is negative"),
        (changed("y", float("nan")), "y holds NaN"),
        (changed("g", "_T"), "Records hold the code of totals, _T, in g"),
    ],
)
def test_records_that_a_design_cannot_use_are_refused_by_column(rows, complaint):
    with pytest.raises(ProjectError, match=complaint) as caught:
        table(rows, Measure("count"))
    assert caught.value.problems[0].remedy


@pytest.mark.parametrize(
    ("sizes", "complaint"),
    [([1] * 5, "fewer units than were drawn"), ([8, 9, 8, 8, 8], "not the same in all records of a stratum")],
)
def test_sizes_that_contradict_the_sample_are_refused(sizes, complaint):
    rows = PLAIN.append_column("N", pa.array(sizes))
    design = TaylorDesign("w", (Stage("unit", "stratum", population="N"),), numbered="within_strata")
    with pytest.raises(ContractBroken, match=complaint):
        table(rows, Measure("count"), design)


def test_a_share_that_is_no_share_is_refused():
    rows = PLAIN.append_column("f", pa.array([8.0] * 5))
    design = TaylorDesign("w", (Stage("unit", "stratum", fraction="f"),), numbered="within_strata")
    with pytest.raises(ContractBroken, match="not above 0 and at most 1"):
        table(rows, Measure("count"), design)


def test_negative_replicate_weights_are_used_as_they_are():
    rows = PLAIN.append_column("r1", pa.array([-1, 3, 4, 1, 0])).append_column(
        "r2", pa.array([5, 3, 4, 1, 0])
    )
    design = ReplicateDesign("jackknife", ("r1", "r2"), coefficient=0.5, weight="w")
    # Totals under the replicates: 170 and 230; 0.5 · (30² + 30²) = 900.
    assert table(rows, Measure("total", of="y"), design)["_T", "value"]["variance"] == pytest.approx(900)


def test_a_replicate_in_which_the_denominator_is_zero_leaves_no_variance():
    rows = PLAIN.append_column("r1", pa.array([0] * 5)).append_column("r2", pa.array([2, 3, 4, 1, 0]))
    design = ReplicateDesign("jackknife", ("r1", "r2"), coefficient=0.5, weight="w")
    row = table(rows, Measure("mean", of="y"), design)["_T", "value"]
    assert row["value"] is not None
    assert (row["variance"], row["lower"]) == (None, None)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"weight": ""}, "does not name its weight"),
        ({"stages": ()}, "has no stage"),
        ({"stages": (Stage("u", population="N", fraction="f"),)}, "both population and fraction"),
        ({"stages": (Stage("each_record"), Stage("u"))}, "draws each record in stage 1"),
        ({"stages": (Stage("u"), Stage("u"))}, "two stages with the same unit"),
        ({"single_unit": "guess"}, "no rule 'guess'"),
        ({"numbered": "twice"}, "cannot number units 'twice'"),
        (
            {"stages": (Stage("u", population="N"), Stage("v")), "single_unit": "average"},
            "averages single units, but has variance at more than one stage",
        ),
    ],
)
def test_a_design_that_is_unclear_is_an_error(settings, complaint):
    with pytest.raises(ProjectError, match=complaint):
        TaylorDesign(**({"weight": "w", "stages": UNITS} | settings))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"statistic": "mode"}, "There is no statistic 'mode'"),
        ({"statistic": "mean"}, "A mean needs a measure"),
        ({"statistic": "count", "of": "y"}, "A count is of no measure"),
        ({"statistic": "ratio", "of": "y"}, "A ratio and `over` do not fit"),
        ({"statistic": "proportion"}, "A proportion and `when` do not fit"),
        ({"statistic": "quantile", "of": "y"}, "A quantile and `at` do not fit"),
        ({"statistic": "quantile", "of": "y", "at": 1.5}, "no quantile at 1.5"),
        ({"statistic": "count", "within": ("g",)}, "Only a share is taken within"),
        ({"statistic": "poverty_rate", "of": "y"}, "with 0 poverty lines"),
        ({"statistic": "poverty_rate", "of": "y", "line": 1, "line_share": 0.5}, "with 2 poverty lines"),
        ({"statistic": "poverty_gap", "of": "y", "line": -1}, "above zero"),
    ],
)
def test_a_measure_that_does_not_fit_together_is_an_error(settings, complaint):
    with pytest.raises(ProjectError, match=complaint):
        Measure(**settings)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"interval": "logit"}, "no interval 'logit' for a mean"),
        ({"gaps": [Gap("h", "x", "y")]}, "no dimension of the table"),
        ({"totals": "some"}, "Totals cannot be 'some'"),
        ({"totals": [["h"]]}, "A margin totals h"),
    ],
)
def test_settings_of_a_table_that_contradict_are_errors(settings, complaint):
    with pytest.raises(ProjectError, match=complaint):
        table(PLAIN, Measure("mean", of="y"), **settings)


@pytest.mark.parametrize(
    ("replication", "complaint"),
    [
        (Replication("brr"), "need two units in every stratum: 1 strata have others"),
        (Replication("jk1"), "of a sample without strata, and this one has 2"),
        (Replication("successive_difference", replicates=5), "8 is the next"),
    ],
)
def test_replicates_that_the_design_does_not_allow_are_refused(replication, complaint):
    rows = records(
        [
            ("a", 1, "x", 2, 10),
            ("a", 2, "x", 3, 20),
            ("b", 1, "y", 4, 30),
            ("b", 2, "y", 1, 3),
            ("b", 3, "y", 1, 3),
        ]
    )
    with pytest.raises(ProjectError, match=complaint):
        with_replicates(rows, DESIGN, replication)


def test_balanced_replicates_know_no_finite_population():
    rows = PLAIN.append_column("N", pa.array([8] * 5))
    design = TaylorDesign("w", (Stage("unit", "stratum", population="N"),), numbered="within_strata")
    with pytest.raises(ProjectError, match="know no finite populations"):
        with_replicates(rows, design, Replication("brr"))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"kind": "half"}, "are unknown"),
        ({"kind": "bootstrap", "seed": 1}, "`replicates` do not fit"),
        ({"kind": "jkn", "replicates": 9}, "`replicates` do not fit"),
        ({"kind": "bootstrap", "replicates": 1, "seed": 1}, "at least two"),
        ({"kind": "bootstrap", "replicates": 9}, "no seed is declared"),
        ({"kind": "fay"}, "`rho` do not fit"),
        ({"kind": "fay", "rho": 1.0}, "have a `rho` that does not fit"),
    ],
)
def test_replicates_that_leave_something_open_are_an_error(settings, complaint):
    with pytest.raises(ProjectError, match=complaint):
        Replication(**settings)


def test_nobody_in_a_group_has_the_exact_interval_and_no_other():
    rows = records([(s, u, "x", 1, 20) for s in "ab" for u in (1, 2)] * 5)
    for kind, is_there in (("korn_graubard", True), ("logit", False)):
        row = table(rows, Measure("proportion", when="adult"), interval=kind)["_T", "value"]
        assert row["value"] == 1
        assert (row["lower"] is not None) == is_there
    row = table(rows, Measure("proportion", when="adult"), interval="korn_graubard")["_T", "value"]
    # Clopper and Pearson for 20 of 20: the lower end is 0.025 ** (1/20).
    assert row["lower"] == pytest.approx(0.025 ** (1 / 20))
    assert row["upper"] == 1


def test_degrees_of_freedom_are_never_more_than_the_units_of_the_strata_less_the_strata():
    rows = records(
        [("a", u, "x", 1, v) for u, v in ((1, 1), (2, 9))] + [("b", u, "y", 1, 5 * u) for u in (1, 2, 3)]
    )
    found = table(rows, Measure("mean", of="y"))
    assert found["x", "value"]["degrees_of_freedom"] == 1
    assert found["y", "value"]["degrees_of_freedom"] <= 2


def test_rounding_is_no_error():
    rows = records([(s, u, g, 0.1 + u / 7, 42.1) for s in "ab" for u in (1, 2, 3) for g in "xy"])
    assert table(rows, Measure("mean", of="y"))["x", "value"]["variance"] == 0
    share = table(rows, Measure("share"))["_T", "value"]
    assert (share["variance"], share["lower"], share["upper"], share["design_effect"]) == (0, 1, 1, None)


def test_nan_is_neither_a_code_nor_the_answer_to_a_condition():
    rows = PLAIN.set_column(2, "g", pa.array([1.0, float("nan"), 2.0, 1.0, 2.0]))
    with pytest.raises(ContractBroken, match="g holds NaN"):
        table(rows, Measure("count"))


def test_a_dimension_may_not_bear_the_name_of_a_column_of_figures():
    rows = PLAIN.rename_columns(["stratum", "unit", "value", "w", "y"])
    with pytest.raises(ProjectError, match="cannot be called value"):
        table(rows, Measure("count"), by=("value",))
