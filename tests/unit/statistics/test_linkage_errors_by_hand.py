"""What linkage adds to a figure, by hand."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from sojourn.statistics.linkage_errors import linkage_errors


def figures(cells, name="sex"):
    """Estimates of cells of one dimension."""
    size = len(cells)
    return pa.table(
        {
            name: pa.array(list(cells), pa.string()),
            "time_period": pa.array(["2024"] * size, pa.string()),
            "value": pa.array(list(cells.values()), pa.float64()),
            "contributors": pa.array([1] * size, pa.int64()),
            "variance": pa.nulls(size, pa.float64()),
            "degrees_of_freedom": pa.nulls(size, pa.int64()),
            "method": pa.array(["m"] * size, pa.string()),
        }
    )


def of(found, drawn, statistic="count", name="sex", **settings):
    made = linkage_errors(
        figures(found, name), [figures(one, name) for one in drawn],
        dimensions=[name], statistic=statistic, **settings,
    )  # fmt: skip
    return {row[name]: row for row in made.to_pylist()}


def test_versions_that_agree_with_the_figure_add_nothing():
    assert of({"F": 7}, [{"F": 7}, {"F": 7}])["F"]["error"] == 0


def test_what_versions_differ_by_is_their_standard_error_by_rubins_rules():
    found = of({"F": 10}, [{"F": 8}, {"F": 10}, {"F": 12}])["F"]
    # A variance of 4 between 3 versions: (1 + 1/3) x 4 = 5.333.
    assert found["standard_error"] == pytest.approx(math.sqrt(16 / 3))
    assert found["error"] == pytest.approx(math.sqrt(16 / 3))


def test_a_figure_beside_the_mean_of_the_versions_is_off_by_that_too():
    found = of({"F": 14}, [{"F": 8}, {"F": 10}, {"F": 12}])["F"]
    # The mean is 10, four less than the figure: the root of 16/3 + 16.
    assert found["mean"] == 10
    assert found["error"] == pytest.approx(math.sqrt(16 / 3 + 16))


def test_a_count_that_a_version_lacks_is_zero_there():
    found = of({"F": 1}, [{"F": 2}, {}])["F"]
    # The mean is 1; a variance of 2 between 2 versions: (1 + 1/2) x 2 = 3.
    assert found["error"] == pytest.approx(math.sqrt(3))


def test_of_a_mean_that_a_version_lacks_nothing_is_said():
    assert of({"F": 1}, [{"F": 2}, {}], statistic="mean")["F"]["error"] is None


def test_a_share_that_cannot_be_made_has_no_error():
    assert of({"F": 0.5}, [{"F": None}, {"F": 0.5}], statistic="share")["F"]["error"] is None


def test_the_error_of_net_migration_is_that_of_the_difference():
    drawn = [{"A": 11, "D": 6}, {"A": 9, "D": 4}]
    found = of({"A": 10, "D": 5}, drawn, name="direction", net=True)
    # Both sides move together: each has a variance of 2, their difference none.
    assert found["A"]["error"] == pytest.approx(math.sqrt(3))
    assert (found["NET"]["value"], found["NET"]["error"]) == (5, 0)


def test_a_direction_of_nobody_takes_nothing_from_net_migration():
    found = of({"A": 10}, [{"A": 11}, {"A": 9, "D": 1}], name="direction", net=True)
    # 11 and 8: a variance of 4.5 x 1.5, and the mean half a person below 10.
    assert found["NET"]["error"] == pytest.approx(math.sqrt(6.75 + 0.25))


def test_fewer_than_two_versions_are_refused():
    with pytest.raises(ValueError, match="at least two versions"):
        of({"F": 1}, [{"F": 1}])
