"""Samples of two phases by hand, over every possible sample, and at their edges."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sojourn.engine import Engine
from sojourn.engine.rules import parse_rule
from sojourn.errors import ContractBroken, ProjectError
from sojourn.statistics.survey import (
    CalibratedTo,
    Gap,
    Measure,
    Replication,
    SecondPhase,
    Stage,
    SurveyCube,
    TaylorDesign,
    survey_cube,
    survey_cube_sql,
    survey_table,
    with_replicates,
)
from sojourn.statistics.survey.figures import figures_of, variance_parts
from sojourn.statistics.survey.freedom import both_phases_freedom
from two_phase_samples import CASES, first_phase

BOTH = SecondPhase("again", "each_record", "both_phases", ("s",))
RECORDS = (Stage("each_record", population="N"),)
DESIGN = TaylorDesign("w", RECORDS, second_phase=BOTH)
COLUMNS = ("N", "s", "again", "g", "w", "y")
# Six of twelve were screened; of four in stratum a two were asked, of two in stratum b both.
PLAIN = [
    (12, "a", 1, "x", 4.0, 10),
    (12, "a", 1, "y", 4.0, 30),
    (12, "a", 0, None, None, None),
    (12, "a", 0, None, None, None),
    (12, "b", 1, "x", 2.0, 5),
    (12, "b", 1, "y", 2.0, 7),
]


def records(rows, columns=COLUMNS):
    """A table of records written as rows of values."""
    return pa.table({name: pa.array([row[at] for row in rows]) for at, name in enumerate(columns)})


def changed(name, *values):
    """The plain records with other values in a column."""
    table = records(PLAIN)
    return table.set_column(COLUMNS.index(name), name, pa.array(values))


def table(rows, measure, design=DESIGN, by=("g",), **settings):
    """The figures of a measure, by cell and kind of figure."""
    with Engine() as engine:
        cube = survey_cube(
            engine.relation(rows),
            design=design,
            dimensions=by,
            measures=["y"],
            distributed=["y"],
            conditions={"high": parse_rule("y > 6", rows.column_names)},
        )
    found = survey_table(cube, measure, by=by, **settings).to_pylist()
    return {(*(row[name] for name in by), row["figure"]): row for row in found}


def test_a_total_of_two_phases_and_its_variance_by_hand():
    # Amounts t are 40 and 120 in stratum a, 10 and 14 in b: the total is 184.
    # 1. The first phase drew 6 of 12: (1 - 1/2) 6/5 (40² + 120² + 10² + 14² - 184²/6) = 6,392.
    # 2. In a, where c = (4-2) / (4 · 1) = 1/2: 1/2 · 3/5 (16,000 - 160²/6) = 3,520; in b, of which all were
    #    asked, c is 0.
    # 3. A unit's own square counts (1 - 1/2) 6/5 (1 - 1/6) = 1/2; in a it is taken 2/4 - 1 - 1/2 = -1 times:
    #    -1/2 · 16,000 = -8,000; in b 1 - 1 - 0 = 0 times.
    # 4. Between units of stratum a: 2 (1 - 1/2) (40² + 40²) = 3,200.
    row = table(records(PLAIN), Measure("total", of="y"))["_T", "value"]
    assert row["value"] == 184
    assert math.isclose(row["variance"], 6_392 + 3_520 - 8_000 + 3_200)
    # The first phase has 6 - 1 degrees of freedom, the second 4 - 2.
    design = table(records(PLAIN), Measure("total", of="y"), freedom="design")["_T", "value"]
    assert design["degrees_of_freedom"] == 2


# Three units in a stratum, of which two are drawn, and two in another, which both are; households of one or
# two persons. Columns: stratum, unit, household, screened as, value.
PEOPLE = [
    (0, 0, 0, "m", 4), (0, 0, 0, "m", 7), (0, 0, 1, "n", 1), (0, 0, 2, "m", 9), (0, 1, 0, "n", 3),
    (0, 1, 1, "m", 2), (0, 1, 1, "m", 8), (0, 2, 0, "n", 6), (0, 2, 0, "n", 5), (0, 2, 1, "m", 1),
    (1, 0, 0, "n", 2), (1, 0, 1, "m", 5), (1, 0, 1, "m", 1), (1, 1, 0, "n", 9), (1, 1, 0, "n", 4),
]  # fmt: skip
UNITS = {0: 3, 1: 2}


def first_phases(people, households):
    """Every first phase with its chance: rows, and their weights; of a unit all households, or so many."""
    for units in itertools.combinations(range(3), 2):
        drawn = [
            [row for row in people if row[:2] == unit]
            for unit in [(0, units[0]), (0, units[1]), (1, 0), (1, 1)]
        ]
        ways = []
        for rows in drawn:
            held = sorted({row[2] for row in rows})
            kept = min(households or len(held), len(held))
            ways.append([(rows, set(each), len(held) / kept) for each in itertools.combinations(held, kept)])
        every = list(itertools.product(*ways))
        for way in every:
            chosen = [(row, factor) for rows, kept, factor in way for row in rows if row[2] in kept]
            weight = [factor * (1.5 if row[0] == 0 else 1.0) for row, factor in chosen]
            yield 1 / 3 / len(every), [row for row, _ in chosen], np.array(weight)


def second_phases(rows, unit):
    """Every second phase: two units of each stratum, or all where there are no more; chance and factors."""
    strata = {}
    for at, row in enumerate(rows):
        strata.setdefault(row[3], {}).setdefault(row[:3] if unit == "household" else at, []).append(at)
    ways = [list(itertools.combinations(units.values(), min(2, len(units)))) for units in strata.values()]
    every = list(itertools.product(*ways))
    for way in every:
        factor = np.zeros(len(rows))
        for drawn, units in zip(way, strata.values(), strict=True):
            factor[[at for each in drawn for at in each]] = len(units) / len(drawn)
        yield 1 / len(every), factor


def sampled(rows, weight, factor, design):
    """A cube of a sample, made without the engine: there are hundreds of samples."""
    stratum, unit, household, screened, value = zip(*rows, strict=True)
    weight, value = weight * factor, np.array(value, float)
    columns = {
        "contributors": (weight > 0).astype(int),
        "weight__0": weight,
        "weight__squared": weight**2,
        "sum__y__0": weight * value,
        "sum__y__squared": weight * value**2,
        "__stratum": stratum,
        "__unit": unit,
        "__household": household,
        "__screened": screened,
        "__again": (factor > 0).astype(int),
        "__units": [UNITS[each] for each in stratum],
        "__households": [len({row[2] for row in PEOPLE if row[:2] == own[:2]}) for own in rows],
    }
    return SurveyCube(pa.table(columns), (), (), ("y",), (), design)


@pytest.mark.parametrize(
    ("unit", "households"),
    [("household", None), ("each_record", None), ("household", 2)],
    ids=["households of units", "persons of units", "households of households"],
)
def test_over_every_possible_sample_the_variance_is_on_average_that_of_the_total(unit, households):
    units = Stage("unit", "stratum", population="units")
    stages = (units,) if households is None else (units, Stage("household", population="households"))
    second = SecondPhase("again", unit, "both_phases", ("screened",))
    design = TaylorDesign("w", stages, numbered="within_strata", second_phase=second)
    # Of persons there are many samples: those of the first households are enough.
    people = PEOPLE if unit == "household" else [row for row in PEOPLE if row[2] == 0 or row[3] == "m"]
    found = []
    for of_first, rows, weight in first_phases(people, households):
        for of_second, factor in second_phases(rows, unit):
            cube = sampled(rows, weight, factor, design)
            figures = figures_of(cube, Measure("total", of="y"), ())
            parts = variance_parts(figures.entries, figures.components, cube.units, None)
            variance = sum(float(part.variance[0]) for part in parts)
            found.append((of_first * of_second, figures.values[0, 0], variance))
    chance, total, variance = np.array(found).T
    truth = sum(row[4] for row in people)
    assert math.isclose(chance.sum(), 1)
    assert math.isclose(chance @ total, truth)
    assert math.isclose(chance @ variance, chance @ (total - truth) ** 2, rel_tol=1e-10)
    assert (variance < 0).any()  # as unbiased estimates of so few may be


def test_those_whom_only_the_first_phase_drew_are_in_no_cell_and_in_no_count():
    found = table(records(PLAIN), Measure("mean", of="y"))
    assert {cell for cell, _ in found} == {"x", "y", "_T"}
    assert (found["_T", "value"]["contributors"], found["_T", "value"]["not_stated"]) == (4, 0)


def test_a_first_unit_of_which_nobody_was_drawn_again_was_drawn_all_the_same():
    # Units 1 and 2 of four were drawn; of unit 2 nobody was asked again. Parts as above, with t = 8 and 24:
    # 1. 1/2 · 2 (32² + 0 - 32²/2) = 512; 2. c = 2/4 · 1/1 = 1/2, so 256;
    # 3. -1 · 1/2 · 2 · 1/2 (8² + 24²) = -320; 4. 2 · 1/2 (8² + 8²) = 128.
    rows = records(
        [(4, 1, 1, 4.0, 2), (4, 1, 1, 4.0, 6), (4, 2, 0, None, None), (4, 2, 0, None, None)],
        ("N", "p", "again", "w", "y"),
    )
    design = TaylorDesign(
        "w", (Stage("p", population="N"),), second_phase=SecondPhase("again", "each_record", "both_phases")
    )
    row = table(rows, Measure("total", of="y"), design, by=())["value",]
    assert (row["value"], row["variance"]) == (32, pytest.approx(512 + 256 - 320 + 128))


@pytest.mark.parametrize("kind", [pa.bool_(), pa.string(), pa.float64()])
def test_who_was_drawn_again_may_be_said_by_truth_values_or_numbers(kind):
    rows = records(PLAIN)
    rows = rows.set_column(COLUMNS.index("again"), "again", rows["again"].cast(pa.int8()).cast(kind))
    assert table(rows, Measure("total", of="y")) == table(records(PLAIN), Measure("total", of="y"))


def test_weights_of_the_first_phase_are_multiplied_by_what_the_second_left_out():
    of_first = TaylorDesign(
        "w", RECORDS, second_phase=SecondPhase("again", "each_record", "first_phase", ("s",))
    )
    rows = changed("w", 2, 2, 2, 2, 2, 2)
    for measure in (
        Measure("total", of="y"),
        Measure("quantile", of="y", at=0.5),
        Measure("proportion", when="high"),
    ):
        assert table(rows, measure, of_first) == table(records(PLAIN), measure)


def test_neither_order_nor_threads_change_a_bit():
    found = []
    for seed, threads in ((1, 1), (2, 4)):
        order = np.random.default_rng(seed).permutation(len(first_phase()))
        with Engine(threads=threads) as engine:
            rows = engine.relation(first_phase().take(pa.array(order)))
            cube = survey_cube(
                rows, design=CASES["two_stages_then_households"].design, dimensions=["g"], measures=["y"]
            )
        found.append(survey_table(cube, Measure("mean", of="y"), by=["g"], gaps=[Gap("g", "a", "b")]))
    assert found[0].equals(found[1])


def test_a_poverty_rate_has_the_error_of_the_proportion_below_its_line():
    rate = table(records(PLAIN), Measure("poverty_rate", of="y", line=6.5))["_T", "value"]
    high = table(records(PLAIN), Measure("proportion", when="high"))["_T", "value"]
    assert rate["value"] == pytest.approx(1 - high["value"])
    assert rate["variance"] == pytest.approx(high["variance"])


@pytest.mark.parametrize("measure", [Measure("quantile", of="y", at=0.5), Measure("gini", of="y")])
def test_quantiles_and_inequality_have_errors_of_both_phases(measure):
    case = CASES["units_then_records"]
    both = table_of_case(case.design, measure)
    alone = TaylorDesign("v3", case.design.stages, numbered="within_strata")
    one = table_of_case(alone, measure, first_phase().filter(pc.equal(first_phase()["drawn"], 1)))
    assert both["value"] == one["value"]
    assert both["standard_error"] > one["standard_error"] > 0
    assert both["lower"] < both["value"] < both["upper"]


def table_of_case(design, measure, rows=None):
    """The figure of everyone."""
    with Engine() as engine:
        cube = survey_cube(
            engine.relation(first_phase() if rows is None else rows), design=design, distributed=["y"]
        )
    return survey_table(cube, measure).to_pylist()[0]


def test_what_no_sample_changes_has_no_error():
    # Of 12 all count one: t is 4 and 4, 2 and 2. 1. 3/5 (40 - 12²/6) = 9.6; 2. 1/2 · 3/5 (32 - 8²/6) = 6.4;
    # 3. -1/2 · 32 = -16; 4. 0.
    count = table(records(PLAIN), Measure("count"))["_T", "value"]
    assert (count["value"], count["variance"], count["lower"], count["upper"]) == (12, 0, 12, 12)


def test_a_variance_that_comes_out_below_zero_is_none_and_the_figure_stands_without_an_error():
    case = CASES["records_again_without_strata"]
    with Engine() as engine:
        cube = survey_cube(engine.relation(first_phase()), design=case.design)
    (count,) = survey_table(cube, Measure("count")).to_pylist()
    assert count["value"] == pytest.approx(5 * len(first_phase()))
    without = ("variance", "standard_error", "cv", "lower", "upper", "design_effect")
    assert [count[name] for name in without] == [None] * 6
    # The second phase, of which all are one stratum, has the fewer.
    assert count["degrees_of_freedom"] == sum(first_phase()["drawn"].to_pylist()) - 1


def test_degrees_of_freedom_compare_the_variance_with_the_squares_that_it_is_made_of():
    # 6 of 8 squares of the first phase, with 16 degrees, and 2 of the second with 4: (6 / (8/4 + 2/2))² = 4.
    # Of the first alone they are its 16, of the second alone its 4. They are at most the more of the two, at
    # least one, and the fewer where the variance is zero or below.
    variance, first, second = np.array(
        [(6, 8, 2), (8, 8, 0), (2, 0, 2), (30, 8, 2), (0.1, 8, 2), (0, 8, 2), (-1, 8, 2), (0, 0, 0)], float
    ).T
    found = both_phases_freedom(variance, first, second, np.full(8, 16), np.full(8, 4))
    assert found.tolist() == [4, 16, 4, 16, 1, 4, 4, 4]
    nothing = np.zeros(1, np.int64)
    assert both_phases_freedom(*np.ones((3, 1)), nothing, nothing).tolist() == [0]


# Of stratum c one of two was drawn again: its t is 2 · 4 · 3 = 24 in a first phase of 8 of 16.
SINGLE = [
    *((16, *row[1:]) for row in PLAIN),
    (16, "c", 1, "x", 8.0, 3),
    (16, "c", 0, None, None, None),
]


def test_a_stratum_of_the_second_phase_with_a_single_unit_is_refused_until_it_is_said_what_it_adds():
    with pytest.raises(
        ProjectError, match="At the second phase, 1 of 3 strata \\(s\\) have one sampled unit"
    ):
        table(records(SINGLE), Measure("total", of="y"))


@pytest.mark.parametrize(("rule", "added"), [("certainty", 0.0), ("around_zero", 0.5 * 24**2)])
def test_a_single_unit_of_the_second_phase_adds_what_its_rule_says(rule, added):
    # 1. (1 - 1/2) 8/7 (40² + 120² + 10² + 14² + 24² - 208²/8) = 4/7 · 11,464 = 45,856/7
    # 2. of a: 1/2 · 4/7 (16,000 - 160²/8) = 25,600/7; of c no pair was seen. 3. An own square counts
    # 4/7 (1 - 1/8) = 1/2: of a -1/2 · 16,000 = -8,000, of c 1/2 (1/2 - 1) 24² = -144. 4. of a 3,200.
    design = TaylorDesign("w", RECORDS, single_unit=rule, second_phase=BOTH)
    row = table(records(SINGLE), Measure("total", of="y"), design)["_T", "value"]
    assert row["variance"] == pytest.approx((45_856 + 25_600) / 7 - 8_144 + 3_200 + added)


def test_households_are_told_apart_within_the_units_of_every_stage():
    # Household 0 is in every area; the stage of areas adds nothing here, and still tells households apart.
    second = SecondPhase("drawn_hh", "hh", "both_phases", ("kind",))
    numbered = SecondPhase("drawn_hh", "place", "both_phases", ("kind",))
    within, across = (
        TaylorDesign("v3_hh", (Stage("h"), Stage("area"), *stages), second_phase=phase)
        for phase, stages in ((second, (Stage("hh"),)), (numbered, (Stage("place"),)))
    )
    assert table_of_case(within, Measure("quantile", of="y", at=0.5)) == table_of_case(
        across, Measure("quantile", of="y", at=0.5)
    )


def test_known_totals_leave_what_they_do_not_explain_to_vary_in_both_phases():
    # With the number of persons known, the error of a total is that of the residuals from the mean.
    case = CASES["units_then_records"]
    rows = first_phase()
    asked = np.asarray(rows["drawn"]) == 1
    value = np.where(asked, np.nan_to_num(pc.fill_null(rows["y"], 200.0).to_numpy()), 0.0)
    base = np.asarray(rows["v3"])
    weight = base * 1.25
    mean = (base * value).sum() / base.sum()
    rows = rows.set_column(rows.column_names.index("y"), "y", pa.array(value, mask=~asked))
    rows = rows.append_column("cw", pa.array(weight, mask=~asked))
    rows = rows.append_column("e", pa.array(value - mean, mask=~asked))
    rows = rows.append_column("known", pa.array(np.ones(len(rows)), mask=~asked))
    calibrated = TaylorDesign(
        "cw", case.design.stages, "within_strata", calibrated=CalibratedTo("v3", (), ("known",)),
        second_phase=case.design.second_phase,
    )  # fmt: skip
    plain = TaylorDesign("cw", case.design.stages, "within_strata", second_phase=case.design.second_phase)
    found = []
    for design, of in ((calibrated, "y"), (plain, "e")):
        with Engine() as engine:
            cube = survey_cube(engine.relation(rows), design=design, measures=[of])
        found.append(survey_table(cube, Measure("total", of=of)).to_pylist()[0])
        if design is calibrated:
            count = survey_table(cube, Measure("count")).to_pylist()[0]
    assert found[0]["variance"] == pytest.approx(found[1]["variance"], rel=1e-10)
    assert (count["variance"], count["lower"]) == (0, count["value"])  # known, and no sample changes it


def test_what_weights_were_calibrated_to_must_be_there_for_those_drawn_again():
    rows = records(PLAIN).append_column("m", pa.array(["p", None, None, None, "p", "q"]))
    design = TaylorDesign("w", RECORDS, calibrated=CalibratedTo("w", (("m",),)), second_phase=BOTH)
    with pytest.raises(ContractBroken, match="m is missing in 1 record"):
        table(rows, Measure("total", of="y"), design)


def test_a_file_without_those_whom_the_first_phase_alone_drew_is_refused():
    alone = records([row for row in PLAIN if row[2] == 1])
    with pytest.raises(ContractBroken, match="every record was drawn at the second phase"):
        table(alone, Measure("total", of="y"))


@pytest.mark.parametrize(
    ("name", "values", "complaint"),
    [
        ("again", (1, 1, 2, 0, 1, 1), "again is neither 0 nor 1 in 1 records"),
        ("again", (1, 1, None, 0, 1, 1), "again is missing in 1 record"),
        ("again", ("yes", "yes", "no", "no", "yes", "yes"), "again is neither 0 nor 1 in 6 records"),
        ("again", (1, 1, 0, 0, 0, 0), "2 records have a w, and were not drawn at the second phase"),
        ("s", ("a", "a", "a", None, "b", "b"), "s is missing in 1 record"),
        (
            "s",
            ("a", "a", "c", "c", "b", "b"),
            "Of 1 of 3 strata of the second phase \\(s\\) nobody was drawn",
        ),
        ("w", (4.0, None, None, None, 2.0, 2.0), "The weight w is missing"),
    ],
)
def test_records_that_contradict_two_phases_are_refused(name, values, complaint):
    with pytest.raises(ContractBroken, match=complaint):
        table(changed(name, *values), Measure("total", of="y"))


@pytest.mark.parametrize(
    ("households", "strata", "complaint"),
    [
        ((1, 1, 1, 2, 3, 3), ("a", "a", "a", "a", "b", "b"), "Of a unit of hh some records were drawn"),
        ((1, 1, 2, 2, 1, 1), ("a", "a", "a", "a", "b", "b"), "A unit of hh lies in more than one stratum"),
    ],
)
def test_households_are_drawn_whole_and_in_one_stratum(households, strata, complaint):
    rows = (
        changed("s", *strata)
        .append_column("hh", pa.array(households))
        .append_column("p", pa.array([1, 1, 1, 1, 1, 1]))
    )
    second = SecondPhase("again", "hh", "both_phases", ("s",))
    design = TaylorDesign("w", (Stage("p"),), single_unit="around_zero", second_phase=second)
    with pytest.raises(ContractBroken, match=complaint):
        table(rows, Measure("total", of="y"), design)


def designed(
    stages=RECORDS, drawn="again", unit="each_record", covers="both_phases", strata=("s",), **settings
):
    return TaylorDesign("w", stages, second_phase=SecondPhase(drawn, unit, covers, strata), **settings)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"covers": "all"}, "cannot cover 'all'"),
        ({"strata": ("again",)}, "does not name a column each"),
        ({"drawn": ""}, "does not name a column each"),
        ({"unit": "hh"}, "draws each record in its first phase, and units of hh in its second"),
        ({"stages": (Stage("p"), Stage("hh")), "unit": "p"}, "of which the first drew parts"),
        ({"stages": (Stage("p", "h"),), "unit": "h"}, "of which the first drew parts"),
        ({"single_unit": "average"}, "averages single units, but has variance at both of its phases"),
        ({"drawn": "w"}, "that is something else already"),
        ({"strata": ("N",)}, "that is something else already"),
        (
            {"covers": "first_phase", "calibrated": CalibratedTo("b", ((),))},
            "calibrated, and yet of the first phase alone",
        ),
    ],
)
def test_a_design_of_two_phases_that_leaves_something_open_is_refused(settings, complaint):
    with pytest.raises(ProjectError, match=complaint):
        designed(**settings)


def test_replicate_weights_are_not_made_of_two_phases():
    with pytest.raises(ProjectError, match="Replicate weights of a two-phase sample cannot be made"):
        with_replicates(records(PLAIN), DESIGN, Replication("jk1"))


def test_the_published_statements_show_how_weights_of_the_first_phase_become_those_of_both():
    design = TaylorDesign(
        "w", RECORDS, second_phase=SecondPhase("again", "each_record", "first_phase", ("s",))
    )
    with Engine() as engine:
        prepared, _ = survey_cube_sql(engine.relation(changed("w", 2, 2, 2, 2, 2, 2)), design=design)
        weights = engine.query(prepared, {"records": changed("w", 2, 2, 2, 2, 2, 2)}).to_arrow()["__w"]
    assert "units for one drawn" in prepared
    assert sorted(weights.to_pylist()) == [0, 0, 2, 2, 4, 4]
