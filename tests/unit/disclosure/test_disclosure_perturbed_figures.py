"""Counts, shares and means of a table after perturbation, with numbers that can be followed by hand."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from sojourn.contracts.cell_keys import CellKey
from sojourn.disclosure import CellKeys, ProtectionRules, protect, with_net
from sojourn.disclosure.cell_keys import MagnitudeNoise, PerturbationTable, cell_key_table
from sojourn.disclosure.cell_keys.magnitudes import drawn_signs
from sojourn.errors import DataRefused, DisclosureRisk, ProjectError
from sojourn.statistics import cube, estimates

HALF = 2**31
# Keys of the lower half take one away, those of the upper half add one.
HALVES = PerturbationTable(np.array([1, 1]), np.array([HALF, 2**32]), np.array([-1, 1]))
NOISE = MagnitudeNoise(0.1)
RULES = ProtectionRules()


def persons(*rows):
    """Records of a region, a key, and where given an income and a weight."""
    region, key, income, weight = zip(*(row + (0.0, 1.0)[len(row) - 2 :] for row in rows), strict=True)
    columns = {"region": region, "income": income, "w": weight}
    return pa.table({**columns, "record_key": pa.array(key, pa.uint32())})


def protected(engine, table, statistic="count", weight=None, magnitudes=NOISE, given=None, **settings):
    """The observations by region of a table of these records."""
    records = engine.relation(table)
    measure = "income" if statistic == "mean" else None
    found = estimates(
        cube(records, dimensions=["region"], weight=weight, measures=["income"], person=None),
        statistic=statistic, dimensions=["region"], of=measure, time_period="2024", method="m", **settings,
    )  # fmt: skip
    keys = cell_key_table(records, dimensions=["region"], time_period="2024", weight=weight, measure=measure)
    keys = keys if given is None else given
    return protect(
        found, dimensions=["region"], statistic=statistic, rules=RULES,
        cell_keys=CellKeys(engine.relation(keys), HALVES, magnitudes),
    )  # fmt: skip


def shown(found, *columns):
    rows = found.observations.rows("REGION", *(columns or ("OBS_VALUE",)))
    return {row[0]: row[1] if len(row) == 2 else row[1:] for row in rows}


# North: 2 persons, key 3, one less; south: 3 persons, key 2**31, one more; all: 5 persons, key 2**31 + 3.
FIVE = (("n", 1), ("n", 2), ("s", HALF), ("s", 0), ("s", 0))


def test_every_count_is_changed_by_its_own_key(engine):
    assert shown(protected(engine, persons(*FIVE))) == {"n": 1.0, "s": 4.0, "_T": 6.0}


def test_every_figure_says_that_it_was_changed_also_those_that_chance_left_alone(engine):
    found = shown(protected(engine, persons(*FIVE)), "OBS_STATUS", "CONF_STATUS", "SE")
    assert set(found.values()) == {("T", "F", None)}


def test_a_weighted_count_is_the_changed_number_of_persons_times_their_mean_weight(engine):
    table = persons(("n", 1, 0.0, 10.0), ("n", 2, 0.0, 30.5), ("s", HALF, 0.0, 7.0))
    # North: 2 persons of 20.25 each become 1: 20 (halves to even); south: 1 of 7 becomes 2.
    found = shown(protected(engine, table, weight="w"))
    assert found == {"n": 20.0, "s": 14.0, "_T": 63.0}  # all: 47.5 / 3 * 4 = 63.33


def test_persons_of_weight_zero_are_nobody_and_their_keys_count_for_nothing(engine):
    table = persons(("n", 1, 0.0, 10.0), ("n", HALF, 0.0, 0.0), ("n", 1, 0.0, 10.0))
    assert shown(protected(engine, table, weight="w"))["n"] == 10.0  # 2 persons, key 2: one less


def test_a_share_divides_changed_counts(engine):
    # 1 / 6 and 4 / 6: shares of published counts, and not of 2, 3 and 5.
    found = shown(protected(engine, persons(*FIVE), "share"))
    assert found == {"n": pytest.approx(100 / 6), "s": pytest.approx(400 / 6), "_T": 100.0}


def test_no_share_is_more_than_everything(engine):
    table = persons(("n", HALF), ("n", 0), ("s", HALF))
    # North 2 + 1 = 3; all 3 persons, key 2**32 = 0: 3 - 1 = 2.
    assert shown(protected(engine, table, "share"))["n"] == 100.0


def test_a_mean_is_made_of_a_changed_sum_and_a_changed_count(engine):
    found = protected(engine, persons(("n", 1, 100.0), ("n", 2, 50.0), ("s", HALF, 30.0)), "mean")
    # North: (150 + 0.1 * 100 * z) * 1 / 2 to whole numbers, by the changed count of 1.
    sign = drawn_signs(np.array([3]), 0)[0]
    assert shown(found)["n"] == np.rint((150 + 10 * sign) / 2)
    assert shown(found)["n"] != 75.0


def test_the_noise_of_a_sum_is_never_less_than_half_of_its_share_and_zero_on_average():
    drawn = drawn_signs(np.random.default_rng(3).integers(0, 2**32, 200_000), 0)
    assert np.abs(drawn).min() >= 0.5
    assert np.abs(drawn).max() <= 1.0
    assert abs(drawn.mean()) < 4 * np.sqrt(7 / 12 / 200_000)  # 7/12 is its variance
    second = drawn_signs(np.random.default_rng(3).integers(0, 2**32, 200_000), 1)
    assert abs(np.corrcoef(drawn, second)[0, 1]) < 0.01


def test_the_largest_contributors_follow_each_cell_and_total(engine):
    table = persons(("n", 1, -100.0), ("n", 2, 50.0), ("s", 3, 70.0), ("s", 4, None), ("w", 4, 5.0))
    keys = cell_key_table(
        engine.relation(table), dimensions=["region"], time_period="2024", measure="income"
    ).to_pylist()
    names = ("cell_key", "amount", "largest", "second_largest", "third_largest")
    assert {row["region"]: tuple(row[name] for name in names) for row in keys} == {
        "n": (3, 2.0, 100.0, 50.0, None),
        "s": (3, 1.0, 70.0, None, None),
        "w": (4, 1.0, 5.0, None, None),
        "_T": (10, 4.0, 100.0, 70.0, 50.0),
    }


def test_a_count_that_became_zero_leaves_no_row_that_would_tell_of_somebody(engine):
    table = persons(("n", 1), ("s", HALF), ("s", 0))
    assert shown(protected(engine, table)) == {"s": 3.0, "_T": 4.0}
    assert shown(protected(engine, persons(("n", 1, 9.0), ("s", HALF, 9.0)), "mean")).keys() == {"s", "_T"}


def test_where_a_table_shows_zeros_of_nobody_zeros_of_somebody_look_the_same(engine):
    records = engine.relation(
        pa.table(
            {
                "region": ["n", "s", "s", "n", "x"],
                "sex": ["f", "m", "m", "m", "m"],
                "record_key": pa.array([1, HALF, 0, HALF, 2], pa.uint32()),
            }
        )
    )
    names = ["region", "sex"]
    found = estimates(
        cube(records, dimensions=names, person=None), statistic="count", dimensions=names, totals="none",
        time_period="2024", method="m", complete=True,
    )  # fmt: skip
    keys = cell_key_table(records, dimensions=names, time_period="2024", margins=[])
    rows = protect(
        found, dimensions=names, statistic="count", rules=RULES,
        cell_keys=CellKeys(engine.relation(keys), HALVES),
    ).observations.rows("REGION", "SEX", "OBS_VALUE", "OBS_STATUS")  # fmt: skip
    # North women were one and are none; south women are nobody; x has nobody left in any row, nor has `f`.
    assert sorted(rows) == [("n", "m", 2.0, "T"), ("s", "m", 3.0, "T")]


def test_errors_are_scaled_with_their_figures_and_cut_to_two_digits(engine):
    records = engine.relation(persons(*FIVE))
    found = estimates(
        cube(records, dimensions=["region"], person=None), statistic="count", dimensions=["region"],
        time_period="2024", method="m",
    ).to_arrow()  # fmt: skip
    found = found.set_column(
        found.column_names.index("variance"), "variance", pa.array([0.1234**2] * len(found))
    )
    keys = cell_key_table(records, dimensions=["region"], time_period="2024")
    shown_errors = protect(
        engine.relation(found), dimensions=["region"], statistic="count", rules=RULES,
        cell_keys=CellKeys(engine.relation(keys), HALVES),
    ).observations.rows("REGION", "SE")  # fmt: skip
    assert {region: pytest.approx(error) for region, error in shown_errors} == {
        "n": 0.062, "s": 0.16, "_T": 0.15,  # 0.1234 times 1/2, 4/3 and 6/5
    }  # fmt: skip


def test_a_difference_of_changed_figures_says_so(engine):
    records = engine.relation(
        pa.table({"direction": ["A", "A", "D"], "record_key": pa.array([HALF, 0, HALF], pa.uint32())})
    )
    found = estimates(
        cube(records, dimensions=["direction"], person=None), statistic="count", dimensions=["direction"],
        time_period="2024", method="m",
    )  # fmt: skip
    keys = cell_key_table(records, dimensions=["direction"], time_period="2024")
    changed = protect(
        found, dimensions=["direction"], statistic="count", rules=RULES,
        cell_keys=CellKeys(engine.relation(keys), HALVES),
    )  # fmt: skip
    rows = with_net(changed, dimensions=["direction"]).observations.rows(
        "DIRECTION", "OBS_VALUE", "OBS_STATUS"
    )
    assert ("NET", 1.0, "T") in rows  # (2 + 1) - (1 + 1)


def test_the_report_says_the_method_and_nothing_of_its_parameters(engine):
    report = protected(engine, persons(*FIVE), "mean").report
    assert report["rules"]["method"] == "cell_keys"
    assert json.loads(json.dumps(report)) == report
    assert report.keys() == {"rules", "statistic", "dimensions", "cells"}
    assert not any(letter.isdigit() for letter in json.dumps({**report, "cells": None}))


def test_what_cannot_be_perturbed_is_refused_with_what_to_do(engine):
    table = persons(*FIVE)
    with pytest.raises(ProjectError, match=r"A mean needs noise of its sum[\s\S]*Declare the share"):
        protected(engine, table, "mean", magnitudes=None)
    with pytest.raises(DataRefused, match=r"3 cells of the table have no key[\s\S]*same records"):
        protected(engine, table, given=CellKey.schema(("region",)).empty_table())
    with pytest.raises(DisclosureRisk, match="without the totals that they are shares of"):
        protected(engine, table, "share", totals="none")
    keys = engine.relation(cell_key_table(engine.relation(table), dimensions=["region"], time_period="2024"))
    with pytest.raises(ProjectError, match=r"A proportion cannot be perturbed[\s\S]*suppression"):
        protect(
            estimates(
                cube(engine.relation(table), dimensions=["region"], person=None), statistic="count",
                dimensions=["region"], time_period="2024", method="m",
            ),
            dimensions=["region"], statistic="proportion", rules=RULES, cell_keys=CellKeys(keys, HALVES),
        )  # fmt: skip


@pytest.mark.parametrize("settings", [(0.0,), (1.5,), (0.1, 0), (0.1, 4), (0.1, 1, 0.0)])
def test_noise_of_sums_that_makes_no_sense_is_refused(settings):
    with pytest.raises(ProjectError):
        MagnitudeNoise(*settings)
