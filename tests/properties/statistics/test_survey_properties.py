"""Survey figures against a definition in plain Python, and what must not change them."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.engine import Engine
from sojourn.engine.rules import parse_rule
from sojourn.statistics.survey import (
    Gap,
    Measure,
    Replication,
    Stage,
    TaylorDesign,
    survey_cube,
    survey_table,
    with_replicates,
)
from sojourn.statistics.survey.hadamard import hadamard
from survey_samples import sample

SOME = settings(max_examples=15, deadline=None, derandomize=True)
DESIGN = TaylorDesign(
    "w", (Stage("p", "h", population="N"), Stage("s", population="M")), numbered="within_strata"
)
RECORD = st.fixed_dictionaries(
    {
        "h": st.sampled_from([1, 2]),
        "p": st.sampled_from([1, 2, 3]),
        "s": st.sampled_from([1, 2]),
        "g": st.sampled_from(["a", "b"]),
        "u": st.sampled_from([0, 1, None]),
        "w": st.integers(0, 9),
        "y": st.one_of(st.none(), st.integers(-50, 50)),
    }
)
# Every unit of both stages is in the sample at least once, so that no stratum has a single one.
FLOOR = [
    {"h": h, "p": p, "s": s, "g": "a", "u": 1, "w": 1, "y": 1}
    for h, p, s in itertools.product((1, 2), (1, 2, 3), (1, 2))
]


def made(rows, **settings):
    """The cube of records written as dictionaries."""
    columns = {name: pa.array([row[name] for row in rows]) for name in rows[0]}
    columns |= {"N": pa.array([7] * len(rows)), "M": pa.array([5] * len(rows))}
    columns["y"] = columns["y"].cast(pa.int64())
    with Engine(**settings) as engine:
        return survey_cube(
            engine.relation(pa.table(columns)),
            design=DESIGN,
            dimensions=["g"],
            measures=["y"],
            conditions={"is_one": parse_rule("u = 1", list(columns))},
        )


def by_definition(rows, score):
    """The variance of a sum of scores, unit by unit and stage by stage, in plain Python."""
    first, second = defaultdict(float), defaultdict(float)
    for row in rows:
        first[row["h"], row["p"]] += score(row)
        second[row["h"], row["p"], row["s"]] += score(row)
    variance = 0.0
    for stratum in (1, 2):
        totals = [first[stratum, unit] for unit in (1, 2, 3)]
        mean = sum(totals) / 3
        variance += (1 - 3 / 7) * 3 / 2 * sum((total - mean) ** 2 for total in totals)
        for unit in (1, 2, 3):
            inner = [second[stratum, unit, each] for each in (1, 2)]
            middle = sum(inner) / 2
            variance += 3 / 7 * (1 - 2 / 5) * 2 * sum((total - middle) ** 2 for total in inner)
    return variance


@SOME
@given(st.lists(RECORD, max_size=25))
def test_a_mean_and_its_variance_are_those_of_the_definition(drawn):
    rows = [*FLOOR, *drawn]
    for row in survey_table(made(rows), Measure("mean", of="y"), by=["g"]).to_pylist():
        members = [r for r in rows if row["g"] in ("_T", r["g"]) and r["y"] is not None]
        weight = sum(r["w"] for r in members)
        if not weight:
            assert row["value"] is None
            continue
        mean = sum(r["w"] * r["y"] for r in members) / weight
        assert math.isclose(row["value"], mean, rel_tol=1e-12, abs_tol=1e-12)
        inside = {id(r) for r in members}
        variance = by_definition(
            rows, lambda r, m=mean, w=weight, i=inside: r["w"] * (r["y"] - m) / w if id(r) in i else 0.0
        )
        assert math.isclose(row["variance"], variance, rel_tol=1e-9, abs_tol=1e-12)


@SOME
@given(st.lists(RECORD, max_size=25))
def test_a_gap_of_proportions_takes_out_what_both_groups_share(drawn):
    rows = [*FLOOR, {**FLOOR[0], "g": "b", "u": 0}, *drawn]
    found = survey_table(
        made(rows), Measure("proportion", when="is_one"), by=["g"], gaps=[Gap("g", "b", "a")]
    )
    gap = next(row for row in found.to_pylist() if row["figure"] == "difference")
    base = {g: sum(r["w"] for r in rows if r["g"] == g and r["u"] is not None) for g in "ab"}
    share = {g: sum(r["w"] for r in rows if r["g"] == g and r["u"] == 1) / base[g] for g in "ab"}
    assert math.isclose(gap["value"], share["b"] - share["a"], abs_tol=1e-12)

    def score(row):
        if row["u"] is None:
            return 0.0
        sign = 1 if row["g"] == "b" else -1
        return sign * row["w"] * (row["u"] - share[row["g"]]) / base[row["g"]]

    assert math.isclose(gap["variance"], by_definition(rows, score), rel_tol=1e-9, abs_tol=1e-12)


@SOME
@given(st.lists(RECORD, max_size=40), st.randoms(use_true_random=False))
def test_neither_order_nor_threads_change_a_bit(drawn, chance):
    rows = [*FLOOR, *drawn]
    shuffled = chance.sample(rows, len(rows))
    for measure in (Measure("mean", of="y"), Measure("proportion", when="is_one")):
        first, second = (
            survey_table(made(each, threads=threads), measure, by=["g"])
            for each, threads in ((rows, 1), (shuffled, 4))
        )
        assert first.equals(second)


@SOME
@given(st.lists(RECORD, max_size=25), st.integers(1, 60))
def test_weights_of_another_scale_change_no_mean_and_no_error_of_it(drawn, factor):
    rows = [*FLOOR, *drawn]
    raised = [{**row, "w": row["w"] * factor} for row in rows]
    for one, other in zip(
        *(survey_table(made(each), Measure("mean", of="y"), by=["g"]).to_pylist() for each in (rows, raised)),
        strict=True,
    ):
        assert one["value"] == pytest.approx(other["value"])
        assert one["variance"] == pytest.approx(other["variance"], abs=1e-12)


def figures(records, design, measure, **settings):
    with Engine() as engine:
        cube = survey_cube(
            engine.relation(records), design=design, dimensions=["g"], measures=["y", "x"], distributed=["y"]
        )
    return survey_table(cube, measure, by=["g"], **settings).to_pylist()


PAIRS = TaylorDesign("w", (Stage("p", "h"),), numbered="within_strata")


@pytest.mark.parametrize(
    "replication",
    [Replication("brr"), Replication("fay", rho=0.5), Replication("jkn"), Replication("jk2", seed=3)],
)
def test_replicates_of_pairs_give_the_linearised_variance_of_a_total_exactly(replication):
    records = sample(5, (2, 3))
    copies, design = with_replicates(records, PAIRS, replication)
    for one, other in zip(
        figures(records, PAIRS, Measure("total", of="x")),
        figures(copies, design, Measure("total", of="x")),
        strict=True,
    ):
        assert other["variance"] == pytest.approx(one["variance"], rel=1e-10)


def test_the_bootstrap_gives_the_linearised_variance_on_average():
    records = sample()
    design = TaylorDesign("w", (Stage("p", "h", population="N"),), numbered="within_strata")
    copies, made_design = with_replicates(records, design, Replication("bootstrap", replicates=400, seed=8))
    for one, other in zip(
        figures(records, design, Measure("total", of="x"), totals="none"),
        figures(copies, made_design, Measure("total", of="x"), totals="none"),
        strict=True,
    ):
        # The standard error of a variance from 400 replicates is about a fourteenth of it.
        assert other["variance"] == pytest.approx(one["variance"], rel=0.25)


def test_successive_differences_are_those_of_neighbours():
    # With as many replicates as the matrix has rows beyond the units, the variance of a total is the mean
    # square of the differences between neighbours, the last beside a row of its own and the first likewise.
    values = np.array([3.0, 8.0, 1.0, 6.0, 2.0])
    records = pa.table({"p": [1, 2, 3, 4, 5], "w": [1.0] * 5, "y": values, "x": values, "g": ["a"] * 5})
    copies, design = with_replicates(
        records, TaylorDesign("w", (Stage("p"),)), Replication("successive_difference", replicates=8)
    )
    found = figures(copies, design, Measure("total", of="x"))[0]["variance"]
    ends = values[0] ** 2 + values[-1] ** 2
    assert found == pytest.approx(0.5 * (ends + ((values[1:] - values[:-1]) ** 2).sum()))


@pytest.mark.parametrize("least", [1, 2, 3, 5, 12, 13, 20, 24, 33, 60, 80, 81, 100])
def test_rows_of_a_hadamard_matrix_are_orthogonal(least):
    signs = hadamard(least)
    assert len(signs) >= least
    assert np.array_equal(signs @ signs.T, len(signs) * np.eye(len(signs)))
    assert (signs[0] == 1).all()
    assert (signs[:, 0] == 1).all()


@pytest.mark.parametrize(
    "measure",
    [
        Measure("gini", of="y"),
        Measure("poverty_rate", of="y", line=190.0),
        Measure("poverty_gap", of="y", line=190.0),
    ],
)
def test_scores_are_what_a_little_more_weight_does(measure):
    """A jackknife with an infinitesimal step instead of a unit left out: the definition of the scores."""
    records, step = sample(), 1e-6
    weight = np.asarray(records["w"])
    strata, units = np.asarray(records["h"]), np.asarray(records["pp"])
    before = figures(records, PAIRS, measure, totals="none")
    variance = np.zeros(len(before))
    for stratum in np.unique(strata):
        inside = np.unique(units[strata == stratum])
        change = []
        for unit in inside:
            heavier = np.where(units == unit, weight * (1 + step), weight)
            raised = records.set_column(records.column_names.index("w"), "w", pa.array(heavier))
            after = figures(raised, PAIRS, measure, totals="none")
            change.append([(b["value"] - a["value"]) / step for a, b in zip(before, after, strict=True)])
        change = np.array(change)
        variance += len(inside) / (len(inside) - 1) * ((change - change.mean(axis=0)) ** 2).sum(axis=0)
    assert [row["variance"] for row in before] == pytest.approx(list(variance), rel=1e-4)
