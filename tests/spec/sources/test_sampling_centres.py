"""Samples at centres: weights by attendance, popularity from the same answers, and when it cannot be told."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from all_samples import row_of, samples
from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.centres import (
    CentresDesign,
    centre_popularity,
    centres_estimates,
    centres_weights,
)
from sojourn.sources.sampling.targets import Target

ATTENDS = {"mosque": "to_mosque", "shop": "to_shop"}


def met(*people) -> pa.Table:
    """People as (centre, goes to the mosque, goes to the shop, value)."""
    names = ["centre", "to_mosque", "to_shop", "y"]
    columns = {name: [one[place] for one in people] for place, name in enumerate(names)}
    return pa.table({"id": list(range(len(people))), **columns})


SIX = met(
    ("mosque", 1, 0, 1.0), ("mosque", 1, 1, 0.0), ("mosque", 1, 0, 1.0),
    ("shop", 0, 1, 0.0), ("shop", 1, 1, 1.0), ("shop", 0, 1, 0.0),
)  # fmt: skip


def test_with_known_sizes_a_weight_is_one_divided_by_the_expected_interviews():
    design = CentresDesign("centre", ATTENDS, sizes={"mosque": 60, "shop": 90})
    weights = centres_weights(SIX, design, unit="id")["weight"].to_pylist()
    # 3 of 60 and 3 of 90 are asked: who goes to one is met 1/20 or 1/30 times, who goes to both 1/12.
    assert weights == pytest.approx([20, 12, 20, 30, 12, 30])


def test_with_known_sizes_totals_are_unbiased_over_all_samples():
    goes = np.array([[1, 0], [1, 1], [1, 0], [0, 1], [1, 1], [0, 1]])
    y = np.array([2.0, 7.0, 1.0, 8.0, 4.0, 5.0])
    pools = [np.flatnonzero(goes[:, place]).tolist() for place in (0, 1)]
    design = CentresDesign("centre", ATTENDS, sizes={"mosque": 4, "shop": 4}, replicates=2)
    values = []
    for places in samples((pools[0], 2), (pools[1], 2)):
        rows = [
            (["mosque", "shop"][number // 2], *goes[place], y[place]) for number, place in enumerate(places)
        ]
        values.append(row_of(centres_estimates(met(*rows), design, [Target("t", "total", "y")]))["value"])
    assert np.mean(values) == pytest.approx(y.sum(), rel=1e-12)


def test_popularity_and_weights_agree_with_each_other():
    design = CentresDesign("centre", ATTENDS)
    weights = np.array(centres_weights(SIX, design, unit="id")["weight"])
    popularity = centre_popularity(SIX, design)["popularity"].to_numpy()
    goes = np.stack([SIX["to_mosque"].to_numpy(), SIX["to_shop"].to_numpy()], axis=1)
    assert weights.sum() == pytest.approx(6)
    assert weights @ goes / 6 == pytest.approx(popularity)
    expected = goes @ (3 / popularity)
    assert weights * expected == pytest.approx(np.full(6, weights[0] * expected[0]))
    # Both centres are alike: each is the whole of one's goers; p = (2a + 2b)/(4a + 2b) with b = a/2.
    assert popularity.tolist() == pytest.approx([0.6, 0.6])
    assert weights[0] == pytest.approx(2 * weights[1])


def test_weights_add_up_to_the_population_where_it_is_known():
    design = CentresDesign("centre", ATTENDS, population=900)
    assert sum(centres_weights(SIX, design, unit="id")["weight"].to_pylist()) == pytest.approx(900)
    row = row_of(centres_estimates(SIX, design, [Target("all", "total")]))
    assert (row["value"], row["standard_error"]) == (pytest.approx(900), pytest.approx(0, abs=1e-9))


def test_visits_count_as_often_as_they_are_made():
    table = met(("mosque", 4, 0, 1.0), ("mosque", 2, 2, 0.0), ("shop", 0, 1, 0.0), ("shop", 1, 3, 1.0))
    design = CentresDesign("centre", ATTENDS, sizes={"mosque": 100, "shop": 50})
    # Two interviews of 100 visits to one, of 50 to the other: 4/50; 2/50 + 2/25; 1/25; 1/50 + 3/25.
    weights = centres_weights(table, design, unit="id")["weight"].to_pylist()
    assert weights == pytest.approx([12.5, 1 / 0.12, 25, 1 / 0.14])


def test_a_centre_where_nobody_was_asked_does_not_matter():
    table = SIX.append_column("to_park", pa.array([1, 0, 0, 0, 1, 1]))
    more = CentresDesign("centre", {**ATTENDS, "park": "to_park"})
    plain = CentresDesign("centre", ATTENDS)
    one, other = (centres_weights(table, each, unit="id")["weight"] for each in (more, plain))
    assert one.to_pylist() == pytest.approx(other.to_pylist())
    assert centre_popularity(table, more)["asked"].to_pylist() == [3, 3, 0]


def test_the_same_seed_gives_the_same_errors_and_another_one_others():
    def error(seed):
        design = CentresDesign("centre", ATTENDS, seed=seed, replicates=50)
        return row_of(centres_estimates(SIX, design, [Target("y", "mean", "y")]))["standard_error"]

    assert error(1) == error(1) != error(2)


def test_totals_without_any_size_are_refused():
    design = CentresDesign("centre", ATTENDS)
    with pytest.raises(ProjectError, match="nobody knows how many people there are"):
        centres_estimates(SIX, design, [Target("t", "total", "y")])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [("mosque", 1, 0, 1), ("mosque", 1, 0, 1), ("shop", 1, 1, 0), ("shop", 0, 1, 0)],
            "not chained in both",
        ),
        ([("mosque", 1, 1, 1), ("mosque", 0, 1, 1), ("shop", 1, 1, 0), ("shop", 0, 1, 0)], "do not go to"),
        ([("mosque", 1, 1, 1), ("shop", 1, 1, 0), ("shop", 0, 1, 0)], "single interview"),
        ([("mosque", 1, 1, 1), ("park", 1, 1, 0)], "1 people were asked at centres that are not declared"),
        ([("mosque", 1, -1, 1), ("mosque", 1, 1, 0)], "negative"),
        ([("mosque", 1, None, 1), ("mosque", 1, 1, 0)], "to_shop is empty in 1 rows"),
    ],
)
def test_answers_that_cannot_be_are_refused(rows, said):
    with pytest.raises(DataRefused, match=said):
        centres_weights(met(*rows), CentresDesign("centre", ATTENDS), unit="id")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"attends": {}}, "no centre"),
        ({"sizes": {"mosque": 60}}, "not given for the same centres"),
        ({"sizes": {"mosque": 60, "shop": 0}}, "numbers above zero"),
        ({"sizes": {"mosque": 60, "shop": 90}, "population": 100}, "say how many people there are"),
        ({"population": -1}, "numbers above zero"),
        ({"replicates": 1}, "tells no variance"),
    ],
)
def test_designs_that_cannot_be_are_errors(settings, said):
    with pytest.raises(ProjectError, match=said):
        CentresDesign(**{"centre": "centre", "attends": ATTENDS, **settings})


def test_known_sizes_have_no_popularity_to_tell():
    design = CentresDesign("centre", ATTENDS, sizes={"mosque": 60, "shop": 90})
    with pytest.raises(ProjectError, match="Sizes of centres are known"):
        centre_popularity(SIX, design)
